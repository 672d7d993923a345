// SPDX-License-Identifier: Apache-2.0
/**
 * The store of seen records, on top of an engine, and its changelog. It is not part of the API.
 *
 * <p>Start at {@link io.dedup.streams.internal.store.SeenStore}.
 */
@NullMarked
package io.dedup.streams.internal.store;

import org.jspecify.annotations.NullMarked;
