// SPDX-License-Identifier: Apache-2.0
/**
 * A store in the memory of one process.
 *
 * <p>Start at {@link io.dedup.store.memory.MemoryIdempotencyStore#holding}.
 */
@NullMarked
package io.dedup.store.memory;

import org.jspecify.annotations.NullMarked;
