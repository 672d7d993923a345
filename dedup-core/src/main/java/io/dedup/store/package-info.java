// SPDX-License-Identifier: Apache-2.0
/**
 * Where operations with effects outside of Kafka are claimed, and their outcomes kept.
 *
 * <p>Start at {@link io.dedup.store.IdempotencyStore}; who only uses one starts at {@code io.dedup.handler}.
 */
@NullMarked
package io.dedup.store;

import org.jspecify.annotations.NullMarked;
