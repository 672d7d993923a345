// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store;

import io.dedup.SeenRecord;
import io.dedup.internal.Sentences;
import io.dedup.streams.internal.store.engine.LocalFiles;
import io.dedup.streams.internal.store.engine.Segments;
import io.dedup.streams.internal.store.format.BucketEntry;
import io.dedup.streams.internal.store.format.ChangelogBatch;
import io.dedup.streams.internal.store.format.EntryCodec;
import io.dedup.streams.internal.store.format.PartitionDictionary;
import io.dedup.streams.internal.store.format.SeenKey;
import io.dedup.streams.internal.store.format.StoreMetadata;
import io.dedup.streams.internal.store.table.BudgetExceededException;
import io.dedup.streams.internal.store.table.KeyHash;
import java.io.File;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.errors.InvalidStateStoreException;
import org.apache.kafka.streams.errors.ProcessorStateException;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.processor.StateRestoreCallback;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.processor.StateStoreContext;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.apache.kafka.streams.query.Position;
import org.apache.kafka.streams.query.PositionBound;
import org.apache.kafka.streams.query.Query;
import org.apache.kafka.streams.query.QueryConfig;
import org.apache.kafka.streams.query.QueryResult;
import org.apache.kafka.streams.query.WindowKeyQuery;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.TimestampedBytesStore;
import org.apache.kafka.streams.state.WindowStore;
import org.apache.kafka.streams.state.WindowStoreIterator;
import org.jspecify.annotations.Nullable;

/**
 * A windowed store that is made for few window starts and many keys under each: to Kafka Streams a window store, which is read by
 * key, changed through a {@link BatchingBucketStore}, and restored from the {@linkplain ChangelogBatch batches} that this
 * writes.
 *
 * <p>Changed by the stream thread alone; may be read by any.
 */
public final class SegmentedWindowStore implements WindowStore<Bytes, byte[]>, TimestampedBytesStore, PreCommitHook {
    /** Whether stores keep the offsets that go with their files, as they do since Kafka Streams 4.3 (KIP-1035). */
    static final boolean KEEPS_OFFSETS = Arrays.stream(StateStore.class.getMethods())
            .anyMatch(method -> method.getName().equals("committedOffset"));

    private static final String TRANSACTIONAL = "enable.transactional.statestores";

    /** The layouts of what engines keep: local files of another are replaced from the changelog. */
    static final String LAYOUT = "entries " + EntryCodec.VERSION + ", metadata " + StoreMetadata.VERSION;

    /** Asks a store for itself, through everything that Kafka Streams has put around it. */
    record Itself() implements Query<SegmentedWindowStore> {}

    private final String name;
    private final long windowMs;
    private final Segments segments;
    private final KeyHash hash;
    private final PartitionDictionary places = new PartitionDictionary();
    private final EntryCodec codec = new EntryCodec(places);
    private final EntryCodec versioned = new EntryCodec();
    /** The records that have changed this store last, but for the partition that was read last. */
    private Position position = Position.emptyPosition();

    private @Nullable String readTopic;
    private int readPartition;
    private long readOffset;
    /** Whether something was restored since. */
    private boolean positionIsOld;

    private @Nullable StateStoreContext context;
    private @Nullable BatchingBucketStore writer;
    private byte @Nullable [] hashed;
    /** Sink that keeps the JIT from eliminating the prefetch loads. */
    @SuppressWarnings("unused")
    private int prefetched;

    /** What the store says of itself, decoded. */
    private @Nullable StoreMetadata described;
    /** Whether something was put, and not by restoring, since the task committed last. */
    private boolean uncommitted;
    /** Whether the operator has left something behind that was not committed: no later commit stands for it. */
    private boolean dirty;
    /** Whether Kafka Streams leaves files of a task that has failed to its stores (KIP-892), which cannot tell that from here. */
    private boolean distrusted;

    private volatile boolean open;
    /** As of the last commit, as what follows: metrics never wait for a store that waits for its disk. */
    private volatile long bytes;

    private volatile long diskBytes;

    private @Nullable StateStore outermost;
    private boolean told;

    /**
     * A store that is not open yet.
     *
     * @param seed of the digests
     */
    SegmentedWindowStore(String name, long windowMs, Segments segments, long seed) {
        this.name = name;
        this.windowMs = windowMs;
        this.segments = segments;
        this.hash = new KeyHash(seed);
    }

    @Override
    public void init(StateStoreContext stateStoreContext, StateStore root) {
        synchronized (this) {
            context = stateStoreContext;
            outermost = root;
            writer = null;
            described = null;
            uncommitted = false;
            dirty = false;
            distrusted = Boolean.parseBoolean(
                    String.valueOf(stateStoreContext.appConfigs().get(TRANSACTIONAL)));
            places.clear();
            segments.open(
                    new LocalFiles(
                            new File(stateStoreContext.stateDir(), name).toPath(),
                            LAYOUT,
                            stateStoreContext.appConfigs(),
                            KEEPS_OFFSETS),
                    places);
            segments.dropUnneeded(metadata().exactFrom());
            readPosition();
            open = true;
        }
        stateStoreContext.register(root, (StateRestoreCallback) this::restore);
    }

    @Override
    public String name() {
        return name;
    }

    private void readPosition() {
        readTopic = null;
        position = Position.emptyPosition();
        metadata()
                .position()
                .forEach((topic, offsets) ->
                        offsets.forEach((partition, offset) -> position.withComponent(topic, partition, offset)));
    }

    /**
     * Announces commits to that one from now on.
     *
     * @throws IllegalStateException if what is around this store does not pass on that a commit is near
     */
    void writeThrough(BatchingBucketStore newWriter) {
        told = false;
        if (outermost != null) {
            PreCommitHook.tell(outermost);
        }
        if (!told) {
            throw new IllegalStateException("Kafka Streams would not announce commits to the store " + name
                    + ". This release of dedup does not fit this version of Kafka Streams: use a version that"
                    + " docs/compatibility.md names");
        }
        writer = newWriter;
        measure();
    }

    /** Announces commits to that one no longer. What it has put without a commit is not to be taken for committed. */
    synchronized void writeNoMore(BatchingBucketStore closed) {
        dirty |= uncommitted;
        if (writer == closed && !closed.hasFailed()) {
            writer = null;
        }
    }

    private synchronized void measure() {
        bytes = segments.bytes();
        diskBytes = segments.diskBytes();
    }

    @Override
    public void flushCache() {
        told = true;
        if (writer != null) {
            writer.flush();
        }
        measure();
    }

    private void describeCommitted() {
        StoreMetadata committed = writer == null ? null : writer.committed();
        if (committed != null) {
            describe(committed, committed.encode());
        }
    }

    /** Called from Kafka Streams 4.3 on. */
    @Override
    @SuppressWarnings("deprecation") // born so: it is to become true for every store
    public boolean managesOffsets() {
        return segments.isPersistent();
    }

    @Override
    public synchronized void commit(Map<TopicPartition, Long> changelogOffsets) {
        describeCommitted();
        segments.committed(changelogOffsets);
        uncommitted = false;
    }

    /** What Kafka Streams before 4.3 calls in the place of {@link #commit}; it keeps the offset that goes with it itself. */
    @Override
    @SuppressWarnings("deprecation") // in 4.3, and all there is before
    public synchronized void flush() {
        describeCommitted();
        segments.flush();
        uncommitted = false;
    }

    @Override
    public synchronized @Nullable Long committedOffset(TopicPartition partition) {
        return segments.committedOffset(partition);
    }

    /**
     * What is held of the key in the bucket, where the next is most likely to be asked for as well. Most of the time that asking takes
     * is waiting for memory, which is not in a cache of the processor; what both need is waited for at once.
     */
    synchronized BucketEntry firsts(Bytes key, long bucket, long next) {
        takeHash(key, next);
        int read = segments.prefetchMiss(hash, next);
        takeHash(key, bucket);
        prefetched = read + segments.prefetch(hash, bucket);
        return firsts(key, bucket);
    }

    /** What is held of the key in the bucket. */
    synchronized BucketEntry firsts(Bytes key, long bucket) {
        byte[] entry = entry(key, bucket);
        return entry == null ? BucketEntry.NONE : codec.decode(entry, bucket);
    }

    /** Holds these in the place of what the bucket holds of the key, without writing it to the changelog. */
    synchronized void hold(Bytes key, long bucket, BucketEntry firsts, long now) {
        uncommitted = true;
        updatePosition();
        if (EntryCodec.isSimple(firsts)) {
            SeenRecord first = firsts.seenRecords().get(0);
            putEntry(key, bucket, codec.written(), codec.write(first, bucket, now), first.expiresAt());
        } else {
            byte[] entry = codec.encode(firsts, bucket, now);
            putEntry(key, bucket, entry, entry.length, firsts.neededUntil());
        }
    }

    /** The wall clock at which what the bucket holds of the key was written; {@link Long#MIN_VALUE} if it holds nothing. */
    synchronized long writtenAt(Bytes key, long bucket) {
        byte[] entry = entry(key, bucket);
        return entry == null ? Long.MIN_VALUE : codec.writtenAt(entry, bucket);
    }

    /** The start of the last bucket that something was put into; {@link Long#MIN_VALUE} if there is none. */
    synchronized long lastStart() {
        return segments.starts().isEmpty() ? Long.MIN_VALUE : segments.starts().last();
    }

    /** The start of the first bucket from that one on that something was put into; null if there is none. */
    synchronized @Nullable Long startFrom(long start) {
        return segments.starts().ceiling(start);
    }

    /** Holds what the store knows of itself, and as it is written. */
    synchronized void hold(StoreMetadata metadata, byte[] encoded) {
        uncommitted = true;
        describe(metadata, encoded);
        segments.dropUnneeded(metadata.exactFrom());
    }

    private void describe(StoreMetadata metadata, byte[] encoded) {
        segments.describe(encoded);
        described = metadata;
    }

    /** What the store knew of itself when it was written last. */
    synchronized StoreMetadata metadata() {
        StoreMetadata known = described;
        if (known == null) {
            byte[] found = segments.description();
            known = found == null ? StoreMetadata.empty(windowMs - 1) : StoreMetadata.decode(found);
            described = known;
        }
        return known;
    }

    /** The offset of the last record that changed this store, by topic and partition. */
    synchronized Map<String, Map<Integer, Long>> offsets() {
        Position current = currentPosition();
        Map<String, Map<Integer, Long>> offsets = new HashMap<>();
        current.getTopics().forEach(topic -> offsets.put(topic, current.getPartitionPositions(topic)));
        return offsets;
    }

    /** Takes what a {@link BatchingBucketStore} writes, which is held already; what is around this store logs it. */
    @Override
    public void put(Bytes key, byte @Nullable [] value, long windowStart) {
        if (!SeenKey.BATCH.equals(key)) {
            throw unsupported("put of a single key");
        }
    }

    /** Takes a record of the changelog, its value behind eight bytes of its timestamp. */
    void restore(byte[] changelogKey, byte @Nullable [] value) {
        if (value == null || !SeenKey.isBatch(changelogKey)) {
            throw new ProcessorStateException("The changelog of the store " + name
                    + " holds a record that this release does not write: its key has " + changelogKey.length
                    + " bytes. Builds before 0.1.0 wrote such. Delete the topic or use another application.id; what was"
                    + " remembered there is lost");
        }
        byte[] batch = Arrays.copyOfRange(value, Long.BYTES, value.length);
        synchronized (this) {
            byte[] encoded = ChangelogBatch.metadata(batch);
            StoreMetadata read = StoreMetadata.decode(encoded);
            StoreMetadata before = metadata();
            // What comes before the first batch has been deleted, and with it firsts that may still be needed.
            boolean isShortened = segments.description() == null && read.neededBefore() != StoreMetadata.NONE;
            long restoredFrom = isShortened ? read.neededBefore() + 1 : StoreMetadata.NONE;
            // Under at-least-once an owner that has been replaced may write once more, of a time that is past.
            boolean isPast = read.streamTime() < before.streamTime();
            long exactFrom = Math.max(restoredFrom, Math.max(before.exactFrom(), read.exactFrom()));
            boolean isAsRead = !isPast && exactFrom == read.exactFrom();
            StoreMetadata after = isAsRead ? read : (isPast ? before : read).exactFrom(exactFrom);
            ChangelogBatch.read(batch, this::restore);
            segments.dropUnneeded(exactFrom);
            describe(after, isAsRead ? encoded : after.encode());
            positionIsOld = true;
        }
    }

    private void restore(Bytes key, long start, ChangelogBatch.Entry change) {
        if (change.isWhole()) {
            BucketEntry firsts = change.toEntry();
            byte[] entry = codec.encode(firsts, start, change.written());
            putEntry(key, start, entry, entry.length, firsts.neededUntil());
        } else {
            putEntry(
                    key,
                    start,
                    codec.written(),
                    codec.write(change, start),
                    change.time() + change.place().lifetimeMs());
        }
    }

    private byte @Nullable [] entry(Bytes key, long start) {
        takeHash(key, start);
        byte[] entry = segments.get(hash, key, start);
        return entry == null || entry.length == 0 ? null : entry;
    }

    private void putEntry(Bytes key, long start, byte[] entry, int length, long neededUntil) {
        takeHash(key, start);
        try {
            segments.put(hash, key, start, entry, length, neededUntil);
        } catch (BudgetExceededException full) {
            throw new ProcessorStateException(
                    Sentences.of(
                            "The store " + name + " holds " + segments.bytes() + " bytes and may not hold more",
                            String.valueOf(full.getMessage())),
                    full);
        }
    }

    private void takeHash(Bytes key, long start) {
        if (key.get() != hashed) {
            hash.take(key.get());
            hashed = key.get();
        }
        hash.at(start);
    }

    private void updatePosition() {
        RecordMetadata at = context == null ? null : context.recordMetadata().orElse(null);
        if (at == null || at.topic() == null) {
            return;
        }
        if (!at.topic().equals(readTopic) || at.partition() != readPartition) {
            currentPosition();
            readTopic = at.topic();
            readPartition = at.partition();
        }
        readOffset = at.offset();
    }

    private Position currentPosition() {
        if (positionIsOld) {
            readPosition();
            positionIsOld = false;
        }
        if (readTopic != null) {
            position.withComponent(readTopic, readPartition, readOffset);
        }
        return position;
    }

    private void throwIfClosed() {
        if (!open) {
            throw new InvalidStateStoreException("The store " + name + " is not open");
        }
    }

    @Override
    public synchronized byte @Nullable [] fetch(Bytes key, long start) {
        throwIfClosed();
        byte[] entry = entry(Objects.requireNonNull(key, "key"), start);
        if (entry == null) {
            return null;
        }
        long written = codec.writtenAt(entry, start);
        byte[] value = versioned.encodeVersioned(codec.decode(entry, start), start, written);
        return ByteBuffer.allocate(Long.BYTES + value.length)
                .putLong(written)
                .put(value)
                .array();
    }

    @Override
    public WindowStoreIterator<byte[]> fetch(Bytes key, long from, long to) {
        return new KeyIterator(this, Objects.requireNonNull(key, "key"), from, to, false);
    }

    @Override
    public WindowStoreIterator<byte[]> backwardFetch(Bytes key, long from, long to) {
        return new KeyIterator(this, Objects.requireNonNull(key, "key"), from, to, true);
    }

    @Override
    public KeyValueIterator<Windowed<Bytes>, byte[]> fetch(
            @Nullable Bytes first, @Nullable Bytes last, long from, long to) {
        throw unsupported("fetch of a range of keys");
    }

    @Override
    public KeyValueIterator<Windowed<Bytes>, byte[]> fetchAll(long from, long to) {
        throw unsupported("fetchAll");
    }

    @Override
    public KeyValueIterator<Windowed<Bytes>, byte[]> all() {
        throw unsupported("all");
    }

    @Override
    public KeyValueIterator<Windowed<Bytes>, byte[]> backwardFetch(
            @Nullable Bytes first, @Nullable Bytes last, long from, long to) {
        throw unsupported("backwardFetch of a range of keys");
    }

    @Override
    public KeyValueIterator<Windowed<Bytes>, byte[]> backwardFetchAll(long from, long to) {
        throw unsupported("backwardFetchAll");
    }

    @Override
    public KeyValueIterator<Windowed<Bytes>, byte[]> backwardAll() {
        throw unsupported("backwardAll");
    }

    private UnsupportedOperationException unsupported(String call) {
        return new UnsupportedOperationException("The store " + name + " takes no " + call
                + ": it is read by key, with fetch of a key or RememberedKeys, and changed by its operator alone");
    }

    /** The window start after that one, or before it if backward, within these bounds; null if there is none. */
    synchronized @Nullable Long startAfter(@Nullable Long start, long from, long to, boolean backward) {
        throwIfClosed();
        Long next;
        if (backward) {
            next = start == null
                    ? segments.starts().floor(to)
                    : segments.starts().lower(start);
        } else {
            next = start == null
                    ? segments.starts().ceiling(from)
                    : segments.starts().higher(start);
        }
        return next == null || next < from || next > to ? null : next;
    }

    @Override
    @SuppressWarnings("unchecked") // each query is answered with what it asks for
    public <R> QueryResult<R> query(Query<R> query, PositionBound bound, QueryConfig config) {
        QueryResult<R> result;
        if (query instanceof Itself) {
            return (QueryResult<R>) QueryResult.forResult(this);
        } else if (query instanceof WindowKeyQuery<?, ?> keyQuery
                && keyQuery.getKey() instanceof Bytes key
                && keyQuery.getTimeFrom().isPresent()
                && keyQuery.getTimeTo().isPresent()) {
            Position reached = getPosition();
            if (context != null && !isUpTo(bound, reached)) {
                return QueryResult.notUpToBound(reached, bound, context.taskId().partition());
            }
            result = (QueryResult<R>) QueryResult.forResult(fetch(
                    key, keyQuery.getTimeFrom().get(), keyQuery.getTimeTo().get()));
        } else {
            return QueryResult.forUnknownQueryType(query, this);
        }
        result.setPosition(getPosition());
        return result;
    }

    private static boolean isUpTo(PositionBound bound, Position reached) {
        Position wanted = bound.position();
        return wanted.getTopics().stream()
                .allMatch(topic -> wanted.getPartitionPositions(topic).entrySet().stream()
                        .allMatch(offset -> reached.getPartitionPositions(topic).getOrDefault(offset.getKey(), -1L)
                                >= offset.getValue()));
    }

    @Override
    public synchronized Position getPosition() {
        return currentPosition().copy();
    }

    @Override
    public boolean persistent() {
        return segments.isPersistent();
    }

    @Override
    public boolean isOpen() {
        return open;
    }

    /** How many bytes of files there were at the last commit. From any thread. */
    long diskBytes() {
        return diskBytes;
    }

    /** How many bytes of memory were taken at the last commit. From any thread. */
    long bytes() {
        return bytes;
    }

    @Override
    public void close() {
        synchronized (this) {
            open = false;
            writer = null;
            bytes = 0;
            diskBytes = 0;
            if (uncommitted || dirty || distrusted) {
                // The task is closed after a failure: what is not committed is not to be taken for committed later.
                segments.closeWithoutWriting();
            } else {
                segments.close();
            }
        }
    }
}
