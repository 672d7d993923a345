// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.rocksdb;

import io.dedup.streams.internal.store.engine.SegmentsByTime;
import io.dedup.streams.internal.store.format.WindowedKey;
import io.dedup.streams.internal.store.table.CompactTable;
import io.dedup.streams.internal.store.table.KeyHash;
import io.dedup.streams.internal.store.table.MemoryBudget;
import io.dedup.streams.internal.store.table.ScalableBloomFilter;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.utils.Bytes;
import org.jspecify.annotations.Nullable;

/**
 * The windows of one stretch of time: what has been put lately in tables, everything else in a column family, and a filter
 * that answers for all of it.
 *
 * <p>Used with the lock of the store, but for what the writer does: {@link RocksFiles} says which.
 */
final class RocksSegment extends SegmentsByTime.TimeRange {
    private final RocksFiles files;
    /** Not written yet, or lately, the newest last; all but the newest do not change any more. */
    private final List<CompactTable> recent = new ArrayList<>();

    private final ScalableBloomFilter filter;
    /** Whether the filter has not been told yet of what was on disk when the store was opened. */
    private boolean filterIsPartial;

    /**
     * A segment.
     *
     * @param expected how many keys are expected
     * @param neededUntil of what is in the files
     */
    RocksSegment(SegmentsByTime.Bounds bounds, RocksFiles files, long expected, long neededUntil) {
        super(bounds, neededUntil);
        this.files = files;
        this.filter = new ScalableBloomFilter(expected);
        this.filterIsPartial = files.exist();
    }

    RocksFiles files() {
        return files;
    }

    int prefetch(KeyHash hash) {
        int read = prefetchMiss(hash);
        return recent.isEmpty() ? read : read + recent.get(recent.size() - 1).prefetch(hash);
    }

    int prefetchMiss(KeyHash hash) {
        return filter.prefetch(hash);
    }

    byte @Nullable [] get(KeyHash hash, Bytes key, long start) {
        if (!filterIsPartial && !filter.mayHave(hash)) {
            return null;
        }
        byte[] name = WindowedKey.of(key, start);
        for (int i = recent.size() - 1; i >= 0; i--) {
            byte[] entry = recent.get(i).get(hash, name);
            if (entry != null) {
                return entry;
            }
        }
        return filterIsPartial ? files.getRare(name) : files.get(name);
    }

    /** Returns how many bytes more are taken by what is not frozen. */
    long put(KeyHash hash, Bytes key, long start, byte[] entry, int length, long neededUntil) {
        need(neededUntil);
        if (recent.isEmpty()) {
            recent.add(new CompactTable(true, MemoryBudget.unbounded()));
        }
        CompactTable newest = recent.get(recent.size() - 1);
        long keysBefore = newest.size();
        long bytesBefore = newest.bytes();
        newest.put(hash, WindowedKey.of(key, start), entry, length);
        if (newest.size() > keysBefore) {
            filter.add(hash);
        }
        return newest.bytes() - bytesBefore;
    }

    /** Lets nothing more be added to what is there, and returns it; null if there is nothing. */
    @Nullable
    CompactTable freeze() {
        if (recent.isEmpty() || recent.get(recent.size() - 1).size() == 0) {
            return null;
        }
        CompactTable frozen = recent.get(recent.size() - 1);
        recent.add(frozen.another());
        return frozen;
    }

    /** Forgets what is in the files. */
    void forget(CompactTable table) {
        recent.removeIf(held -> held == table);
    }

    /** Makes the filter whole with what was on disk when the store was opened. */
    void complete(ScalableBloomFilter onDisk) {
        filter.addAll(onDisk);
        filterIsPartial = false;
    }

    boolean filterIsPartial() {
        return filterIsPartial;
    }

    long keys() {
        return filter.keys();
    }

    long bytes() {
        return filter.bytes() + recent.stream().mapToLong(CompactTable::bytes).sum();
    }
}
