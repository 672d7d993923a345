// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store;

import io.dedup.IdempotencyKey;
import io.dedup.SeenRecord;
import io.dedup.streams.internal.store.format.EntryCodec;
import io.dedup.streams.internal.store.format.SeenKey;
import java.time.Instant;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.query.Query;
import org.apache.kafka.streams.query.WindowKeyQuery;
import org.apache.kafka.streams.state.ValueAndTimestamp;
import org.apache.kafka.streams.state.WindowStoreIterator;
import org.jspecify.annotations.Nullable;

/** Interactive queries (KIP-796) for what a store knows of a key. */
public final class SeenQueries {
    private SeenQueries() {}

    /** The bytes of a store key, by which the same key has the same name in every task. */
    public static byte[] nameOf(String scope, IdempotencyKey key) {
        return new SeenKey().of(scope, key).get();
    }

    /** A query for everything that is remembered of that key within that scope. */
    public static Query<WindowStoreIterator<ValueAndTimestamp<byte[]>>> queryFor(String scope, IdempotencyKey key) {
        return WindowKeyQuery.withKeyAndWindowStartRange(
                new SeenKey().of(scope, key), Instant.EPOCH, Instant.ofEpochMilli(Long.MAX_VALUE));
    }

    /**
     * The first among the results of {@link #queryFor} whose TTL covers that time, or null.
     *
     * @param results exhausted afterwards and not closed
     * @param time event time in milliseconds since the epoch
     * @param ttlMs the TTL of a record of that time, in milliseconds
     */
    public static @Nullable SeenRecord covering(
            WindowStoreIterator<ValueAndTimestamp<byte[]>> results, long time, long ttlMs) {
        SeenRecord found = null;
        EntryCodec codec = new EntryCodec();
        while (results.hasNext()) {
            KeyValue<Long, ValueAndTimestamp<byte[]>> bucket = results.next();
            SeenRecord covering =
                    codec.decodeVersioned(bucket.value.value(), bucket.key).covering(time, ttlMs);
            found = covering == null ? found : covering;
        }
        return found;
    }
}
