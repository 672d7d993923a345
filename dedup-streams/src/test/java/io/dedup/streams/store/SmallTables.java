// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import io.dedup.streams.internal.store.rocksdb.RocksShared;
import java.util.concurrent.ForkJoinPool;

/** RocksDB with tables so small that files are written all the time. */
public final class SmallTables {
    private static final RocksShared SHARED =
            new RocksShared(new RocksShared.Limits(1 << 20, 64 << 20, 1), 0, 5_000, ForkJoinPool.commonPool());

    private SmallTables() {}

    public static StoreEngine rocksDb() {
        return new StoreEngine(
                (name, retention, window) -> BucketedSupplier.onRocksDb(name, retention, window, SHARED));
    }
}
