// SPDX-License-Identifier: Apache-2.0
/**
 * Tables and filters in plain arrays, which the garbage collector does not look into. Start at {@link
 * io.dedup.streams.internal.store.table.CompactTable}.
 */
@NullMarked
package io.dedup.streams.internal.store.table;

import org.jspecify.annotations.NullMarked;
