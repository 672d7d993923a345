// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.utils.ByteUtils;

/**
 * What a store keeps about itself: stream time, and by which TTLs its buckets were cut.
 *
 * <pre>
 * version     1 byte   2
 * number      varlong  which note this is; the highest counts
 * streamTime  varlong  milliseconds since the epoch
 * ttl         varlong  the TTL in force, in milliseconds
 * earlier     varint   how many TTLs follow that were in force before
 * [ttl        varlong  in milliseconds
 *  until      varlong  the stream time after which nothing of it is needed any more]
 * buckets     varint   how many counts follow; from version 2
 * [until      varlong  the stream time after which nothing of the bucket is needed any more
 *  firsts     varlong  how many it holds
 *  oldest     varlong  the time of the oldest, in milliseconds since the epoch]
 * </pre>
 *
 * @param number which note this is
 * @param streamTime in milliseconds since the epoch
 * @param ttlMs the TTL in force, in milliseconds
 * @param earlier the TTLs that were in force before and still matter
 * @param counts how many firsts are remembered; empty in a note of version 1
 */
record StoreNote(long number, long streamTime, long ttlMs, List<Earlier> earlier, List<Census.Count> counts) {
    private static final byte VERSION = 2;
    private static final byte WITHOUT_COUNTS = 1;
    private static final int MOST_BYTES_A_NUMBER = 10;

    StoreNote {
        earlier = List.copyOf(earlier);
        counts = List.copyOf(counts);
    }

    /**
     * A TTL that was in force before.
     *
     * @param ttlMs in milliseconds
     * @param until the stream time after which nothing of it is needed any more, in milliseconds since the epoch
     */
    record Earlier(long ttlMs, long until) {}

    byte[] encode() {
        ByteBuffer bytes = ByteBuffer.allocate(1 + MOST_BYTES_A_NUMBER * (5 + 2 * earlier.size() + 3 * counts.size()));
        bytes.put(VERSION);
        ByteUtils.writeVarlong(number, bytes);
        ByteUtils.writeVarlong(streamTime, bytes);
        ByteUtils.writeVarlong(ttlMs, bytes);
        ByteUtils.writeVarint(earlier.size(), bytes);
        for (Earlier one : earlier) {
            ByteUtils.writeVarlong(one.ttlMs(), bytes);
            ByteUtils.writeVarlong(one.until(), bytes);
        }
        ByteUtils.writeVarint(counts.size(), bytes);
        for (Census.Count count : counts) {
            ByteUtils.writeVarlong(count.until(), bytes);
            ByteUtils.writeVarlong(count.firsts(), bytes);
            ByteUtils.writeVarlong(count.oldest(), bytes);
        }
        byte[] encoded = new byte[bytes.position()];
        bytes.flip().get(encoded);
        return encoded;
    }

    /**
     * Reads back what {@link #encode} wrote.
     *
     * @throws SerializationException if the bytes are of an unknown version or damaged
     */
    static StoreNote decode(byte[] stored) {
        ByteBuffer bytes = ByteBuffer.wrap(stored);
        try {
            byte version = bytes.get();
            if (version != VERSION && version != WITHOUT_COUNTS) {
                throw new SerializationException("The store holds a note of version " + version
                        + ", and this release reads versions " + WITHOUT_COUNTS + " and " + VERSION
                        + "; a newer release has written it: run that one");
            }
            long number = ByteUtils.readVarlong(bytes);
            long streamTime = ByteUtils.readVarlong(bytes);
            long ttlMs = ByteUtils.readVarlong(bytes);
            List<Earlier> earlier = new ArrayList<>();
            for (int left = ByteUtils.readVarint(bytes); left > 0; left--) {
                earlier.add(new Earlier(ByteUtils.readVarlong(bytes), ByteUtils.readVarlong(bytes)));
            }
            List<Census.Count> counts = new ArrayList<>();
            for (int left = version == WITHOUT_COUNTS ? 0 : ByteUtils.readVarint(bytes); left > 0; left--) {
                counts.add(new Census.Count(
                        ByteUtils.readVarlong(bytes), ByteUtils.readVarlong(bytes), ByteUtils.readVarlong(bytes)));
            }
            return new StoreNote(number, streamTime, ttlMs, earlier, counts);
        } catch (BufferUnderflowException | IllegalArgumentException damaged) {
            throw new SerializationException("The store holds a damaged note of " + stored.length + " bytes", damaged);
        }
    }
}
