// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.errors.SerializationException;

/**
 * What a store knows of itself: stream time, by which TTLs its buckets are cut, how long they are needed, how many firsts it holds,
 * and which records have changed it last.
 *
 * <pre>
 * version     1 byte   4
 * streamTime  varlong  milliseconds since the epoch
 * newest      varlong  no first is remembered from after this time: from stream time, in milliseconds
 * ttl         varlong  the TTL in force, in milliseconds
 * retention   varlong  how long a bucket of it is needed, from its start, in milliseconds
 * lateness    varlong  the allowed lateness in force, in milliseconds
 * exactFrom   varlong  of records from before this time, firsts may have been forgotten; 0 if of none
 * earlier     varint   how many TTLs follow that were in force before
 * [ttl        varlong  in milliseconds
 *  retention  varlong  likewise
 *  until      varlong  the stream time after which nothing of it is needed any more]
 * buckets     varint   how many counts follow
 * [until      varlong  the stream time after which nothing of the bucket is needed any more
 *  firsts     varlong  how many it holds
 *  oldest     varlong  the time of the oldest, in milliseconds since the epoch]
 * topics      varint   how many follow
 * [topic      varint length, UTF-8
 *  partitions varint   how many follow
 *  [partition varint
 *   offset    varlong  of the last record that changed the store]]
 * </pre>
 *
 * @param streamTime in milliseconds since the epoch; {@link Long#MIN_VALUE} before the first record
 * @param newest no first is remembered from after this time; {@link Long#MIN_VALUE} if there is none
 * @param ttlMs the TTL in force, in milliseconds
 * @param retentionMs how long a bucket of it is needed, from its start, in milliseconds
 * @param latenessMs the allowed lateness in force, in milliseconds
 * @param exactFrom of records from before this time firsts may have been forgotten, since less lateness was allowed before; {@link
 *     Long#MIN_VALUE} if of none
 * @param earlier the TTLs that were in force before and still matter
 * @param counts how many firsts are remembered
 * @param position the offset of the last record that changed the store, by topic and partition
 */
record StoreMetadata(
        long streamTime,
        long newest,
        long ttlMs,
        long retentionMs,
        long latenessMs,
        long exactFrom,
        List<Earlier> earlier,
        List<Census.Count> counts,
        Map<String, Map<Integer, Long>> position) {
    static final byte VERSION = 4;
    private static final int MAX_NUMBER_BYTES = 10;

    StoreMetadata {
        earlier = List.copyOf(earlier);
        counts = List.copyOf(counts);
        position = Map.copyOf(position);
    }

    /**
     * A TTL that was in force before.
     *
     * @param ttlMs in milliseconds
     * @param retentionMs how long a bucket of it is needed, from its start, in milliseconds
     * @param until the stream time after which nothing of it is needed any more, in milliseconds since the epoch
     */
    record Earlier(long ttlMs, long retentionMs, long until) {}

    /** The metadata of a store that holds nothing. */
    static StoreMetadata empty(long ttlMs) {
        return new StoreMetadata(
                Long.MIN_VALUE, Long.MIN_VALUE, ttlMs, 0, 0, Long.MIN_VALUE, List.of(), List.of(), Map.of());
    }

    /** The same with that position. */
    StoreMetadata at(Map<String, Map<Integer, Long>> newPosition) {
        return new StoreMetadata(
                streamTime, newest, ttlMs, retentionMs, latenessMs, exactFrom, earlier, counts, newPosition);
    }

    /** How long a bucket is needed, from its start, whichever TTL it was cut by, in milliseconds. */
    long longestRetentionMs() {
        long longest = retentionMs;
        for (Earlier one : earlier) {
            longest = Math.max(longest, one.retentionMs());
        }
        return longest;
    }

    byte[] encode() {
        ByteBuffer bytes = ByteBuffer.allocate(size());
        bytes.put(VERSION);
        Varints.writeVarlong(streamTime, bytes);
        Varints.writeVarlong(newest - streamTime, bytes);
        Varints.writeVarlong(ttlMs, bytes);
        Varints.writeVarlong(retentionMs, bytes);
        Varints.writeVarlong(latenessMs, bytes);
        Varints.writeVarlong(exactFrom == Long.MIN_VALUE ? 0 : exactFrom, bytes);
        Varints.writeUnsignedVarint(earlier.size(), bytes);
        for (Earlier one : earlier) {
            Varints.writeVarlong(one.ttlMs(), bytes);
            Varints.writeVarlong(one.retentionMs(), bytes);
            Varints.writeVarlong(one.until(), bytes);
        }
        Varints.writeUnsignedVarint(counts.size(), bytes);
        for (Census.Count count : counts) {
            Varints.writeVarlong(count.until(), bytes);
            Varints.writeVarlong(count.firsts(), bytes);
            Varints.writeVarlong(count.oldest(), bytes);
        }
        Varints.writeUnsignedVarint(position.size(), bytes);
        position.forEach((topic, offsets) -> {
            byte[] name = topic.getBytes(StandardCharsets.UTF_8);
            Varints.writeUnsignedVarint(name.length, bytes);
            bytes.put(name);
            Varints.writeUnsignedVarint(offsets.size(), bytes);
            offsets.forEach((partition, offset) -> {
                Varints.writeUnsignedVarint(partition, bytes);
                Varints.writeVarlong(offset, bytes);
            });
        });
        byte[] encoded = new byte[bytes.position()];
        bytes.flip().get(encoded);
        return encoded;
    }

    /** At least as many bytes as the encoded form has. */
    private int size() {
        int numbers = 9 + 3 * earlier.size() + 3 * counts.size();
        int names = 0;
        for (Map.Entry<String, Map<Integer, Long>> topic : position.entrySet()) {
            numbers += 2 + 2 * topic.getValue().size();
            names += topic.getKey().getBytes(StandardCharsets.UTF_8).length;
        }
        return 1 + MAX_NUMBER_BYTES * numbers + names;
    }

    /**
     * Reads back what {@link #encode} wrote.
     *
     * @throws SerializationException if the bytes are of an unknown version or damaged
     */
    static StoreMetadata decode(byte[] stored) {
        ByteBuffer bytes = ByteBuffer.wrap(stored);
        try {
            byte version = bytes.get();
            if (version != VERSION) {
                throw new SerializationException("The store holds metadata of version " + version
                        + ", and this release reads version " + VERSION
                        + "; another release has written it: run that one");
            }
            long streamTime = Varints.readVarlong(bytes);
            long newest = streamTime + Varints.readVarlong(bytes);
            long ttlMs = Varints.readVarlong(bytes);
            long retentionMs = Varints.readVarlong(bytes);
            long latenessMs = Varints.readVarlong(bytes);
            long exactFrom = Varints.readVarlong(bytes);
            exactFrom = exactFrom == 0 ? Long.MIN_VALUE : exactFrom;
            List<Earlier> earlier = new ArrayList<>();
            for (int left = Varints.readUnsignedVarint(bytes); left > 0; left--) {
                earlier.add(new Earlier(
                        Varints.readVarlong(bytes), Varints.readVarlong(bytes), Varints.readVarlong(bytes)));
            }
            List<Census.Count> counts = new ArrayList<>();
            for (int left = Varints.readUnsignedVarint(bytes); left > 0; left--) {
                counts.add(new Census.Count(
                        Varints.readVarlong(bytes), Varints.readVarlong(bytes), Varints.readVarlong(bytes)));
            }
            return new StoreMetadata(
                    streamTime,
                    newest,
                    ttlMs,
                    retentionMs,
                    latenessMs,
                    exactFrom,
                    earlier,
                    counts,
                    readPosition(bytes));
        } catch (BufferUnderflowException | IllegalArgumentException | NegativeArraySizeException damaged) {
            throw new SerializationException(
                    "The store holds damaged metadata of " + stored.length + " bytes", damaged);
        }
    }

    private static Map<String, Map<Integer, Long>> readPosition(ByteBuffer bytes) {
        Map<String, Map<Integer, Long>> position = new TreeMap<>();
        for (int topics = Varints.readUnsignedVarint(bytes); topics > 0; topics--) {
            int length = Varints.readUnsignedVarint(bytes);
            if (length < 0 || length > bytes.remaining()) {
                throw new BufferUnderflowException();
            }
            byte[] name = new byte[length];
            bytes.get(name);
            Map<Integer, Long> offsets = new TreeMap<>();
            for (int left = Varints.readUnsignedVarint(bytes); left > 0; left--) {
                offsets.put(Varints.readUnsignedVarint(bytes), Varints.readVarlong(bytes));
            }
            position.put(new String(name, StandardCharsets.UTF_8), offsets);
        }
        return position;
    }
}
