// SPDX-License-Identifier: Apache-2.0
/**
 * Idempotency keys for records on their way out.
 *
 * <p>Start at {@link io.dedup.producer.IdempotencyKeyInterceptor}.
 */
@NullMarked
package io.dedup.producer;

import org.jspecify.annotations.NullMarked;
