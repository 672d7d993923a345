// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.format;

import io.dedup.Coordinates;
import io.dedup.Fingerprint;
import io.dedup.SeenRecord;
import io.dedup.StoredOutcome;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.kafka.common.errors.SerializationException;
import org.jspecify.annotations.Nullable;

/**
 * The stored form of what a bucket holds of one key: one seen record or several, back to back, or nothing after a release. With a
 * dictionary of {@link PartitionDictionary} nearly every entry is of a dozen bytes; without one it can be read by itself.
 *
 * <pre>
 * flags        1 byte   1 the place is a number of the dictionary, 2 it is settled, 4 a fingerprint follows, 8 an outcome,
 *                       16 how far others are forgotten; 32 there are no coordinates
 * [number      varint | lifetime varlong, topic varint length and UTF-8, partition varint | lifetime varlong]
 * time         varlong  from the start of the bucket, in milliseconds
 * written      varlong  the wall clock, from the time
 * [offset      varlong  if there are coordinates]
 * [fingerprint 20 bytes]
 * [outcome     varint length or -1 for null, bytes]
 * [forgotten   varlong  milliseconds since the epoch; only in the first of several]
 * </pre>
 *
 * Numbers are the variable-length ones of Kafka's record format. What leaves the machine is preceded by a version, which the
 * reader refuses if it does not know it, since guessing would forget or invent firsts.
 *
 * <p>Confined to one thread, or to the lock of a store.
 */
public final class EntryCodec {
    public static final byte VERSION = 2;
    private static final int NUMBERED = 1;
    private static final int IS_SETTLED = 2;
    private static final int HAS_FINGERPRINT = 4;
    private static final int HAS_OUTCOME = 8;
    private static final int HAS_FORGOTTEN = 16;
    private static final int NO_COORDINATES = 32;
    private static final int KNOWN_FLAGS =
            NUMBERED | IS_SETTLED | HAS_FINGERPRINT | HAS_OUTCOME | HAS_FORGOTTEN | NO_COORDINATES;

    private static final int MAX_NUMBER_BYTES = 10;
    /** Of a seen record, without its topic and outcome. */
    private static final int MAX_SIMPLE_BYTES = 1 + 7 * MAX_NUMBER_BYTES + Fingerprint.BYTES;

    private static final int MAX_TOPIC_BYTES = 3 * 249;

    private final @Nullable PartitionDictionary places;
    private ByteBuffer scratch = ByteBuffer.allocate(MAX_SIMPLE_BYTES + MAX_TOPIC_BYTES);

    /** A codec of entries that refer to that dictionary. */
    public EntryCodec(PartitionDictionary places) {
        this.places = places;
    }

    /** A codec of entries that are read by themselves. */
    public EntryCodec() {
        this.places = null;
    }

    /** Whether these are one seen record with coordinates and without an outcome, as nearly all are. */
    public static boolean isSimple(BucketEntry firsts) {
        if (firsts.seenRecords().size() != 1 || firsts.forgottenUntil() != Long.MIN_VALUE) {
            return false;
        }
        SeenRecord only = firsts.seenRecords().get(0);
        return only.outcome() == null && only.coordinates() != null;
    }

    /**
     * Writes one seen record into {@link #written}.
     *
     * @param bucket its start, in milliseconds since the epoch
     * @param now the wall clock in milliseconds since the epoch
     * @return how many bytes
     */
    public int write(SeenRecord seen, long bucket, long now) {
        scratch.clear();
        write(seen, bucket, now, Long.MIN_VALUE);
        return scratch.position();
    }

    /** The same for what a batch says, of which no seen record is made. */
    public int write(ChangelogBatch.Entry first, long bucket) {
        PartitionDictionary.Place place = first.place();
        scratch.clear();
        byte[] print = first.fingerprint();
        int flags = (first.isSettled() ? IS_SETTLED : 0) | (print == null ? 0 : HAS_FINGERPRINT);
        writePlace(flags, place.topic(), place.partition(), place.lifetimeMs(), numberOf(place));
        Varints.writeVarlong(first.time() - bucket, scratch);
        Varints.writeVarlong(first.written() - first.time(), scratch);
        Varints.writeVarlong(first.offset(), scratch);
        if (print != null) {
            scratch.put(print);
        }
        return scratch.position();
    }

    private int numberOf(PartitionDictionary.Place place) {
        return places == null ? -1 : places.numberOf(place);
    }

    /** The bytes that were written last, and more after them. */
    public byte[] written() {
        return scratch.array();
    }

    /**
     * Writes everything that a bucket holds of a key.
     *
     * @param bucket its start, in milliseconds since the epoch
     * @param now the wall clock in milliseconds since the epoch
     * @return no bytes if there is none
     */
    public byte[] encode(BucketEntry firsts, long bucket, long now) {
        scratch.clear();
        long forgotten = firsts.forgottenUntil();
        for (SeenRecord seen : firsts.seenRecords()) {
            write(seen, bucket, now, forgotten);
            forgotten = Long.MIN_VALUE;
        }
        return Arrays.copyOf(scratch.array(), scratch.position());
    }

    /** The same, preceded by the version; nothing but that if there is none. */
    public byte[] encodeVersioned(BucketEntry firsts, long bucket, long now) {
        byte[] entry = encode(firsts, bucket, now);
        return ByteBuffer.allocate(1 + entry.length).put(VERSION).put(entry).array();
    }

    private void write(SeenRecord seen, long bucket, long now, long forgotten) {
        Coordinates at = seen.coordinates();
        Fingerprint print = seen.fingerprint();
        StoredOutcome outcome = seen.outcome();
        long lifetime = seen.expiresAt() - seen.timestamp();
        makeRoomFor(outcome == null ? 0 : outcome.length());
        int flags = (at == null ? NO_COORDINATES : 0)
                | (print == null ? 0 : HAS_FINGERPRINT)
                | (outcome == null ? 0 : HAS_OUTCOME)
                | (forgotten == Long.MIN_VALUE ? 0 : HAS_FORGOTTEN)
                | (seen.settled() ? IS_SETTLED : 0);
        if (at == null) {
            scratch.put((byte) flags);
            Varints.writeVarlong(lifetime, scratch);
        } else {
            writePlace(flags, at.topic(), at.partition(), lifetime, places == null ? -1 : places.numberOf(seen));
        }
        Varints.writeVarlong(seen.timestamp() - bucket, scratch);
        Varints.writeVarlong(now - seen.timestamp(), scratch);
        if (at != null) {
            Varints.writeVarlong(at.offset(), scratch);
        }
        if (print != null) {
            scratch.put(print.bytes());
        }
        if (outcome != null) {
            Varints.writeVarint(outcome.isNull() ? -1 : outcome.length(), scratch);
            outcome.writeTo(scratch);
        }
        if (forgotten != Long.MIN_VALUE) {
            Varints.writeVarlong(forgotten, scratch);
        }
    }

    private void writePlace(int flags, String topic, int partition, long lifetime, int number) {
        if (number >= 0) {
            scratch.put((byte) (flags | NUMBERED));
            Varints.writeUnsignedVarint(number, scratch);
            return;
        }
        byte[] name = topic.getBytes(StandardCharsets.UTF_8);
        scratch.put((byte) flags);
        Varints.writeVarlong(lifetime, scratch);
        Varints.writeUnsignedVarint(name.length, scratch);
        scratch.put(name);
        Varints.writeUnsignedVarint(partition, scratch);
    }

    private void makeRoomFor(int outcome) {
        int needed = MAX_SIMPLE_BYTES + MAX_TOPIC_BYTES + outcome;
        if (scratch.remaining() < needed) {
            ByteBuffer larger = ByteBuffer.allocate(2 * scratch.capacity() + needed);
            larger.put(scratch.flip());
            scratch = larger;
        }
    }

    /**
     * Reads back what {@link #encode} wrote with this dictionary.
     *
     * @throws SerializationException if the bytes are damaged
     */
    public BucketEntry decode(byte[] entry, long bucket) {
        return decode(ByteBuffer.wrap(entry), bucket);
    }

    /**
     * Reads back what {@link #encodeVersioned} wrote.
     *
     * @throws SerializationException if the bytes are of an unknown version or damaged
     */
    public BucketEntry decodeVersioned(byte[] stored, long bucket) {
        ByteBuffer bytes = ByteBuffer.wrap(stored);
        if (stored.length == 0 || bytes.get() != VERSION) {
            throw new SerializationException("The store holds an entry of version "
                    + (stored.length == 0 ? "none" : stored[0]) + ", and this release reads version " + VERSION
                    + "; another release has written it: run that one");
        }
        return decode(bytes, bucket);
    }

    private BucketEntry decode(ByteBuffer bytes, long bucket) {
        if (!bytes.hasRemaining()) {
            return BucketEntry.NONE;
        }
        int length = bytes.remaining();
        try {
            int flags = readFlags(bytes);
            SeenRecord first = readSeenRecord(flags, bytes, bucket);
            long forgotten = (flags & HAS_FORGOTTEN) == 0 ? Long.MIN_VALUE : Varints.readVarlong(bytes);
            if (!bytes.hasRemaining()) {
                return new BucketEntry(List.of(first), forgotten);
            }
            List<SeenRecord> seenRecords = new ArrayList<>();
            seenRecords.add(first);
            while (bytes.hasRemaining()) {
                seenRecords.add(readSeenRecord(readFlags(bytes), bytes, bucket));
            }
            return new BucketEntry(seenRecords, forgotten);
        } catch (BufferUnderflowException | IllegalArgumentException | IndexOutOfBoundsException damaged) {
            throw new SerializationException("The store holds a damaged entry of " + length + " bytes", damaged);
        }
    }

    private static int readFlags(ByteBuffer bytes) {
        byte flags = bytes.get();
        if ((flags & ~KNOWN_FLAGS) != 0) {
            throw new SerializationException(
                    "The store holds an entry with flags " + flags + "; a newer release has written it: run that one");
        }
        return flags;
    }

    private SeenRecord readSeenRecord(int flags, ByteBuffer bytes, long bucket) {
        PartitionDictionary.Place place = null;
        long lifetime = 0;
        if ((flags & NUMBERED) != 0) {
            place = dictionary().get(Varints.readUnsignedVarint(bytes));
            lifetime = place.lifetimeMs();
        } else {
            lifetime = Varints.readVarlong(bytes);
            if ((flags & NO_COORDINATES) == 0) {
                String topic = new String(read(bytes, Varints.readUnsignedVarint(bytes)), StandardCharsets.UTF_8);
                place = new PartitionDictionary.Place(topic, Varints.readUnsignedVarint(bytes), lifetime);
            }
        }
        long time = bucket + Varints.readVarlong(bytes);
        Varints.readVarlong(bytes);
        Coordinates at =
                place == null ? null : new Coordinates(place.topic(), place.partition(), Varints.readVarlong(bytes));
        Fingerprint print =
                (flags & HAS_FINGERPRINT) == 0 ? null : Fingerprint.fromBytes(read(bytes, Fingerprint.BYTES));
        StoredOutcome outcome = (flags & HAS_OUTCOME) == 0 ? null : readOutcome(bytes);
        return new SeenRecord(time, time + lifetime, at, print, outcome, (flags & IS_SETTLED) != 0);
    }

    private PartitionDictionary dictionary() {
        if (places == null) {
            throw new IllegalArgumentException("An entry that can be read by itself has no number of a place");
        }
        return places;
    }

    private static StoredOutcome readOutcome(ByteBuffer bytes) {
        int length = Varints.readVarint(bytes);
        byte @Nullable [] content = length == -1 ? null : read(bytes, length);
        return StoredOutcome.of(content);
    }

    /** When an entry that is not empty was written: the wall clock in milliseconds since the epoch. */
    public long writtenAt(byte[] entry, long bucket) {
        ByteBuffer bytes = ByteBuffer.wrap(entry);
        int flags = readFlags(bytes);
        if ((flags & NUMBERED) != 0) {
            Varints.readUnsignedVarint(bytes);
        } else {
            Varints.readVarlong(bytes);
            if ((flags & NO_COORDINATES) == 0) {
                read(bytes, Varints.readUnsignedVarint(bytes));
                Varints.readUnsignedVarint(bytes);
            }
        }
        long time = bucket + Varints.readVarlong(bytes);
        return time + Varints.readVarlong(bytes);
    }

    private static byte[] read(ByteBuffer bytes, int length) {
        if (length < 0 || length > bytes.remaining()) {
            throw new BufferUnderflowException();
        }
        byte[] part = new byte[length];
        bytes.get(part);
        return part;
    }
}
