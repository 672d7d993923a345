// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store;

import io.dedup.streams.internal.store.format.BucketEntry;
import io.dedup.streams.internal.store.format.ChangelogBatch;
import io.dedup.streams.internal.store.format.SeenKey;
import io.dedup.streams.internal.store.format.StoreMetadata;
import java.time.Duration;
import java.util.Map;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.errors.ProcessorStateException;
import org.apache.kafka.streams.errors.StreamsException;
import org.apache.kafka.streams.query.PositionBound;
import org.apache.kafka.streams.query.QueryConfig;
import org.apache.kafka.streams.query.QueryResult;
import org.apache.kafka.streams.state.TimestampedWindowStore;
import org.apache.kafka.streams.state.ValueAndTimestamp;
import org.jspecify.annotations.Nullable;

/**
 * Keeps firsts in an engine of ours, and writes them to the changelog in {@linkplain ChangelogBatch batches}: when one is large
 * enough, and before the task commits. So what is committed is in the changelog, and what is not is decided on again anyway.
 *
 * <p>Every batch has the same key, since nothing is ever compacted: the changelog is read from its beginning, and what comes
 * later counts.
 *
 * <p>That Kafka Streams announces a commit is what this depends on. It is tried when a store is opened, checked at each commit
 * that the store learns of, and by the clock: see {@link #check}.
 *
 * <p>Confined to the stream thread.
 */
public final class BatchingBucketStore implements AutoCloseable {
    /** A batch is written when its changes have this many bytes. */
    public static final int BATCH_BYTES = 15_000;
    /** Where Kafka puts batches, as if they were of one window. */
    static final long WINDOW = 0;

    /** What a store knows of itself. */
    @FunctionalInterface
    interface Description {
        /**
         * All of it.
         *
         * @param neededBefore of what came before the changes that it is written with
         * @param position up to them
         */
        StoreMetadata describe(long neededBefore, Commits commits, Map<String, Map<Integer, Long>> position);
    }

    private final SegmentedWindowStore engine;
    private final TimestampedWindowStore<Bytes, byte[]> changelog;
    private final Description metadata;
    private final long longestCommitMs;

    private ChangelogBatch batch = emptyBatch();
    /** Whether stream time has advanced since a batch was written. */
    private boolean advanced;
    /** The wall clock when the first thing came that waits to be written, and when anything came last. */
    private long waitsSince;

    private long lastChange;
    private boolean behind;
    private boolean overdue;
    /** Until when a first from before this batch is needed. */
    private long neededBefore;

    private final Commits commits;

    /** Why something that is held is not in the changelog, if so: nothing may be committed over it. */
    private @Nullable RuntimeException failed;

    /**
     * Keeps firsts in that engine.
     *
     * @param changelog the same store as the task has it: what is put there is written to the changelog
     * @param metadata what the store knows of itself whenever it is asked
     * @param longestCommit longer than any task can take from one commit to the next
     * @param commits what is known to have been committed
     */
    BatchingBucketStore(
            SegmentedWindowStore engine,
            TimestampedWindowStore<Bytes, byte[]> changelog,
            Description metadata,
            Duration longestCommit,
            Commits commits) {
        this.engine = engine;
        this.changelog = changelog;
        this.metadata = metadata;
        this.longestCommitMs = longestCommit.toMillis();
        this.commits = commits;
        this.neededBefore = engine.metadata().neededUntil();
        engine.writeThrough(this);
    }

    private static ChangelogBatch emptyBatch() {
        return new ChangelogBatch(BATCH_BYTES + BATCH_BYTES / 8);
    }

    /** The engine of that store, through everything that Kafka Streams has put around it. */
    static SegmentedWindowStore engineOf(TimestampedWindowStore<Bytes, byte[]> store) {
        QueryResult<SegmentedWindowStore> engine =
                store.query(new SegmentedWindowStore.Itself(), PositionBound.unbounded(), new QueryConfig(false));
        if (engine.isFailure()) {
            throw new IllegalStateException(
                    "The store " + store.name() + " was not built by dedup: " + engine.getFailureMessage());
        }
        return engine.getResult();
    }

    /** What the bucket of that start holds of the key; {@link BucketEntry#NONE} if nothing. */
    BucketEntry get(Bytes key, long bucket) {
        return engine.firsts(key, bucket);
    }

    /**
     * The same, where what the next bucket holds of the key is most likely to be asked for as well.
     *
     * @param next the start of a bucket; there need not be one
     */
    BucketEntry get(Bytes key, long bucket, long next) {
        return engine.firsts(key, bucket, next);
    }

    /** The start of the first bucket from that one on that holds something; null if there is none. */
    @Nullable
    Long startFrom(long start) {
        return engine.startFrom(start);
    }

    /**
     * Holds these in the place of what the bucket holds of the key.
     *
     * @param now the wall clock in milliseconds since the epoch
     */
    void put(Bytes key, long bucket, BucketEntry firsts, long now) {
        long written = commits.written(now);
        if (!isWaiting()) {
            waitsSince = now;
        }
        lastChange = now;
        batch.add(key, bucket, firsts, written);
        try {
            engine.hold(key, bucket, firsts, written);
        } catch (RuntimeException thrown) {
            // It is in a batch, and so in the changelog soon: it must not be committed while it is not held here.
            failed = thrown;
            throw thrown;
        }
        if (batch.length() >= BATCH_BYTES) {
            throwIfFailed();
            write();
        }
    }

    /**
     * Whether what the bucket holds of that key is known to have been committed, so that a record at its coordinates is not the same one
     * that is read again after a failure.
     */
    boolean isCommitted(Bytes key, long bucket) {
        return commits.include(engine.writtenAt(key, bucket));
    }

    private boolean isWaiting() {
        return advanced || batch.count() > 0;
    }

    /**
     * Notes that stream time has advanced.
     *
     * @param now the wall clock in milliseconds since the epoch
     */
    void advanced(long now) {
        if (!isWaiting()) {
            waitsSince = now;
        }
        lastChange = now;
        advanced = true;
    }

    /**
     * Writes what the store knows of itself to the changelog, whether it has changed or not.
     *
     * @param now the wall clock in milliseconds since the epoch
     */
    void refresh(long now) {
        advanced(now);
        flush();
    }

    /** How many bytes of memory are taken. From any thread. */
    long bytes() {
        return engine.bytes();
    }

    /** Writes nothing any more. The store itself stays open. */
    @Override
    public void close() {
        engine.writeNoMore(this);
    }

    /** How many bytes of files there are. From any thread. */
    long diskBytes() {
        return engine.diskBytes();
    }

    /** Writes everything that waits. */
    void flush() {
        throwIfFailed();
        behind = false;
        overdue = false;
        if (isWaiting() || commits.areNews()) {
            write();
        }
        commits.committing();
    }

    private void write() {
        StoreMetadata current = current();
        byte[] header = current.encode();
        try {
            changelog.put(SeenKey.BATCH, ValueAndTimestamp.make(batch.encode(header), lastChange), WINDOW);
        } catch (RuntimeException thrown) {
            // Unchanged: fencing, an expired transaction and corruption are for Kafka Streams to handle.
            failed = thrown;
            throw thrown;
        }
        engine.hold(current, header);
        batch = emptyBatch();
        advanced = false;
        neededBefore = current.neededUntil();
        commits.logged();
    }

    private StoreMetadata current() {
        return metadata.describe(neededBefore, commits, engine.offsets());
    }

    /** Whether something could not be written or held, so that nothing may be committed any more. */
    boolean hasFailed() {
        return failed != null;
    }

    /** What could not be written is committed by no later call either: what was thrown is thrown once more. */
    private void throwIfFailed() {
        if (failed instanceof StreamsException ofKafka && !(failed instanceof ProcessorStateException)) {
            throw ofKafka;
        } else if (failed != null) {
            throw new ProcessorStateException(
                    "The store " + engine.name() + " lacks what could not be written", failed);
        }
    }

    /**
     * To be called after each commit. Once, something may be waiting then: of a record that failed, and the task is closed.
     *
     * @return what the store knows of itself now, if that is more than the changelog has
     * @throws ProcessorStateException if something could not be written
     * @throws LinkageError if nothing has been written since the commit before, and something was waiting then
     */
    @Nullable
    StoreMetadata committed() {
        throwIfFailed();
        boolean wasBehind = behind;
        behind = isWaiting();
        if (wasBehind && behind) {
            throw unannounced("at a commit and the one before");
        }
        commits.committed();
        // With a batch that waits it would be ahead of what is in the changelog.
        return !behind && commits.areNews() ? current() : null;
    }

    /**
     * Checks that commits are announced. To be called from time to time, between which the task can commit.
     *
     * <p>A thread that stands still for long finds something overdue when it goes on, and commits right after that. So only the
     * second time in a row says that no commit was announced.
     *
     * @param now the wall clock in milliseconds since the epoch
     * @throws LinkageError if something has been waiting for longer than any task can take from one commit to the next
     */
    void check(long now) {
        boolean wasOverdue = overdue;
        overdue = isWaiting() && now - waitsSince > longestCommitMs;
        if (wasOverdue && overdue) {
            throw unannounced("for " + Duration.ofMillis(now - waitsSince));
        }
    }

    /** An error, which no exception handler skips: it is this Kafka Streams that does not fit, and no record. */
    private LinkageError unannounced(String when) {
        return new LinkageError("No commit was announced to the store " + engine.name()
                + ": what it remembers has been waiting to be written to its changelog " + when
                + ", and would be forgotten with this machine. This release of dedup does not fit this version of Kafka"
                + " Streams: use a version that docs/compatibility.md names");
    }
}
