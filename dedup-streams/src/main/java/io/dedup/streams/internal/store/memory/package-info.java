// SPDX-License-Identifier: Apache-2.0
/** The engine on the heap. Start at {@link io.dedup.streams.internal.store.memory.MemorySegments}. */
@NullMarked
package io.dedup.streams.internal.store.memory;

import org.jspecify.annotations.NullMarked;
