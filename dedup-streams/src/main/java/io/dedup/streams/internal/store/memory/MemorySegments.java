// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.memory;

import io.dedup.streams.internal.store.engine.Dictionary;
import io.dedup.streams.internal.store.engine.LocalFiles;
import io.dedup.streams.internal.store.engine.Segments;
import io.dedup.streams.internal.store.engine.WindowName;
import io.dedup.streams.internal.store.table.Budget;
import io.dedup.streams.internal.store.table.CompactTable;
import io.dedup.streams.internal.store.table.KeyHash;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeSet;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.utils.Bytes;
import org.jspecify.annotations.Nullable;

/** Segments on the heap, each a {@link CompactTable}. */
public final class MemorySegments implements Segments {
    private final long width;
    private final boolean wholeKeys;
    private final Budget budget;
    private final List<Segment> segments = new ArrayList<>();
    private final NavigableSet<Long> starts = new TreeSet<>();
    private long lastStart = Long.MIN_VALUE;
    private byte @Nullable [] description;

    /** The table of the windows from that start on, and before the other. */
    private record Segment(long from, long to, CompactTable table) {}

    /**
     * No segments yet.
     *
     * @param width of a segment in milliseconds
     */
    public MemorySegments(long width, boolean wholeKeys, Budget budget) {
        this.width = width;
        this.wholeKeys = wholeKeys;
        this.budget = budget;
    }

    @Override
    public void open(LocalFiles files, Dictionary places) {
        close();
    }

    @Override
    public int prefetch(KeyHash hash, long start) {
        Segment segment = segmentOf(start);
        return segment == null ? 0 : segment.table().prefetch(hash);
    }

    @Override
    public int prefetchMiss(KeyHash hash, long start) {
        Segment segment = segmentOf(start);
        return segment == null ? 0 : segment.table().prefetchMiss(hash);
    }

    @Override
    public byte @Nullable [] get(KeyHash hash, Bytes key, long start) {
        Segment segment = segmentOf(start);
        return segment == null ? null : segment.table().get(hash, name(key, start));
    }

    @Override
    public void put(KeyHash hash, Bytes key, long start, byte[] entry, int length) {
        Segment segment = segmentOf(start);
        if (segment == null) {
            long from = Math.floorDiv(start, width) * width;
            segment = new Segment(from, from + width, new CompactTable(wholeKeys, budget));
            segments.add(segment);
        }
        segment.table().put(hash, name(key, start), entry, length);
        if (start != lastStart) {
            starts.add(start);
            lastStart = start;
        }
    }

    private @Nullable Segment segmentOf(long start) {
        // There are a handful, and the newest is asked for most.
        for (int i = segments.size() - 1; i >= 0; i--) {
            Segment segment = segments.get(i);
            if (start >= segment.from() && start < segment.to()) {
                return segment;
            }
        }
        return null;
    }

    private byte[] name(Bytes key, long start) {
        return wholeKeys ? WindowName.of(key, start) : key.get();
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
    public void dropBefore(long start) {
        boolean dropped = segments.removeIf(segment -> {
            if (segment.to() > start) {
                return false;
            }
            segment.table().clear();
            return true;
        });
        if (dropped) {
            starts.removeIf(one -> segmentOf(one) == null);
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
        return segments.stream().mapToLong(segment -> segment.table().bytes()).sum();
    }

    @Override
    public long diskBytes() {
        return 0;
    }

    @Override
    public void close() {
        segments.forEach(segment -> segment.table().clear());
        segments.clear();
        starts.clear();
        lastStart = Long.MIN_VALUE;
        description = null;
    }
}
