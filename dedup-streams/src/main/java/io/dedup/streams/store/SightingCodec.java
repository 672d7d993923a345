// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import io.dedup.Coordinates;
import io.dedup.Fingerprint;
import io.dedup.Sighting;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.utils.ByteUtils;
import org.jspecify.annotations.Nullable;

/**
 * The stored form of a sighting.
 *
 * <pre>
 * version      1 byte   1
 * flags        1 byte   1 coordinates follow, 2 a fingerprint follows
 * timestamp    varlong  milliseconds since the epoch
 * lifetime     varlong  expiresAt - timestamp, in milliseconds
 * [partition   varint
 *  offset      varlong
 *  topic       varint length, UTF-8]
 * [fingerprint 16 bytes]
 * </pre>
 *
 * Numbers are the zigzag variable-length ones of Kafka's record format. A reader refuses a version it does not know,
 * since guessing would forget or invent firsts.
 */
final class SightingCodec {
    private static final byte VERSION = 1;
    private static final int HAS_COORDINATES = 1;
    private static final int HAS_FINGERPRINT = 2;
    private static final int KNOWN_FLAGS = HAS_COORDINATES | HAS_FINGERPRINT;

    private SightingCodec() {}

    static byte[] encode(Sighting sighting) {
        Coordinates at = sighting.coordinates();
        Fingerprint print = sighting.fingerprint();
        byte[] topic = at == null ? new byte[0] : at.topic().getBytes(StandardCharsets.UTF_8);
        long lifetime = sighting.expiresAt() - sighting.timestamp();
        int size = 2
                + ByteUtils.sizeOfVarlong(sighting.timestamp())
                + ByteUtils.sizeOfVarlong(lifetime)
                + (at == null
                        ? 0
                        : ByteUtils.sizeOfVarint(at.partition())
                                + ByteUtils.sizeOfVarlong(at.offset())
                                + ByteUtils.sizeOfVarint(topic.length)
                                + topic.length)
                + (print == null ? 0 : Fingerprint.BYTES);
        ByteBuffer bytes = ByteBuffer.allocate(size);
        bytes.put(VERSION).put((byte) ((at == null ? 0 : HAS_COORDINATES) | (print == null ? 0 : HAS_FINGERPRINT)));
        ByteUtils.writeVarlong(sighting.timestamp(), bytes);
        ByteUtils.writeVarlong(lifetime, bytes);
        if (at != null) {
            ByteUtils.writeVarint(at.partition(), bytes);
            ByteUtils.writeVarlong(at.offset(), bytes);
            ByteUtils.writeVarint(topic.length, bytes);
            bytes.put(topic);
        }
        if (print != null) {
            bytes.put(print.bytes());
        }
        return bytes.array();
    }

    /**
     * Reads back what {@link #encode} wrote.
     *
     * @throws SerializationException if the bytes are of an unknown version or damaged
     */
    static Sighting decode(byte[] stored) {
        ByteBuffer bytes = ByteBuffer.wrap(stored);
        try {
            byte version = bytes.get();
            byte flags = bytes.get();
            if (version != VERSION || (flags & ~KNOWN_FLAGS) != 0) {
                throw new SerializationException("The store holds a sighting of version " + version + " with flags "
                        + flags + ", and this release reads version " + VERSION
                        + "; a newer release has written it: run that one");
            }
            long timestamp = ByteUtils.readVarlong(bytes);
            long expiresAt = timestamp + ByteUtils.readVarlong(bytes);
            Coordinates at = (flags & HAS_COORDINATES) == 0 ? null : readCoordinates(bytes);
            Fingerprint print = (flags & HAS_FINGERPRINT) == 0 ? null : readFingerprint(bytes);
            return new Sighting(timestamp, expiresAt, at, print);
        } catch (BufferUnderflowException | IllegalArgumentException damaged) {
            throw new SerializationException(
                    "The store holds a damaged sighting of " + stored.length + " bytes", damaged);
        }
    }

    private static Coordinates readCoordinates(ByteBuffer bytes) {
        int partition = ByteUtils.readVarint(bytes);
        long offset = ByteUtils.readVarlong(bytes);
        return new Coordinates(
                new String(read(bytes, ByteUtils.readVarint(bytes)), StandardCharsets.UTF_8), partition, offset);
    }

    private static @Nullable Fingerprint readFingerprint(ByteBuffer bytes) {
        return Fingerprint.fromBytes(read(bytes, Fingerprint.BYTES));
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
