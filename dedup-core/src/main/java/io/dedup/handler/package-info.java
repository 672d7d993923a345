// SPDX-License-Identifier: Apache-2.0
/**
 * Runs operations with effects outside of Kafka once for each idempotency key.
 *
 * <p>Start at {@link io.dedup.handler.IdempotentHandler#on}.
 */
@NullMarked
package io.dedup.handler;

import org.jspecify.annotations.NullMarked;
