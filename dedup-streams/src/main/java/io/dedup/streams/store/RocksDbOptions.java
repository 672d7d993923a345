// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import io.dedup.streams.internal.store.rocksdb.RocksResources;

/**
 * The resources that the RocksDB engine may take of a process. All stores that are made with equal options share it.
 *
 * @param cacheBytes how many bytes of files are kept in memory, outside of the heap; indexes and filters of the files are among them
 * @param writeBufferBytes how many bytes of firsts all stores may hold on the heap before they are written, but for 4 MB that each
 *     store may hold in any case
 * @param threads how many stores are written at a time, and of how many filters are made after a restart
 */
public record RocksDbOptions(long cacheBytes, long writeBufferBytes, int threads) {
    private static final long DEFAULT_CACHE_BYTES = 64L << 20;
    private static final long DEFAULT_WRITE_BUFFER_BYTES = 64L << 20;

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if one is negative, or there are no threads
     */
    public RocksDbOptions {
        if (cacheBytes < 0) {
            throw new IllegalArgumentException("cacheBytes must not be negative: " + cacheBytes);
        }
        if (writeBufferBytes < 0) {
            throw new IllegalArgumentException("writeBufferBytes must not be negative: " + writeBufferBytes);
        }
        if (threads < 1) {
            throw new IllegalArgumentException("threads must be at least 1: " + threads);
        }
    }

    /** A cache and a write buffer of 64 MB each, and a thread for every two processors. */
    public static RocksDbOptions defaults() {
        return new RocksDbOptions(
                DEFAULT_CACHE_BYTES,
                DEFAULT_WRITE_BUFFER_BYTES,
                Math.max(1, Runtime.getRuntime().availableProcessors() / 2));
    }

    RocksResources shared() {
        return RocksResources.ofThisProcess(new RocksResources.Limits(cacheBytes, writeBufferBytes, threads));
    }

    /** The same with that cache. */
    public RocksDbOptions withCacheBytes(long bytes) {
        return new RocksDbOptions(bytes, writeBufferBytes, threads);
    }

    /** The same with that write buffer. */
    public RocksDbOptions withWriteBufferBytes(long bytes) {
        return new RocksDbOptions(cacheBytes, bytes, threads);
    }

    /** The same with so many threads. */
    public RocksDbOptions withThreads(int number) {
        return new RocksDbOptions(cacheBytes, writeBufferBytes, number);
    }
}
