// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store;

import io.dedup.IdempotencyKey;
import io.dedup.SeenRecord;
import io.dedup.streams.internal.store.format.BucketEntry;
import io.dedup.streams.internal.store.format.ChangelogBatch;
import io.dedup.streams.internal.store.format.EntryCodec;
import io.dedup.streams.internal.store.format.KeyDefinition;
import io.dedup.streams.internal.store.format.SeenKey;
import io.dedup.streams.internal.store.format.StoreMetadata;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.utils.Bytes;
import org.jspecify.annotations.Nullable;

/**
 * Finds what is remembered of one key in the records of a changelog partition, taken in their order.
 *
 * <p>Confined to one thread.
 */
public final class SeenLog {
    /** Behind the key of a changelog record: the start of a window and a sequence number. */
    private static final int WINDOW_BYTES = Long.BYTES + Integer.BYTES;

    private final byte[] name;
    private final Map<Long, BucketEntry> buckets = new TreeMap<>();
    private final EntryCodec codec = new EntryCodec();

    /** Looks for that key of that scope. */
    public SeenLog(String scope, IdempotencyKey key) {
        this.name = SeenQueries.nameOf(scope, key);
    }

    /**
     * Takes a record of the changelog.
     *
     * @throws org.apache.kafka.common.errors.SerializationException if it is damaged or of another release
     */
    public void take(byte[] key, byte @Nullable [] value) {
        if (value != null && SeenKey.isBatch(key)) {
            ChangelogBatch.read(value, this::take);
        } else if (value != null && Arrays.equals(key, 0, key.length - WINDOW_BYTES, name, 0, name.length)) {
            long bucket = ByteBuffer.wrap(key).getLong(name.length);
            buckets.put(bucket, codec.decodeVersioned(value, bucket));
        }
    }

    /**
     * By what the keys were made that a changelog record brings; null if it does not say.
     *
     * @throws org.apache.kafka.common.errors.SerializationException if it is damaged or of another release
     */
    public static @Nullable KeyDefinition definitionOf(byte[] key, byte @Nullable [] value) {
        return value == null || !SeenKey.isBatch(key)
                ? null
                : StoreMetadata.decode(ChangelogBatch.metadata(value)).definition();
    }

    private void take(Bytes key, long bucket, ChangelogBatch.Entry change) {
        if (Arrays.equals(key.get(), name)) {
            buckets.put(bucket, change.toEntry());
        }
    }

    /**
     * The first whose TTL covers that time, or null.
     *
     * @param time event time in milliseconds since the epoch
     * @param ttlMs the TTL of a record of that time, in milliseconds
     */
    public @Nullable SeenRecord covering(long time, long ttlMs) {
        SeenRecord found = null;
        for (BucketEntry firsts : buckets.values()) {
            SeenRecord covering = firsts.covering(time, ttlMs);
            found = covering == null ? found : covering;
        }
        return found;
    }
}
