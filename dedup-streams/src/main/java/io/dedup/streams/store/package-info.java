// SPDX-License-Identifier: Apache-2.0
/**
 * The engines that a store of seen records can stand on, and how much room they take.
 *
 * <p>Start at {@link io.dedup.streams.store.StoreEngine}.
 */
@NullMarked
package io.dedup.streams.store;

import org.jspecify.annotations.NullMarked;
