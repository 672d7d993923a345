// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.rocksdb;

import io.dedup.streams.internal.store.engine.LocalFiles;
import io.dedup.streams.internal.store.engine.Segments;
import io.dedup.streams.internal.store.engine.SegmentsByTime;
import io.dedup.streams.internal.store.format.Dictionary;
import io.dedup.streams.internal.store.table.CompactTable;
import io.dedup.streams.internal.store.table.KeyHash;
import io.dedup.streams.internal.store.table.ScalableBloomFilter;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Objects;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.errors.ProcessorStateException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Segments on local disk. What is put is held in tables; when these are large enough they are all frozen together and
 * written by another thread, while new ones take what comes. After that is written down up to which offset of the changelog
 * everything is on disk: the one that was committed last before the tables were frozen. Once something could not be
 * written, nothing is any more, and the next call throws.
 *
 * <p>After a restart the filter of a segment is rebuilt by a third thread when the segment is first asked; until then
 * RocksDB is.
 */
public final class RocksSegments implements Segments {
    private static final Logger LOGGER = LoggerFactory.getLogger(RocksSegments.class);

    /** How many generations of tables may wait to be written before the stream thread waits for them. */
    static final int MAX_WAITING = 2;
    /** A filter is not made for more keys than that before they have come. */
    private static final long MAX_EXPECTED = 4L << 20;
    /** A filter has room for so large a part more than there were lately: if it is too small by one key, it becomes twice as large. */
    private static final int SPARE_PART = 4;

    private final String name;
    private final long seed;
    private final RocksResources shared;
    private final SegmentsByTime<RocksSegment> segments;
    private final NavigableSet<Long> starts = new TreeSet<>();
    private final Deque<Generation> waiting = new ArrayDeque<>();
    /** Those whose files are being deleted, or have been. */
    private final List<RocksSegment> deleted = new ArrayList<>();
    /** The deleting of all of them. */
    private CompletableFuture<Void> deleting = CompletableFuture.completedFuture(null);
    /**
     * What was written last is held until more has been: most duplicates are of keys that came lately, and for these RocksDB would
     * be asked.
     */
    private @Nullable Generation writtenLast;

    private final Map<RocksSegment, CompletableFuture<@Nullable ScalableBloomFilter>> filters = new HashMap<>();
    private final Map<TopicPartition, Long> committed = new HashMap<>();
    private @Nullable RocksDatabase database;
    private @Nullable Dictionary places;
    private byte @Nullable [] description;
    private long lastStart = Long.MIN_VALUE;
    /** How much is held in tables that are not frozen. */
    private long heldBytes;
    /** The writing of everything that has been frozen. */
    private CompletableFuture<Void> written = CompletableFuture.completedFuture(null);
    /** Whether there were files, of no use, and nothing has been put since: no offset says what is here. */
    private boolean emptied;
    /**
     * Whether tables are being changed: if that was not finished, something may be in none that is written, and then no offset may
     * stand for it.
     */
    private boolean isChanging;

    /** A table that is to be written, or has been. */
    private record Frozen(RocksSegment segment, CompactTable table, long neededUntil) {}

    /** Tables that were frozen together, the oldest segment first, and the writing of them and all before. */
    private record Generation(List<Frozen> tables, CompletableFuture<Void> written) {}

    /**
     * No segments yet.
     *
     * @param width of a segment in milliseconds
     * @param seed of the hashes that are asked with
     */
    public RocksSegments(String name, long width, long seed, RocksResources shared) {
        this.name = name;
        this.segments = new SegmentsByTime<>(width);
        this.seed = seed;
        this.shared = shared;
    }

    @Override
    public void open(LocalFiles files, Dictionary newPlaces) {
        close();
        RocksDatabase opened = RocksDatabase.open(name, files, shared);
        database = opened;
        shared.opened();
        try {
            readFrom(opened, newPlaces);
        } catch (RuntimeException failed) {
            abandon(opened);
            throw failed;
        }
    }

    private void readFrom(RocksDatabase opened, Dictionary newPlaces) {
        emptied = opened.wasEmptied();
        places = newPlaces;
        opened.readPlaces(newPlaces);
        description = opened.metadata();
        committed.putAll(opened.offsets());
        for (SegmentsByTime.Bounds bounds : opened.segments()) {
            RocksFiles files = opened.files(bounds);
            RocksSegment segment = new RocksSegment(bounds, files, 0, opened.neededUntil(files));
            segments.add(segment);
            starts.addAll(segment.files().starts());
        }
    }

    private RocksDatabase database() {
        if (database == null) {
            throw new IllegalStateException("The store " + name + " is not open");
        }
        return database;
    }

    @Override
    public int prefetch(KeyHash hash, long start) {
        RocksSegment segment = segments.at(start);
        return segment == null ? 0 : segment.prefetch(hash);
    }

    @Override
    public int prefetchMiss(KeyHash hash, long start) {
        RocksSegment segment = segments.at(start);
        return segment == null ? 0 : segment.prefetchMiss(hash);
    }

    @Override
    public byte @Nullable [] get(KeyHash hash, Bytes key, long start) {
        RocksSegment segment = segments.at(start);
        if (segment == null) {
            return null;
        }
        if (segment.filterIsPartial()) {
            completeFilter(segment);
        }
        return segment.get(hash, key, start);
    }

    private void completeFilter(RocksSegment segment) {
        CompletableFuture<@Nullable ScalableBloomFilter> filter = filters.computeIfAbsent(
                segment, one -> CompletableFuture.supplyAsync(() -> one.files().filter(seed), shared.reader()));
        if (filter.isDone()) {
            filters.remove(segment);
            ScalableBloomFilter onDisk = await(filter);
            if (onDisk != null) {
                segment.complete(onDisk);
            }
        }
    }

    @Override
    public void put(KeyHash hash, Bytes key, long start, byte[] entry, int length, long neededUntil) {
        emptied = false;
        RocksSegment segment = segments.at(start);
        if (segment == null) {
            segment = make(segments.free(start));
        }
        isChanging = true;
        heldBytes += segment.put(hash, key, start, entry, length, neededUntil);
        isChanging = false;
        if (start != lastStart) {
            starts.add(start);
            lastStart = start;
        }
        if (heldBytes >= shared.recentBytes()) {
            freeze();
        }
    }

    private RocksSegment make(SegmentsByTime.Bounds bounds) {
        RocksSegment latest = segments.latest();
        // Somewhat more than there were lately; but a segment in the past is for what comes late.
        long expected = latest != null && latest.from() < bounds.from()
                ? Math.min(latest.keys() + latest.keys() / SPARE_PART, MAX_EXPECTED)
                : 0;
        RocksSegment segment = new RocksSegment(bounds, database().files(bounds), expected, Long.MIN_VALUE);
        segments.add(segment);
        return segment;
    }

    /** Has everything written that is held in tables. */
    private void freeze() {
        reap(MAX_WAITING - 1);
        isChanging = true;
        List<Frozen> tables = new ArrayList<>();
        for (RocksSegment segment : segments.all()) {
            CompactTable table = segment.freeze();
            if (table != null) {
                tables.add(new Frozen(segment, table, segment.neededUntil()));
            }
        }
        RocksDatabase target = database();
        byte[] knownPlaces = places == null ? new byte[0] : places.encode();
        byte[] metadata = description;
        Map<TopicPartition, Long> offsets = Map.copyOf(committed);
        // After what failed before, this fails too: an offset stands for all that was put until then.
        written = written.thenRunAsync(
                () -> {
                    // Before the entries, what these refer to, and until when they are needed; after them, the offsets
                    // and the
                    // metadata that stand for them.
                    target.writePlaces(knownPlaces);
                    tables.forEach(frozen -> write(target, frozen));
                    target.writeMetadata(metadata);
                    target.writeOffsets(offsets);
                },
                shared.writer());
        waiting.add(new Generation(tables, written));
        heldBytes = 0;
        isChanging = false;
    }

    private static void write(RocksDatabase target, Frozen frozen) {
        target.writeNeededUntil(frozen.segment().files(), frozen.neededUntil());
        frozen.segment().files().write(frozen.table());
    }

    /** Forgets tables that have been written, but not the last, and waits for some if there are more than so many that have not. */
    private void reap(int mostLeft) {
        while (!waiting.isEmpty()
                && (waiting.size() > mostLeft || waiting.getFirst().written().isDone())) {
            Generation oldest = waiting.getFirst();
            await(oldest.written());
            waiting.removeFirst();
            forgetWrittenLast();
            writtenLast = oldest;
        }
    }

    /** Does not keep what was dropped, nor the tables that were written. */
    private void forgetWrittenLast() {
        if (writtenLast != null) {
            writtenLast.tables().forEach(frozen -> frozen.segment().forget(frozen.table()));
            writtenLast = null;
        }
    }

    private <T> T await(CompletableFuture<T> result) {
        try {
            return result.join();
        } catch (CompletionException failed) {
            Throwable cause = failed.getCause();
            throw new ProcessorStateException("The store " + name + " could not use its files", cause);
        }
    }

    @Override
    public NavigableSet<Long> starts() {
        return starts;
    }

    @Override
    public void describe(byte[] metadata) {
        emptied = false;
        description = metadata;
    }

    @Override
    public byte @Nullable [] description() {
        return description;
    }

    @Override
    public void dropUnneeded(long time) {
        List<RocksSegment> dropped = segments.removeUnneeded(time);
        if (dropped.isEmpty()) {
            return;
        }
        if (deleting.isDone()) {
            deleted.clear();
        }
        for (RocksSegment segment : dropped) {
            filters.remove(segment);
            starts.subSet(segment.from(), segment.to()).clear();
            segment.files().abandon();
            // Not here: a stream thread would wait for gigabytes to be deleted, and the readers of the store with it.
            deleted.add(segment);
            deleting = deleting.thenRunAsync(() -> drop(segment), shared.deleter());
        }
        lastStart = Long.MIN_VALUE;
        reap(MAX_WAITING);
        forgetWrittenLast();
    }

    private void drop(RocksSegment segment) {
        try {
            segment.files().drop();
        } catch (ProcessorStateException failed) {
            // Nothing of them is needed, and they are dropped at the next start.
            LOGGER.warn("Old files of the store {} could not be deleted", name, failed);
        }
    }

    @Override
    public boolean isPersistent() {
        return true;
    }

    @Override
    public void committed(Map<TopicPartition, Long> offsets) {
        if (emptied) {
            // Of files that are not here any more.
            return;
        }
        boolean forgotten = offsets.isEmpty() || offsets.values().stream().anyMatch(Objects::isNull);
        // As of files that an older Kafka Streams has kept the offset of, and hands over now.
        boolean handedOver = committed.isEmpty() && heldBytes == 0 && waiting.isEmpty();
        if (offsets.isEmpty()) {
            committed.clear();
        }
        offsets.forEach((partition, offset) -> {
            if (offset == null) {
                committed.remove(partition);
            } else {
                committed.put(partition, offset);
            }
        });
        if (handedOver) {
            database().writeMetadata(description);
            database().writeOffsets(committed);
        } else if (forgotten) {
            // What is being written would write down what is to be forgotten.
            reap(0);
            database().writeOffsets(committed);
        }
        reap(MAX_WAITING);
    }

    @Override
    public @Nullable Long committedOffset(TopicPartition partition) {
        return committed.get(partition);
    }

    @Override
    public void flush() {
        freeze();
        reap(0);
    }

    @Override
    public long bytes() {
        return segments.all().stream().mapToLong(RocksSegment::bytes).sum();
    }

    @Override
    public long diskBytes() {
        return database == null ? 0 : database.bytes();
    }

    @Override
    public void close() {
        RocksDatabase closing = database;
        if (closing == null) {
            return;
        }
        try {
            stopReading();
            if (!isChanging) {
                freeze();
                reap(0);
                closing.writeClosed();
            }
        } finally {
            abandon(closing);
        }
    }

    @Override
    public void closeWithoutWriting() {
        if (database != null) {
            stopReading();
            abandon(database);
        }
    }

    private void stopReading() {
        segments.all().forEach(segment -> segment.files().stopReading());
    }

    /** Closes the files and writes nothing more. */
    private void abandon(RocksDatabase closing) {
        // After any failure too, no thread may use what is being closed.
        written.exceptionally(failed -> null).join();
        // What has not been deleted by now is deleted at the next start; what is being deleted uses the database until
        // then.
        deleted.forEach(segment -> segment.files().close());
        deleting.join();
        deleted.clear();
        database = null;
        segments.all().forEach(segment -> segment.files().close());
        segments.clear();
        starts.clear();
        waiting.clear();
        writtenLast = null;
        filters.clear();
        committed.clear();
        description = null;
        written = CompletableFuture.completedFuture(null);
        heldBytes = 0;
        lastStart = Long.MIN_VALUE;
        isChanging = false;
        closing.close();
        shared.closed();
    }
}
