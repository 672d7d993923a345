// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import io.dedup.Coordinates;
import io.dedup.Fingerprint;
import io.dedup.Sighting;
import io.dedup.StoredOutcome;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.utils.ByteUtils;
import org.apache.kafka.common.utils.Utils;
import org.jspecify.annotations.Nullable;

/**
 * The stored form of what a bucket holds of one key: one sighting or several, back to back, or none after a release.
 *
 * <pre>
 * version      1 byte   1
 * flags        1 byte   1 coordinates follow, 2 a fingerprint, 4 an outcome, 8 how far others are
 *                       forgotten; 16 it is settled
 * timestamp    varlong  milliseconds since the epoch
 * lifetime     varlong  expiresAt - timestamp, in milliseconds
 * [partition   varint
 *  offset      varlong
 *  topic       varint length, UTF-8]
 * [fingerprint 20 bytes]
 * [outcome     varint length or -1 for null, bytes]
 * [forgotten   varlong  milliseconds since the epoch; only in the first of several]
 * </pre>
 *
 * Numbers are the zigzag variable-length ones of Kafka's record format. A reader refuses a version or a flag it does not
 * know, since guessing would forget or invent firsts.
 */
final class SightingCodec {
    private static final byte VERSION = 1;
    private static final int HAS_COORDINATES = 1;
    private static final int HAS_FINGERPRINT = 2;
    private static final int HAS_OUTCOME = 4;
    private static final int HAS_FORGOTTEN = 8;
    private static final int IS_SETTLED = 16;
    private static final int KNOWN_FLAGS = HAS_COORDINATES | HAS_FINGERPRINT | HAS_OUTCOME | HAS_FORGOTTEN | IS_SETTLED;

    private SightingCodec() {}

    /** Writes sightings; no bytes if there is none. */
    static byte[] encode(Firsts firsts) {
        int size = 0;
        long forgotten = firsts.forgottenUntil();
        for (Sighting sighting : firsts.sightings()) {
            size += size(sighting, forgotten);
            forgotten = Long.MIN_VALUE;
        }
        ByteBuffer bytes = ByteBuffer.allocate(size);
        forgotten = firsts.forgottenUntil();
        for (Sighting sighting : firsts.sightings()) {
            write(sighting, forgotten, bytes);
            forgotten = Long.MIN_VALUE;
        }
        return bytes.array();
    }

    private static int size(Sighting sighting, long forgotten) {
        Coordinates at = sighting.coordinates();
        int size = 2
                + ByteUtils.sizeOfVarlong(sighting.timestamp())
                + ByteUtils.sizeOfVarlong(sighting.expiresAt() - sighting.timestamp());
        if (at != null) {
            int topic = Utils.utf8Length(at.topic());
            size += ByteUtils.sizeOfVarint(at.partition())
                    + ByteUtils.sizeOfVarlong(at.offset())
                    + ByteUtils.sizeOfVarint(topic)
                    + topic;
        }
        if (sighting.fingerprint() != null) {
            size += Fingerprint.BYTES;
        }
        StoredOutcome outcome = sighting.outcome();
        if (outcome != null) {
            size += ByteUtils.sizeOfVarint(storedLength(outcome)) + outcome.length();
        }
        return forgotten == Long.MIN_VALUE ? size : size + ByteUtils.sizeOfVarlong(forgotten);
    }

    private static void write(Sighting sighting, long forgotten, ByteBuffer bytes) {
        Coordinates at = sighting.coordinates();
        Fingerprint print = sighting.fingerprint();
        StoredOutcome outcome = sighting.outcome();
        int flags = (at == null ? 0 : HAS_COORDINATES)
                | (print == null ? 0 : HAS_FINGERPRINT)
                | (outcome == null ? 0 : HAS_OUTCOME)
                | (forgotten == Long.MIN_VALUE ? 0 : HAS_FORGOTTEN)
                | (sighting.settled() ? IS_SETTLED : 0);
        bytes.put(VERSION).put((byte) flags);
        ByteUtils.writeVarlong(sighting.timestamp(), bytes);
        ByteUtils.writeVarlong(sighting.expiresAt() - sighting.timestamp(), bytes);
        if (at != null) {
            byte[] topic = at.topic().getBytes(StandardCharsets.UTF_8);
            ByteUtils.writeVarint(at.partition(), bytes);
            ByteUtils.writeVarlong(at.offset(), bytes);
            ByteUtils.writeVarint(topic.length, bytes);
            bytes.put(topic);
        }
        if (print != null) {
            bytes.put(print.bytes());
        }
        if (outcome != null) {
            ByteUtils.writeVarint(storedLength(outcome), bytes);
            outcome.writeTo(bytes);
        }
        if (forgotten != Long.MIN_VALUE) {
            ByteUtils.writeVarlong(forgotten, bytes);
        }
    }

    private static int storedLength(StoredOutcome outcome) {
        return outcome.isNull() ? -1 : outcome.length();
    }

    /**
     * Reads back what {@link #encode} wrote.
     *
     * @throws SerializationException if the bytes are of an unknown version or damaged
     */
    static Firsts decode(byte[] stored) {
        if (stored.length == 0) {
            return Firsts.NONE;
        }
        ByteBuffer bytes = ByteBuffer.wrap(stored);
        try {
            List<Sighting> sightings = new ArrayList<>(1);
            long forgotten = Long.MIN_VALUE;
            do {
                int flags = readFlags(bytes);
                sightings.add(readSighting(flags, bytes));
                if ((flags & HAS_FORGOTTEN) != 0) {
                    forgotten = ByteUtils.readVarlong(bytes);
                }
            } while (bytes.hasRemaining());
            return new Firsts(sightings, forgotten);
        } catch (BufferUnderflowException | IllegalArgumentException damaged) {
            throw new SerializationException(
                    "The store holds a damaged sighting of " + stored.length + " bytes", damaged);
        }
    }

    private static int readFlags(ByteBuffer bytes) {
        byte version = bytes.get();
        byte flags = bytes.get();
        if (version != VERSION || (flags & ~KNOWN_FLAGS) != 0) {
            throw new SerializationException("The store holds a sighting of version " + version + " with flags " + flags
                    + ", and this release reads version " + VERSION
                    + "; a newer release has written it: run that one");
        }
        return flags;
    }

    private static Sighting readSighting(int flags, ByteBuffer bytes) {
        long timestamp = ByteUtils.readVarlong(bytes);
        long expiresAt = timestamp + ByteUtils.readVarlong(bytes);
        Coordinates at = (flags & HAS_COORDINATES) == 0 ? null : readCoordinates(bytes);
        Fingerprint print =
                (flags & HAS_FINGERPRINT) == 0 ? null : Fingerprint.fromBytes(read(bytes, Fingerprint.BYTES));
        StoredOutcome outcome = (flags & HAS_OUTCOME) == 0 ? null : readOutcome(bytes);
        return new Sighting(timestamp, expiresAt, at, print, outcome, (flags & IS_SETTLED) != 0);
    }

    private static Coordinates readCoordinates(ByteBuffer bytes) {
        int partition = ByteUtils.readVarint(bytes);
        long offset = ByteUtils.readVarlong(bytes);
        return new Coordinates(
                new String(read(bytes, ByteUtils.readVarint(bytes)), StandardCharsets.UTF_8), partition, offset);
    }

    private static StoredOutcome readOutcome(ByteBuffer bytes) {
        int length = ByteUtils.readVarint(bytes);
        byte @Nullable [] content = length == -1 ? null : read(bytes, length);
        return StoredOutcome.of(content);
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
