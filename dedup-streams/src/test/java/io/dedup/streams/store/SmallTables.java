// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import java.util.concurrent.ForkJoinPool;

/** RocksDB with tables so small that files are written all the time. */
public final class SmallTables {
    private static final RocksShared SHARED =
            new RocksShared(RocksDbOptions.defaults().withCacheBytes(1 << 20), 0, 5_000, ForkJoinPool.commonPool());

    private SmallTables() {}

    public static StoreEngine rocksDb() {
        return (name, retention, window) -> BucketedSupplier.onRocksDb(name, retention, window, SHARED);
    }
}
