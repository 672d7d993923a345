// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import org.rocksdb.Cache;
import org.rocksdb.LRUCache;
import org.rocksdb.RocksDB;

/**
 * What all stores of a process share, so that what they take does not grow with the number of tasks: the cache of blocks,
 * the room for firsts that are not on disk yet, the thread that writes them, and the one that reads what filters need.
 *
 * <p>Thread-safe.
 */
final class RocksShared {
    private static final long CACHE_BYTES = 64L << 20;
    /** One part: the filter of a large file is one block, and a cache in many parts would have no room for it in any of them. */
    private static final int SHARD_BITS = 0;

    /** What says where to look is not to be driven out by what was looked at. */
    private static final double PART_FOR_INDEXES_AND_FILTERS = 0.5;

    /** How many bytes of firsts all stores may hold that came lately, if they do not get less than the least. */
    private static final long RECENT_BYTES = 64L << 20;

    private static final long LEAST_RECENT_BYTES = 1L << 20;
    private static final long MOST_RECENT_BYTES = 16L << 20;
    /** One share takes what comes while others are being written, and one has been written. */
    private static final int SHARES_OF_A_STORE = 2 + RocksSegments.MOST_WAITING;

    private static final RocksShared OF_THIS_PROCESS = new RocksShared(
            CACHE_BYTES,
            LEAST_RECENT_BYTES,
            MOST_RECENT_BYTES,
            Executors.newSingleThreadExecutor(daemon("dedup-rocksdb-writer")));

    private final long leastBytes;
    private final long mostBytes;
    private final Executor writer;
    private final Executor reader = Executors.newSingleThreadExecutor(daemon("dedup-rocksdb-reader"));
    private final Cache cache;
    private final AtomicInteger openStores = new AtomicInteger();

    /** That of all stores in this process. */
    static RocksShared ofThisProcess() {
        return OF_THIS_PROCESS;
    }

    /**
     * One of its own.
     *
     * @param cacheBytes how many bytes of files are kept in memory
     * @param leastBytes how many bytes of firsts a store may hold at least before they are written
     * @param mostBytes how many at most
     * @param writer what writes to disk, one thing after another
     */
    RocksShared(long cacheBytes, long leastBytes, long mostBytes, Executor writer) {
        RocksDB.loadLibrary();
        this.leastBytes = leastBytes;
        this.mostBytes = mostBytes;
        this.writer = writer;
        this.cache = new LRUCache(cacheBytes, SHARD_BITS, false, PART_FOR_INDEXES_AND_FILTERS);
    }

    private static ThreadFactory daemon(String name) {
        return work -> {
            Thread thread = new Thread(work, name);
            thread.setDaemon(true);
            return thread;
        };
    }

    /** The cache of blocks. */
    Cache cache() {
        return cache;
    }

    /** What writes to disk, one thing after another. */
    Executor writer() {
        return writer;
    }

    /** What reads whole files, one after another. */
    Executor reader() {
        return reader;
    }

    /** Counts one more store. */
    void opened() {
        openStores.incrementAndGet();
    }

    void closed() {
        openStores.decrementAndGet();
    }

    /** How many bytes of firsts a store may hold before they are written: less when more stores are open. */
    long recentBytes() {
        long share = RECENT_BYTES / SHARES_OF_A_STORE / Math.max(1, openStores.get());
        return Math.max(leastBytes, Math.min(mostBytes, share));
    }
}
