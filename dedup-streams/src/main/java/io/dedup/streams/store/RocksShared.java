// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.rocksdb.Cache;
import org.rocksdb.LRUCache;
import org.rocksdb.RocksDB;

/**
 * What all stores of a process share, so that what they take does not grow with the number of tasks: the cache of blocks,
 * the room for firsts that are not on disk yet, and the thread that writes them.
 *
 * <p>Thread-safe.
 */
final class RocksShared {
    private static final long CACHE_BYTES = 64L << 20;
    /** How many bytes of firsts all stores may hold before they are written. */
    private static final long RECENT_BYTES = 64L << 20;

    private static final long LEAST_RECENT_BYTES = 1L << 20;
    private static final long MOST_RECENT_BYTES = 16L << 20;

    private static final RocksShared OF_THIS_PROCESS = new RocksShared();

    private final Cache cache;
    private final ExecutorService writer;
    private int openStores;

    /** That of all stores in this process. */
    static RocksShared ofThisProcess() {
        return OF_THIS_PROCESS;
    }

    private RocksShared() {
        RocksDB.loadLibrary();
        this.cache = new LRUCache(CACHE_BYTES);
        this.writer = Executors.newSingleThreadExecutor(work -> {
            Thread thread = new Thread(work, "dedup-rocksdb-writer");
            thread.setDaemon(true);
            return thread;
        });
    }

    /** The cache of blocks. */
    Cache cache() {
        return cache;
    }

    /** What writes to disk, one thing after another. */
    ExecutorService writer() {
        return writer;
    }

    /** Counts one more store, and returns what {@link #recentBytes} does. */
    synchronized long opened() {
        openStores++;
        return recentBytes();
    }

    synchronized void closed() {
        openStores--;
    }

    /** How many bytes of firsts a store may hold before they are written. */
    synchronized long recentBytes() {
        // Half of what there is: while one half is being written, the other fills.
        long share = RECENT_BYTES / 2 / Math.max(1, openStores);
        return Math.max(LEAST_RECENT_BYTES, Math.min(MOST_RECENT_BYTES, share));
    }
}
