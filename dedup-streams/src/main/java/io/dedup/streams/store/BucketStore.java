// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import java.time.Duration;
import java.util.OptionalLong;
import java.util.function.Supplier;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.query.PositionBound;
import org.apache.kafka.streams.query.QueryConfig;
import org.apache.kafka.streams.query.QueryResult;
import org.apache.kafka.streams.state.TimestampedWindowStore;

/**
 * Keeps the firsts of a key in a bucket, and what the store knows of itself, and writes both to the changelog.
 *
 * <p>Confined to the stream thread.
 */
interface BucketStore extends AutoCloseable {
    /**
     * The quickest way to keep firsts in that store, as a task has it.
     *
     * @param buckets by which it is cut
     * @param metadata what the store knows of itself whenever it is asked
     * @param longestCommit longer than any task can take from one commit to the next
     */
    static BucketStore of(
            TimestampedWindowStore<Bytes, byte[]> store,
            Buckets buckets,
            Supplier<StoreMetadata> metadata,
            Duration longestCommit) {
        QueryResult<BucketedStore> engine =
                store.query(new BucketedStore.Itself(), PositionBound.unbounded(), new QueryConfig(false));
        return engine.isSuccess()
                ? new BatchingBucketStore(engine.getResult(), store, metadata, longestCommit)
                : new UnbatchedBucketStore(store, buckets, metadata);
    }

    /** What the store knew of itself when it was written last; that of an empty one if it never was. */
    StoreMetadata read();

    /** What the bucket of that start holds of the key; {@link Firsts#NONE} if nothing. */
    Firsts get(Bytes key, long bucket);

    /**
     * The same, where what the next bucket holds of the key is most likely to be asked for as well.
     *
     * @param next the start of a bucket; there need not be one
     */
    Firsts get(Bytes key, long bucket, long next);

    /**
     * Holds these in the place of what the bucket holds of the key.
     *
     * @param now the wall clock in milliseconds since the epoch
     */
    void put(Bytes key, long bucket, Firsts firsts, long now);

    /**
     * Notes that stream time has advanced.
     *
     * @param now the wall clock in milliseconds since the epoch
     */
    void advanced(long now);

    /**
     * Writes what the store knows of itself to the changelog, whether it has changed or not.
     *
     * @param now the wall clock in milliseconds since the epoch
     */
    void refresh(long now);

    /**
     * Checks that commits are announced. To be called from time to time, between which the task can commit.
     *
     * @param now the wall clock in milliseconds since the epoch
     * @throws LinkageError if something has been waiting for longer than any task can take from one commit to the next
     */
    void check(long now);

    /** Writes nothing any more. The store itself stays open. */
    @Override
    void close();

    /** How many bytes of memory are taken, if that is known. From any thread. */
    OptionalLong bytes();

    /** How many bytes of files there are, if that is known. From any thread. */
    OptionalLong diskBytes();
}
