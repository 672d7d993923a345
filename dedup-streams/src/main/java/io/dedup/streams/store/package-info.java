// SPDX-License-Identifier: Apache-2.0
/**
 * The windowed store that remembers firsts, and what can stand behind it.
 *
 * <p>Start at {@link io.dedup.streams.internal.store.SeenStore}, which asks and remembers; a new engine is one {@link
 * io.dedup.streams.store.StoreEngine}.
 */
@NullMarked
package io.dedup.streams.store;

import org.jspecify.annotations.NullMarked;
