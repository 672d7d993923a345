// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import io.dedup.Sighting;
import io.dedup.streams.store.table.BudgetExceededException;
import io.dedup.streams.store.table.KeyHash;
import java.io.File;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.metrics.Sensor;
import org.apache.kafka.common.metrics.Sensor.RecordingLevel;
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
 * A windowed store that is made for few window starts and many keys under each.
 *
 * <p>It is a window store as Kafka Streams knows them, with any keys and values, but one that cannot keep several values
 * of a key and window; keys of eight bytes that begin with a 1 are left to blocks. Beside that it takes firsts from a {@link
 * Journal}, which come back from the changelog in blocks.
 *
 * <p>Changed by the stream thread alone; may be read by any.
 */
final class BucketedStore implements WindowStore<Bytes, byte[]>, TimestampedBytesStore, BeforeCommit {
    /** Whether stores keep the offsets that go with their files, as they do since Kafka Streams 4.3 (KIP-1035). */
    static final boolean KEEPS_OFFSETS = Arrays.stream(StateStore.class.getMethods())
            .anyMatch(method -> method.getName().equals("committedOffset"));

    /** Asks a store for itself, through whatever Kafka Streams has put around it. */
    record Itself() implements Query<BucketedStore> {}

    private final String name;
    private final long retentionMs;
    private final long windowMs;
    private final Segments segments;
    private final KeyHash hash;
    private final Places places = new Places();
    private final Packing packing = new Packing(places);
    private final Position position = Position.emptyPosition();
    private @Nullable StateStoreContext context;
    private @Nullable Sensor expiredPuts;
    private @Nullable Journal journal;
    private byte @Nullable [] hashed;
    /** Nobody needs it, but while it is written the compiler cannot leave the prefetching out. */
    @SuppressWarnings("unused")
    private int prefetched;

    private long observedTime = Long.MIN_VALUE;
    /** Whether something was put, and not by restoring, since the task committed last. */
    private boolean uncommitted;

    private volatile boolean open;
    /** As of the last commit. Who watches an application is not to wait for a store that waits for its disk. */
    private volatile long bytes;

    private @Nullable StateStore outermost;
    private boolean told;

    /**
     * A store that is not open yet.
     *
     * @param seed of the digests
     */
    BucketedStore(String name, long retentionMs, long windowMs, Segments segments, long seed) {
        this.name = name;
        this.retentionMs = retentionMs;
        this.windowMs = windowMs;
        this.segments = segments;
        this.hash = new KeyHash(seed);
    }

    @Override
    public void init(StateStoreContext stateStoreContext, StateStore root) {
        synchronized (this) {
            context = stateStoreContext;
            outermost = root;
            journal = null;
            observedTime = Long.MIN_VALUE;
            uncommitted = false;
            places.clear();
            segments.open(
                    new LocalFiles(
                            new File(stateStoreContext.stateDir(), name).toPath(),
                            stateStoreContext.appConfigs(),
                            KEEPS_OFFSETS),
                    places);
            if (!segments.starts().isEmpty()) {
                observe(segments.starts().last());
            }
            open = true;
        }
        stateStoreContext.register(root, (StateRestoreCallback) this::restore);
        expiredPuts = stateStoreContext
                .metrics()
                .addRateTotalSensor(
                        "dedup-store",
                        name + "." + stateStoreContext.taskId(),
                        "expired-puts",
                        RecordingLevel.INFO,
                        "task-id",
                        stateStoreContext.taskId().toString());
    }

    @Override
    public String name() {
        return name;
    }

    /**
     * From now on, firsts come through that journal.
     *
     * @throws IllegalStateException if what is around this store does not pass on what is said before a commit
     */
    void journalIn(Journal newJournal) {
        told = false;
        if (outermost != null) {
            BeforeCommit.tell(outermost);
        }
        if (!told) {
            throw new IllegalStateException("The store " + name
                    + " would not be told before a commit. This release of dedup does not fit this version of Kafka"
                    + " Streams: use a version that it is made for");
        }
        journal = newJournal;
        measure();
    }

    private synchronized void measure() {
        bytes = segments.bytes();
    }

    @Override
    public void flushCache() {
        told = true;
        if (journal != null) {
            journal.flush();
        }
        measure();
    }

    /** Called from Kafka Streams 4.3 on. */
    @Override
    @SuppressWarnings("deprecation") // born so: it is to become true for every store
    public boolean managesOffsets() {
        return segments.isPersistent();
    }

    @Override
    public synchronized void commit(Map<TopicPartition, Long> changelogOffsets) {
        if (journal != null) {
            journal.throwIfBehind();
        }
        segments.committed(changelogOffsets);
        uncommitted = false;
    }

    /** What Kafka Streams before 4.3 calls in the place of {@link #commit}; it keeps the offset that goes with it itself. */
    @Override
    @SuppressWarnings("deprecation") // in 4.3, and all there is before
    public synchronized void flush() {
        if (journal != null) {
            journal.throwIfBehind();
        }
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
    synchronized Firsts firsts(Bytes key, long bucket, long next) {
        takeHash(key, next);
        int read = segments.prefetchMiss(hash, next);
        takeHash(key, bucket);
        prefetched = read + segments.prefetch(hash, bucket);
        return firsts(key, bucket);
    }

    /** What is held of the key in the bucket. */
    synchronized Firsts firsts(Bytes key, long bucket) {
        byte[] entry = entry(key, bucket);
        return entry == null ? Firsts.NONE : packing.firsts(entry, bucket);
    }

    /** Holds a simple first, without writing it to the changelog. */
    synchronized void hold(Bytes key, long bucket, Sighting first, long now) {
        uncommitted = true;
        observe(bucket);
        if (isExpired(bucket)) {
            countExpired();
            return;
        }
        int length = packing.pack(first, bucket, now);
        if (length < 0) {
            putEntry(key, bucket, Packing.unpacked(first, now));
        } else {
            putEntry(key, bucket, packing.packed(), length);
        }
    }

    private void hold(Bytes key, long bucket, FirstsBlock.Entry first) {
        int length = packing.pack(first, bucket);
        if (length < 0) {
            putEntry(key, bucket, Packing.unpacked(first.toSighting(), first.written()));
        } else {
            putEntry(key, bucket, packing.packed(), length);
        }
    }

    @Override
    public synchronized void put(Bytes key, byte @Nullable [] value, long windowStart) {
        Objects.requireNonNull(key, "key");
        uncommitted = true;
        updatePosition();
        observe(windowStart);
        if (isExpired(windowStart)) {
            countExpired();
        } else if (SeenKey.isBlock(key.get(), key.get().length)) {
            // The firsts of a block are held since they were added to it.
            if (journal == null) {
                throw new IllegalArgumentException(
                        "The store " + name + " takes no keys of eight bytes of which the first is 1");
            }
        } else {
            putEntry(key, windowStart, value == null ? new byte[0] : packing.packValue(value, windowStart));
        }
    }

    private void restore(byte[] changelogKey, byte @Nullable [] value) {
        int length = changelogKey.length - Long.BYTES - Integer.BYTES;
        long start = ByteBuffer.wrap(changelogKey).getLong(length);
        synchronized (this) {
            observe(start);
            if (isExpired(start)) {
                return;
            }
            if (value != null && SeenKey.isBlock(changelogKey, length)) {
                byte[] block = Arrays.copyOfRange(value, Long.BYTES, value.length);
                FirstsBlock.read(block, start, (key, first) -> hold(key, start, first));
            } else {
                Bytes key = Bytes.wrap(Arrays.copyOf(changelogKey, length));
                putEntry(key, start, value == null ? new byte[0] : packing.packValue(value, start));
            }
        }
    }

    private byte @Nullable [] entry(Bytes key, long start) {
        if (isExpired(start)) {
            return null;
        }
        takeHash(key, start);
        byte[] entry = segments.get(hash, key, start);
        return entry == null || entry.length == 0 ? null : entry;
    }

    private void putEntry(Bytes key, long start, byte[] entry) {
        putEntry(key, start, entry, entry.length);
    }

    private void putEntry(Bytes key, long start, byte[] entry, int length) {
        takeHash(key, start);
        try {
            segments.put(hash, key, start, entry, length);
        } catch (BudgetExceededException full) {
            throw new ProcessorStateException(
                    "The store " + name + " holds " + segments.bytes() + " bytes and may not hold more. "
                            + full.getMessage(),
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

    private void observe(long start) {
        if (start > observedTime) {
            observedTime = start;
            segments.dropBefore(firstLive());
        }
    }

    private long firstLive() {
        return observedTime - retentionMs + 1;
    }

    private boolean isExpired(long start) {
        return observedTime != Long.MIN_VALUE && start < firstLive();
    }

    private void countExpired() {
        if (expiredPuts != null) {
            expiredPuts.record();
        }
    }

    private void updatePosition() {
        if (context != null) {
            context.recordMetadata().ifPresent(this::updatePosition);
        }
    }

    private void updatePosition(RecordMetadata at) {
        if (at.topic() != null) {
            position.withComponent(at.topic(), at.partition(), at.offset());
        }
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
        return entry == null ? null : packing.value(entry, start);
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
        return new RangeIterator(this, windowMs, first, last, from, to, false, RangeIterator.PAGE);
    }

    @Override
    public KeyValueIterator<Windowed<Bytes>, byte[]> backwardFetch(
            @Nullable Bytes first, @Nullable Bytes last, long from, long to) {
        return new RangeIterator(this, windowMs, first, last, from, to, true, RangeIterator.PAGE);
    }

    @Override
    public KeyValueIterator<Windowed<Bytes>, byte[]> fetchAll(long from, long to) {
        return fetch(null, null, from, to);
    }

    @Override
    public KeyValueIterator<Windowed<Bytes>, byte[]> backwardFetchAll(long from, long to) {
        return backwardFetch(null, null, from, to);
    }

    @Override
    public KeyValueIterator<Windowed<Bytes>, byte[]> all() {
        return fetchAll(Long.MIN_VALUE, Long.MAX_VALUE);
    }

    @Override
    public KeyValueIterator<Windowed<Bytes>, byte[]> backwardAll() {
        return backwardFetchAll(Long.MIN_VALUE, Long.MAX_VALUE);
    }

    /** The window start after that one, or before it if backward, within these bounds; null if there is none. */
    synchronized @Nullable Long startAfter(@Nullable Long start, long from, long to, boolean backward) {
        throwIfClosed();
        long first = observedTime == Long.MIN_VALUE ? from : Math.max(from, firstLive());
        Long next;
        if (backward) {
            next = start == null
                    ? segments.starts().floor(to)
                    : segments.starts().lower(start);
        } else {
            next = start == null
                    ? segments.starts().ceiling(first)
                    : segments.starts().higher(start);
        }
        return next == null || next < first || next > to ? null : next;
    }

    /** Fills the page with entries of that window start, and returns those that have a value, as they were put. */
    synchronized List<Map.Entry<Bytes, byte[]>> read(long start, Page page) {
        throwIfClosed();
        segments.read(start, page);
        return page.entries().entrySet().stream()
                .filter(entry -> entry.getValue().length > 0)
                .map(entry -> Map.entry(entry.getKey(), packing.value(entry.getValue(), start)))
                .toList();
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
            if (context != null && !isUpTo(bound)) {
                return QueryResult.notUpToBound(
                        position.copy(), bound, context.taskId().partition());
            }
            result = (QueryResult<R>) QueryResult.forResult(fetch(
                    key, keyQuery.getTimeFrom().get(), keyQuery.getTimeTo().get()));
        } else {
            return QueryResult.forUnknownQueryType(query, this);
        }
        result.setPosition(position.copy());
        return result;
    }

    private boolean isUpTo(PositionBound bound) {
        Position wanted = bound.position();
        return wanted.getTopics().stream()
                .allMatch(topic -> wanted.getPartitionPositions(topic).entrySet().stream()
                        .allMatch(
                                offset -> position.getPartitionPositions(topic).getOrDefault(offset.getKey(), -1L)
                                        >= offset.getValue()));
    }

    @Override
    public Position getPosition() {
        return position;
    }

    @Override
    public boolean persistent() {
        return segments.isPersistent();
    }

    @Override
    public boolean isOpen() {
        return open;
    }

    /** How many bytes of memory were taken at the last commit. From any thread. */
    long bytes() {
        return bytes;
    }

    @Override
    public void close() {
        // Without the lock: who listens to metrics may have one of their own.
        if (expiredPuts != null && context != null) {
            context.metrics().removeSensor(expiredPuts);
            expiredPuts = null;
        }
        synchronized (this) {
            open = false;
            journal = null;
            bytes = 0;
            if (uncommitted) {
                // The task is closed after a failure: what is not committed is not to be taken for committed later.
                segments.closeWithoutWriting();
            } else {
                segments.close();
            }
        }
    }
}
