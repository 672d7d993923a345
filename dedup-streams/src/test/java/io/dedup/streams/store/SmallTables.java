// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import io.dedup.streams.internal.store.SegmentedWindowStoreSupplier;
import io.dedup.streams.internal.store.rocksdb.RocksResources;
import java.util.concurrent.ForkJoinPool;

/** RocksDB with tables so small that files are written all the time. */
public final class SmallTables {
    private static final RocksResources SHARED =
            new RocksResources(new RocksResources.Limits(1 << 20, 64 << 20, 1), 0, 5_000, ForkJoinPool.commonPool());

    private SmallTables() {}

    public static StoreEngine rocksDb() {
        return new StoreEngine(
                (name, retention, window) -> SegmentedWindowStoreSupplier.onRocksDb(name, retention, window, SHARED));
    }
}
