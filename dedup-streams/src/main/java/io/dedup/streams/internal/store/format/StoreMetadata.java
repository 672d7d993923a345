// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.format;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.errors.SerializationException;

/**
 * The metadata of a store: from when on it is exact, until when it is needed, by which TTLs its buckets are cut, how far its input
 * has come, and how many firsts it holds.
 *
 * <pre>
 * version     1 byte   6
 * ttl         varlong  the TTL in force, in milliseconds
 * exactFrom   varlong  of records from before this time, firsts may have been forgotten; 0 if of none
 * before      varlong  no first from before the changes that come with this is needed for records after this time; 0 if there is none
 * until       varlong  from that on: no first at all is; in milliseconds
 * written     varlong  the wall clock of the latest change, in milliseconds since the epoch; 0 if there is none
 * committed   varlong  the same of the latest change that is known to have been committed; 0 if there is none
 * exactly     1 byte   1 if it was written under exactly-once, else 0
 * doubts      varint   how many spans of the wall clock follow in which changes were made that need not have been committed
 * [after      varlong  the last time before them, in milliseconds since the epoch
 *  to         varlong  their last time
 *  until      varlong  the last time of a record that one of them is needed for]
 * earlier     varint   how many TTLs follow that were in force before
 * [ttl        varlong  in milliseconds
 *  until      varlong  the last time of a record that something of it is needed for]
 * buckets     varint   how many counts follow
 * [until      varlong  the last time of a record that something in the bucket is needed for
 *  firsts     varlong  how many it holds
 *  oldest     varlong  the time of the oldest, in milliseconds since the epoch]
 * times, position
 *             each     varint   how many topics follow
 *   [topic     varint length, UTF-8
 *    partitions varint   how many follow
 *    [partition varint
 *     number    varlong  the highest time of a record from there, in milliseconds since the epoch; in the position, the offset of the
 *                        last record that changed the store]]
 * key, scope, fingerprint
 *             each     varint length, UTF-8: the definition of its keys. Version 5 ends before it
 * </pre>
 *
 * @param ttlMs the TTL in force, in milliseconds
 * @param exactFrom of records from before this time firsts may have been forgotten; {@link #NONE} if of none
 * @param neededBefore the last time of a record that a first from before the changes that come with this is needed for; {@link #NONE}
 *     if there is none
 * @param neededUntil the last time of a record that any first is needed for; {@link #NONE} if there is none
 * @param committed what is known of commits
 * @param earlier the TTLs that were in force before and still matter
 * @param counts how many firsts are remembered
 * @param times the highest time of any record that was not ahead of the clock by more than is allowed, by source partition
 * @param position the offset of the last record that changed the store, by topic and partition
 * @param definition by what its keys are made
 */
public record StoreMetadata(
        long ttlMs,
        long exactFrom,
        long neededBefore,
        long neededUntil,
        Committed committed,
        List<Earlier> earlier,
        List<KeyCounts.Count> counts,
        Map<String, Map<Integer, Long>> times,
        Map<String, Map<Integer, Long>> position,
        KeyDefinition definition) {
    /** Before any time. */
    public static final long NONE = 0;

    public static final byte VERSION = 6;
    /** The last version without a definition of keys. */
    private static final byte WITHOUT_DEFINITION = 5;

    private static final int MAX_NUMBER_BYTES = 10;

    public StoreMetadata {
        earlier = List.copyOf(earlier);
        counts = List.copyOf(counts);
        times = Map.copyOf(times);
        position = Map.copyOf(position);
    }

    /** The metadata of a store that does not say by what its keys are made. */
    public StoreMetadata(
            long ttlMs,
            long exactFrom,
            long neededBefore,
            long neededUntil,
            Committed committed,
            List<Earlier> earlier,
            List<KeyCounts.Count> counts,
            Map<String, Map<Integer, Long>> times,
            Map<String, Map<Integer, Long>> position) {
        this(
                ttlMs,
                exactFrom,
                neededBefore,
                neededUntil,
                committed,
                earlier,
                counts,
                times,
                position,
                KeyDefinition.UNKNOWN);
    }

    /** The same with that definition. */
    StoreMetadata withDefinition(KeyDefinition other) {
        return new StoreMetadata(
                ttlMs, exactFrom, neededBefore, neededUntil, committed, earlier, counts, times, position, other);
    }

    /**
     * A TTL that was in force before.
     *
     * @param ttlMs in milliseconds
     * @param neededUntil the last time of a record that something of it is needed for, in milliseconds since the epoch
     */
    public record Earlier(long ttlMs, long neededUntil) {}

    /**
     * Which changes are known to have been committed.
     *
     * @param writtenAt the wall clock of the latest change; {@link #NONE} if there is none
     * @param committedAt the same of the latest change that is known to have been committed; {@link #NONE} if there is none
     * @param exactlyOnce whether it was written where the changelog is committed with the input
     * @param doubts when changes were made that need not have been committed, though later ones have been
     */
    public record Committed(long writtenAt, long committedAt, boolean exactlyOnce, List<Doubt> doubts) {
        public static final Committed NOTHING = new Committed(NONE, NONE, false, List.of());

        public Committed {
            doubts = List.copyOf(doubts);
        }
    }

    /**
     * When changes were made that a failure may have left without a commit.
     *
     * @param after the last time before, in milliseconds since the epoch
     * @param to their last time
     * @param neededUntil the last time of a record that one of them is needed for
     */
    public record Doubt(long after, long to, long neededUntil) {}

    /** The metadata of a store that holds nothing. */
    public static StoreMetadata empty(long ttlMs) {
        return new StoreMetadata(ttlMs, NONE, NONE, NONE, Committed.NOTHING, List.of(), List.of(), Map.of(), Map.of());
    }

    /** The same, exact from no earlier than that time. */
    public StoreMetadata exactFrom(long time) {
        return time <= exactFrom
                ? this
                : new StoreMetadata(
                        ttlMs,
                        time,
                        neededBefore,
                        neededUntil,
                        committed,
                        earlier,
                        counts,
                        times,
                        position,
                        definition);
    }

    /** The highest time of any record; {@link Long#MIN_VALUE} if there was none. */
    public long streamTime() {
        return times.values().stream()
                .flatMap(partitions -> partitions.values().stream())
                .mapToLong(Long::longValue)
                .max()
                .orElse(Long.MIN_VALUE);
    }

    public byte[] encode() {
        ByteBuffer bytes = ByteBuffer.allocate(size());
        bytes.put(VERSION);
        Varints.writeVarlong(ttlMs, bytes);
        Varints.writeVarlong(exactFrom, bytes);
        Varints.writeVarlong(neededBefore, bytes);
        Varints.writeVarlong(neededUntil - neededBefore, bytes);
        Varints.writeVarlong(committed.writtenAt(), bytes);
        Varints.writeVarlong(committed.committedAt(), bytes);
        bytes.put((byte) (committed.exactlyOnce() ? 1 : 0));
        Varints.writeUnsignedVarint(committed.doubts().size(), bytes);
        for (Doubt doubt : committed.doubts()) {
            Varints.writeVarlong(doubt.after(), bytes);
            Varints.writeVarlong(doubt.to(), bytes);
            Varints.writeVarlong(doubt.neededUntil(), bytes);
        }
        Varints.writeUnsignedVarint(earlier.size(), bytes);
        for (Earlier one : earlier) {
            Varints.writeVarlong(one.ttlMs(), bytes);
            Varints.writeVarlong(one.neededUntil(), bytes);
        }
        Varints.writeUnsignedVarint(counts.size(), bytes);
        for (KeyCounts.Count count : counts) {
            Varints.writeVarlong(count.until(), bytes);
            Varints.writeVarlong(count.firsts(), bytes);
            Varints.writeVarlong(count.oldest(), bytes);
        }
        write(times, bytes);
        write(position, bytes);
        write(definition.key(), bytes);
        write(definition.scope(), bytes);
        write(definition.fingerprint(), bytes);
        byte[] encoded = new byte[bytes.position()];
        bytes.flip().get(encoded);
        return encoded;
    }

    private static void write(Map<String, Map<Integer, Long>> numbers, ByteBuffer bytes) {
        Varints.writeUnsignedVarint(numbers.size(), bytes);
        numbers.forEach((topic, partitions) -> {
            write(topic, bytes);
            Varints.writeUnsignedVarint(partitions.size(), bytes);
            partitions.forEach((partition, number) -> {
                Varints.writeUnsignedVarint(partition, bytes);
                Varints.writeVarlong(number, bytes);
            });
        });
    }

    private static void write(String text, ByteBuffer bytes) {
        byte[] encoded = text.getBytes(StandardCharsets.UTF_8);
        Varints.writeUnsignedVarint(encoded.length, bytes);
        bytes.put(encoded);
    }

    /** At least as many bytes as the encoded form has. */
    private int size() {
        int numbers = 11 + 3 * committed.doubts().size() + 2 * earlier.size() + 3 * counts.size();
        int texts = size(definition.key()) + size(definition.scope()) + size(definition.fingerprint());
        return 2 + MAX_NUMBER_BYTES * numbers + size(times) + size(position) + texts;
    }

    private static int size(String text) {
        return MAX_NUMBER_BYTES + text.getBytes(StandardCharsets.UTF_8).length;
    }

    private static int size(Map<String, Map<Integer, Long>> numbers) {
        int size = 0;
        for (Map.Entry<String, Map<Integer, Long>> topic : numbers.entrySet()) {
            size += topic.getKey().getBytes(StandardCharsets.UTF_8).length;
            size += 2 * MAX_NUMBER_BYTES * (1 + topic.getValue().size());
        }
        return size;
    }

    /**
     * Reads back what {@link #encode} wrote.
     *
     * @throws SerializationException if the bytes are of an unknown version or damaged
     */
    public static StoreMetadata decode(byte[] stored) {
        ByteBuffer bytes = ByteBuffer.wrap(stored);
        try {
            byte version = bytes.get();
            if (version != VERSION && version != WITHOUT_DEFINITION) {
                throw new SerializationException("The store holds metadata of version " + version
                        + ", and this release reads versions " + WITHOUT_DEFINITION + " and " + VERSION
                        + "; another release has written it: run that one");
            }
            long ttlMs = Varints.readVarlong(bytes);
            long exactFrom = Varints.readVarlong(bytes);
            long neededBefore = Varints.readVarlong(bytes);
            long neededUntil = neededBefore + Varints.readVarlong(bytes);
            long writtenAt = Varints.readVarlong(bytes);
            long committedAt = Varints.readVarlong(bytes);
            boolean exactlyOnce = bytes.get() == 1;
            List<Doubt> doubts = new ArrayList<>();
            for (int left = Varints.readUnsignedVarint(bytes); left > 0; left--) {
                doubts.add(
                        new Doubt(Varints.readVarlong(bytes), Varints.readVarlong(bytes), Varints.readVarlong(bytes)));
            }
            List<Earlier> earlier = new ArrayList<>();
            for (int left = Varints.readUnsignedVarint(bytes); left > 0; left--) {
                earlier.add(new Earlier(Varints.readVarlong(bytes), Varints.readVarlong(bytes)));
            }
            List<KeyCounts.Count> counts = new ArrayList<>();
            for (int left = Varints.readUnsignedVarint(bytes); left > 0; left--) {
                counts.add(new KeyCounts.Count(
                        Varints.readVarlong(bytes), Varints.readVarlong(bytes), Varints.readVarlong(bytes)));
            }
            Map<String, Map<Integer, Long>> times = readNumbers(bytes);
            Map<String, Map<Integer, Long>> position = readNumbers(bytes);
            return new StoreMetadata(
                    ttlMs,
                    exactFrom,
                    neededBefore,
                    neededUntil,
                    new Committed(writtenAt, committedAt, exactlyOnce, doubts),
                    earlier,
                    counts,
                    times,
                    position,
                    version == WITHOUT_DEFINITION
                            ? KeyDefinition.UNKNOWN
                            : new KeyDefinition(readText(bytes), readText(bytes), readText(bytes)));
        } catch (BufferUnderflowException | IllegalArgumentException | NegativeArraySizeException damaged) {
            throw new SerializationException(
                    "The store holds damaged metadata of " + stored.length + " bytes", damaged);
        }
    }

    private static Map<String, Map<Integer, Long>> readNumbers(ByteBuffer bytes) {
        Map<String, Map<Integer, Long>> numbers = new TreeMap<>();
        for (int topics = Varints.readUnsignedVarint(bytes); topics > 0; topics--) {
            String name = readText(bytes);
            Map<Integer, Long> partitions = new TreeMap<>();
            for (int left = Varints.readUnsignedVarint(bytes); left > 0; left--) {
                partitions.put(Varints.readUnsignedVarint(bytes), Varints.readVarlong(bytes));
            }
            numbers.put(name, partitions);
        }
        return numbers;
    }

    private static String readText(ByteBuffer bytes) {
        int length = Varints.readUnsignedVarint(bytes);
        if (length < 0 || length > bytes.remaining()) {
            throw new BufferUnderflowException();
        }
        byte[] text = new byte[length];
        bytes.get(text);
        return new String(text, StandardCharsets.UTF_8);
    }
}
