// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.rocksdb;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import org.rocksdb.Cache;
import org.rocksdb.LRUCache;
import org.rocksdb.RocksDB;

/**
 * The RocksDB resources that all stores of a process share, so that they do not grow with the number of tasks: the cache of
 * blocks, the room for firsts that are not on disk yet, the threads that write them, and those that read what filters need.
 *
 * <p>Thread-safe.
 */
public final class RocksResources {
    /** Sixteen parts with a lock each, for many threads; each has room for the blocks of 4 KB that there are. */
    private static final int SHARD_BITS = 4;

    private static final long MIN_RECENT_BYTES = 1L << 20;
    private static final long MAX_RECENT_BYTES = 16L << 20;
    /** One share takes what comes while others are being written, and one has been written. */
    private static final int SHARES_OF_A_STORE = 2 + RocksSegments.MAX_WAITING;

    private static final Map<Limits, RocksResources> OF_THIS_PROCESS = new ConcurrentHashMap<>();

    /**
     * What they may take together.
     *
     * @param cacheBytes how many bytes of files are kept in memory
     * @param recentBytes how many bytes of firsts all stores may hold that came lately, if they do not get less than the least
     * @param threads how many stores are written at a time
     */
    public record Limits(long cacheBytes, long recentBytes, int threads) {}

    private final long recentBytes;
    private final long leastBytes;
    private final long mostBytes;
    private final int threads;
    private final Executor writer;
    private final Executor reader;
    private final Executor deleter;
    private final Cache cache;
    private final AtomicInteger openStores = new AtomicInteger();

    /** That of all stores in this process that have these limits. */
    public static RocksResources ofThisProcess(Limits limits) {
        return OF_THIS_PROCESS.computeIfAbsent(
                limits,
                unseen -> new RocksResources(
                        limits,
                        MIN_RECENT_BYTES,
                        MAX_RECENT_BYTES,
                        Executors.newFixedThreadPool(limits.threads(), daemon("dedup-rocksdb-writer"))));
    }

    /**
     * One of its own.
     *
     * @param leastBytes how many bytes of firsts a store may hold at least before they are written
     * @param mostBytes how many at most
     * @param writer what writes to disk
     */
    public RocksResources(Limits limits, long leastBytes, long mostBytes, Executor writer) {
        RocksDB.loadLibrary();
        this.recentBytes = limits.recentBytes();
        this.leastBytes = leastBytes;
        this.mostBytes = mostBytes;
        this.threads = limits.threads();
        this.writer = writer;
        this.reader = Executors.newFixedThreadPool(threads, daemon("dedup-rocksdb-reader"));
        this.deleter = Executors.newSingleThreadExecutor(daemon("dedup-rocksdb-deleter"));
        this.cache = new LRUCache(limits.cacheBytes(), SHARD_BITS);
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

    /** What writes to disk. What a store writes it has to put one after another itself. */
    Executor writer() {
        return writer;
    }

    /** What reads whole files. */
    Executor reader() {
        return reader;
    }

    /** What deletes files, so that a store that closes need not wait for those that read. */
    Executor deleter() {
        return deleter;
    }

    /** How many stores are written at a time. */
    int threads() {
        return threads;
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
        long share = recentBytes / SHARES_OF_A_STORE / Math.max(1, openStores.get());
        return Math.max(leastBytes, Math.min(mostBytes, share));
    }
}
