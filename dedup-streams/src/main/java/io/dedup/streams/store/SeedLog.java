// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import io.dedup.DedupPolicy;
import io.dedup.IdempotencyKey;
import io.dedup.Sighting;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;

/**
 * Writes what a {@link SeenStore} would have written to one partition of its changelog, so that an operator that has never
 * run finds it there when it restores.
 *
 * <p>A changelog record of a timestamped window store has the store key, the window's start in eight bytes and four zero
 * bytes as its key, the value as its value, and its timestamp is that of the value.
 *
 * <p>Confined to one thread.
 */
public final class SeedLog {
    private static final int NO_SEQUENCE = 0;

    private final Buckets buckets;
    private final SeenKey keys = new SeenKey();
    private final Census census = new Census(List.of(), Long.MIN_VALUE);
    private long streamTime = Long.MIN_VALUE;

    /** A log for an operator with that policy. */
    public SeedLog(DedupPolicy policy) {
        this.buckets = Buckets.of(policy);
    }

    /** How long a window is kept, from its start, as the operator's own changelog has it. */
    public static Duration retention(DedupPolicy policy) {
        return Buckets.of(policy).retention();
    }

    /**
     * The changelog record that remembers a first.
     *
     * @param now the wall clock in milliseconds since the epoch
     */
    public KeyValue<byte[], byte[]> remember(String scope, IdempotencyKey key, Sighting first, long now) {
        long bucket = buckets.start(first.timestamp());
        streamTime = Math.max(streamTime, Math.min(first.timestamp(), now));
        census.add(buckets.until(bucket), first.timestamp());
        return new KeyValue<>(windowed(keys.of(scope, key), bucket), SightingCodec.encode(Firsts.of(first)));
    }

    /** The changelog record with stream time, to be written last. */
    public KeyValue<byte[], byte[]> note() {
        census.advance(streamTime);
        StoreNote note = new StoreNote(1, streamTime, buckets.ttlMs(), List.of(), census.counts());
        return new KeyValue<>(windowed(SeenKey.NOTE, buckets.start(streamTime)), note.encode());
    }

    private static byte[] windowed(Bytes key, long start) {
        byte[] bytes = key.get();
        return ByteBuffer.allocate(bytes.length + Long.BYTES + Integer.BYTES)
                .put(bytes)
                .putLong(start)
                .putInt(NO_SEQUENCE)
                .array();
    }
}
