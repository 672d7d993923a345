// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import java.util.OptionalLong;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.query.PositionBound;
import org.apache.kafka.streams.query.QueryConfig;
import org.apache.kafka.streams.query.QueryResult;
import org.apache.kafka.streams.state.TimestampedWindowStore;

/**
 * Keeps the firsts of a key in a bucket, and writes down what it keeps.
 *
 * <p>Confined to the stream thread.
 */
interface FirstsStore {
    /** The quickest way to keep firsts in that store, as a task has it. */
    static FirstsStore of(TimestampedWindowStore<Bytes, byte[]> store) {
        QueryResult<BucketedStore> engine =
                store.query(new BucketedStore.Itself(), PositionBound.unbounded(), new QueryConfig(false));
        return engine.isSuccess() ? new Journal(engine.getResult(), store) : new EachFirst(store);
    }

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
     * Puts something else under that key and window start.
     *
     * @param now the wall clock in milliseconds since the epoch
     */
    void put(Bytes key, byte[] value, long start, long now);

    /** How many bytes of memory are taken, if that is known. From any thread. */
    OptionalLong bytes();
}
