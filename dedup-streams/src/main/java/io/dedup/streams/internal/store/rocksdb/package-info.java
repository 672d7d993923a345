// SPDX-License-Identifier: Apache-2.0
/** The engine on local disk. Start at {@link io.dedup.streams.internal.store.rocksdb.RocksSegments}. */
@NullMarked
package io.dedup.streams.internal.store.rocksdb;

import org.jspecify.annotations.NullMarked;
