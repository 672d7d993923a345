// SPDX-License-Identifier: Apache-2.0
/**
 * Plain consumers whose records are handled once for each idempotency key.
 *
 * <p>Start at {@link io.dedup.consumer.IdempotentConsumer#subscribing}.
 */
@NullMarked
package io.dedup.consumer;

import org.jspecify.annotations.NullMarked;
