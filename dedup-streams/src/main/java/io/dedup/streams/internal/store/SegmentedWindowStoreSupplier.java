// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store;

import io.dedup.streams.internal.store.engine.Segments;
import io.dedup.streams.internal.store.rocksdb.RocksResources;
import io.dedup.streams.internal.store.rocksdb.RocksSegments;
import java.security.SecureRandom;
import java.time.Duration;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.WindowBytesStoreSupplier;
import org.apache.kafka.streams.state.WindowStore;

/**
 * Supplies {@link SegmentedWindowStore}s.
 *
 * @param segments makes the segments of a store
 */
public record SegmentedWindowStoreSupplier(
        String name, Duration retention, Duration window, String metricsScope, MakeSegments segments)
        implements WindowBytesStoreSupplier {
    /** Makes the segments of a store. */
    @FunctionalInterface
    public interface MakeSegments {
        /**
         * Makes them.
         *
         * @param width of a segment in milliseconds
         * @param seed of the hashes that are asked with
         */
        Segments make(long width, long seed);
    }

    private static final SecureRandom RANDOM = new SecureRandom();
    /** However narrow windows are, there are no more segments than that. */
    private static final long MAX_SEGMENTS = 32;

    /** Supplies stores that hold what they hold with RocksDB. */
    public static SegmentedWindowStoreSupplier onRocksDb(
            String name, Duration retention, Duration window, RocksResources shared) {
        return new SegmentedWindowStoreSupplier(
                name,
                retention,
                window,
                "dedup-rocksdb",
                (width, seed) -> new RocksSegments(name, width, seed, shared));
    }

    @Override
    public WindowStore<Bytes, byte[]> get() {
        long seed = RANDOM.nextLong();
        return new SegmentedWindowStore(name, windowSize(), segments.make(segmentIntervalMs(), seed), seed);
    }

    @Override
    public long segmentIntervalMs() {
        return Math.max(windowSize(), retentionPeriod() / MAX_SEGMENTS);
    }

    @Override
    public long windowSize() {
        return window.toMillis();
    }

    @Override
    public long retentionPeriod() {
        return retention.toMillis();
    }

    @Override
    public boolean retainDuplicates() {
        return false;
    }
}
