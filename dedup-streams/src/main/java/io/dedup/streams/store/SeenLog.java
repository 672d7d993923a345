// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import io.dedup.IdempotencyKey;
import io.dedup.Sighting;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Finds what is remembered of one key in the records of a changelog partition, taken in their order.
 *
 * <p>Confined to one thread.
 */
public final class SeenLog {
    private final byte[] name;
    private final Map<Long, Firsts> buckets = new TreeMap<>();

    /** Looks for that key of that scope. */
    public SeenLog(String scope, IdempotencyKey key) {
        this.name = SeenStore.nameOf(scope, key);
    }

    /** Takes a record of the changelog. */
    public void take(byte[] key, byte @Nullable [] value) {
        int length = key.length - Long.BYTES - Integer.BYTES;
        if (length == name.length && Arrays.equals(key, 0, length, name, 0, length)) {
            long bucket = ByteBuffer.wrap(key).getLong(length);
            buckets.put(bucket, value == null ? Firsts.NONE : SightingCodec.decode(value));
        } else if (value != null && SeenKey.isBlock(key, length)) {
            long bucket = ByteBuffer.wrap(key).getLong(length);
            FirstsBlock.read(value, bucket, (found, first) -> {
                if (Arrays.equals(found.get(), name)) {
                    buckets.put(bucket, Firsts.of(first.toSighting()));
                }
            });
        }
    }

    /**
     * The first whose TTL covers that time, or null.
     *
     * @param time event time in milliseconds since the epoch
     * @param ttlMs the TTL of a record of that time, in milliseconds
     */
    public @Nullable Sighting covering(long time, long ttlMs) {
        Sighting found = null;
        for (Firsts firsts : buckets.values()) {
            Sighting covering = firsts.covering(time, ttlMs);
            found = covering == null ? found : covering;
        }
        return found;
    }
}
