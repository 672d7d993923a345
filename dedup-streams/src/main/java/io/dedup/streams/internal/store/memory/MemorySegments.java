// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.memory;

import io.dedup.streams.internal.store.engine.LocalFiles;
import io.dedup.streams.internal.store.engine.Segments;
import io.dedup.streams.internal.store.engine.SegmentsByTime;
import io.dedup.streams.internal.store.format.Dictionary;
import io.dedup.streams.internal.store.format.WindowedKey;
import io.dedup.streams.internal.store.table.CompactTable;
import io.dedup.streams.internal.store.table.KeyHash;
import io.dedup.streams.internal.store.table.MemoryBudget;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeSet;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.utils.Bytes;
import org.jspecify.annotations.Nullable;

/** Segments on the heap, each a {@link CompactTable}. */
public final class MemorySegments implements Segments {
    private final boolean wholeKeys;
    private final MemoryBudget budget;
    private final SegmentsByTime<Segment> segments;
    private final NavigableSet<Long> starts = new TreeSet<>();
    private long lastStart = Long.MIN_VALUE;
    private byte @Nullable [] description;

    /** The table of the windows of a stretch. */
    private static final class Segment extends SegmentsByTime.TimeRange {
        private final CompactTable table;

        Segment(SegmentsByTime.Bounds bounds, CompactTable table) {
            super(bounds, Long.MIN_VALUE);
            this.table = table;
        }
    }

    /**
     * No segments yet.
     *
     * @param width of a segment in milliseconds
     */
    public MemorySegments(long width, boolean wholeKeys, MemoryBudget budget) {
        this.segments = new SegmentsByTime<>(width);
        this.wholeKeys = wholeKeys;
        this.budget = budget;
    }

    @Override
    public void open(LocalFiles files, Dictionary places) {
        close();
    }

    @Override
    public int prefetch(KeyHash hash, long start) {
        Segment segment = segments.at(start);
        return segment == null ? 0 : segment.table.prefetch(hash);
    }

    @Override
    public int prefetchMiss(KeyHash hash, long start) {
        Segment segment = segments.at(start);
        return segment == null ? 0 : segment.table.prefetchMiss(hash);
    }

    @Override
    public byte @Nullable [] get(KeyHash hash, Bytes key, long start) {
        Segment segment = segments.at(start);
        return segment == null ? null : segment.table.get(hash, name(key, start));
    }

    @Override
    public void put(KeyHash hash, Bytes key, long start, byte[] entry, int length, long neededUntil) {
        Segment segment = segments.at(start);
        if (segment == null) {
            segment = new Segment(segments.free(start), new CompactTable(wholeKeys, budget));
            segments.add(segment);
        }
        segment.table.put(hash, name(key, start), entry, length);
        segment.need(neededUntil);
        if (start != lastStart) {
            starts.add(start);
            lastStart = start;
        }
    }

    private byte[] name(Bytes key, long start) {
        return wholeKeys ? WindowedKey.of(key, start) : key.get();
    }

    @Override
    public NavigableSet<Long> starts() {
        return starts;
    }

    @Override
    public void describe(byte[] metadata) {
        description = metadata;
    }

    @Override
    public byte @Nullable [] description() {
        return description;
    }

    @Override
    public void dropUnneeded(long time) {
        for (Segment dropped : segments.removeUnneeded(time)) {
            dropped.table.clear();
            starts.subSet(dropped.from(), dropped.to()).clear();
            lastStart = Long.MIN_VALUE;
        }
    }

    @Override
    public boolean isPersistent() {
        return false;
    }

    @Override
    public void committed(Map<TopicPartition, Long> offsets) {
        // Nothing outlasts the process: the changelog is read from its beginning.
    }

    @Override
    public @Nullable Long committedOffset(TopicPartition partition) {
        return null;
    }

    @Override
    public void flush() {
        // Nothing outlasts the process.
    }

    @Override
    public void closeWithoutWriting() {
        close();
    }

    @Override
    public long bytes() {
        return segments.all().stream()
                .mapToLong(segment -> segment.table.bytes())
                .sum();
    }

    @Override
    public long diskBytes() {
        return 0;
    }

    @Override
    public void close() {
        segments.all().forEach(segment -> segment.table.clear());
        segments.clear();
        starts.clear();
        lastStart = Long.MIN_VALUE;
        description = null;
    }
}
