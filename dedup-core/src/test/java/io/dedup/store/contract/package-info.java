// SPDX-License-Identifier: Apache-2.0
/**
 * What every {@link io.dedup.store.IdempotencyStore} has to hold, as tests.
 *
 * <p>Start at {@link io.dedup.store.contract.AbstractIdempotencyStoreTest}: a class that extends it and opens the store is a
 * complete test of it.
 */
@NullMarked
package io.dedup.store.contract;

import org.jspecify.annotations.NullMarked;
