// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import io.dedup.Coordinates;
import io.dedup.Fingerprint;
import io.dedup.Sighting;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.utils.ByteUtils;
import org.jspecify.annotations.Nullable;

/**
 * The short form in which an engine holds what a bucket has of one key: for nearly all a dozen bytes.
 *
 * <pre>
 * flags      1 byte   1 packed, else what follows is the value as it was put; 2 it is settled; 4 a fingerprint follows
 * [place     varint   a number of {@link Places}
 *  time      varlong  from the start of the bucket, in milliseconds
 *  written   varlong  the wall clock, from the time
 *  offset    varlong
 *  [fingerprint 20 bytes]]
 * </pre>
 *
 * <p>Packed is one sighting with coordinates and without an outcome. No bytes at all stand for a value that was deleted.
 *
 * <p>Confined to whoever holds the lock of the store.
 */
final class Packing {
    /** No packed sighting takes more. */
    static final int MOST_BYTES = 1 + 5 + 3 * 10 + Fingerprint.BYTES;

    private static final int PACKED = 1;
    private static final int IS_SETTLED = 2;
    private static final int HAS_FINGERPRINT = 4;
    private static final int KNOWN_FLAGS = PACKED | IS_SETTLED | HAS_FINGERPRINT;

    private final Places places;
    private final ByteBuffer scratch = ByteBuffer.allocate(MOST_BYTES);

    Packing(Places places) {
        this.places = places;
    }

    /** Whether these are what {@link #pack(Sighting, long, long)} takes. */
    static boolean isSimple(Firsts firsts) {
        if (firsts.sightings().size() != 1 || firsts.forgottenUntil() != Long.MIN_VALUE) {
            return false;
        }
        Sighting only = firsts.sightings().get(0);
        return only.outcome() == null && only.coordinates() != null;
    }

    /**
     * Packs a simple sighting into {@link #packed}.
     *
     * @param now the wall clock in milliseconds since the epoch
     * @return how many bytes; -1 if there are too many places
     */
    int pack(Sighting sighting, long bucket, long now) {
        Coordinates at = sighting.coordinates();
        if (at == null) {
            return -1;
        }
        Fingerprint print = sighting.fingerprint();
        begin(sighting.settled(), print != null);
        return write(
                places.numberOf(sighting),
                sighting.timestamp() - bucket,
                now - sighting.timestamp(),
                at.offset(),
                print == null ? null : print.bytes());
    }

    /** The same for what a block says. */
    int pack(FirstsBlock.Entry first, long bucket) {
        begin(first.isSettled(), first.fingerprint() != null);
        return write(
                places.numberOf(first.place()),
                first.time() - bucket,
                first.written() - first.time(),
                first.offset(),
                first.fingerprint());
    }

    private void begin(boolean settled, boolean fingerprint) {
        scratch.clear();
        scratch.put((byte) (PACKED | (settled ? IS_SETTLED : 0) | (fingerprint ? HAS_FINGERPRINT : 0)));
    }

    private int write(int place, long time, long written, long offset, byte @Nullable [] print) {
        if (place < 0) {
            return -1;
        }
        ByteUtils.writeUnsignedVarint(place, scratch);
        ByteUtils.writeVarlong(time, scratch);
        ByteUtils.writeVarlong(written, scratch);
        ByteUtils.writeVarlong(offset, scratch);
        if (print != null) {
            scratch.put(print);
        }
        return scratch.position();
    }

    /** The bytes that were packed last, and more after them. */
    byte[] packed() {
        return scratch.array();
    }

    /**
     * The short form of a value as Kafka Streams puts it: the wall clock in eight bytes, then firsts as {@link
     * SightingCodec} writes them. Anything else is kept as it is.
     */
    byte[] packValue(byte[] value, long bucket) {
        if (value.length > Long.BYTES) {
            byte[] firsts = Arrays.copyOfRange(value, Long.BYTES, value.length);
            try {
                Firsts decoded = SightingCodec.decode(firsts);
                if (isSimple(decoded) && Arrays.equals(SightingCodec.encode(decoded), firsts)) {
                    int length = pack(
                            decoded.sightings().get(0),
                            bucket,
                            ByteBuffer.wrap(value).getLong());
                    if (length > 0) {
                        return Arrays.copyOf(packed(), length);
                    }
                }
            } catch (SerializationException somethingElse) {
                return raw(value);
            }
        }
        return raw(value);
    }

    /** What stands for a sighting where {@link #pack} finds too many places. */
    static byte[] unpacked(Sighting sighting, long now) {
        return raw(value(sighting, now));
    }

    /** The sighting as Kafka Streams puts it. */
    private static byte[] value(Sighting sighting, long now) {
        byte[] firsts = SightingCodec.encode(Firsts.of(sighting));
        return ByteBuffer.allocate(Long.BYTES + firsts.length)
                .putLong(now)
                .put(firsts)
                .array();
    }

    private static byte[] raw(byte[] value) {
        byte[] raw = new byte[1 + value.length];
        System.arraycopy(value, 0, raw, 1, value.length);
        return raw;
    }

    /** The value that {@link #packValue} was given. */
    byte[] value(byte[] packed, long bucket) {
        if (packed[0] == 0) {
            return Arrays.copyOfRange(packed, 1, packed.length);
        }
        return value(sighting(ByteBuffer.wrap(packed), bucket), writtenAt(packed, bucket));
    }

    private static long writtenAt(byte[] packed, long bucket) {
        ByteBuffer bytes = ByteBuffer.wrap(packed);
        bytes.get();
        ByteUtils.readUnsignedVarint(bytes);
        long time = bucket + ByteUtils.readVarlong(bytes);
        return time + ByteUtils.readVarlong(bytes);
    }

    /** The firsts that were packed. */
    Firsts firsts(byte[] packed, long bucket) {
        if (packed[0] == 0) {
            return SightingCodec.decode(Arrays.copyOfRange(packed, 1 + Long.BYTES, packed.length));
        }
        return new Firsts(List.of(sighting(ByteBuffer.wrap(packed), bucket)), Long.MIN_VALUE);
    }

    private Sighting sighting(ByteBuffer bytes, long bucket) {
        byte flags = bytes.get();
        if ((flags & ~KNOWN_FLAGS) != 0) {
            throw new SerializationException("The store holds a packed sighting with flags " + flags
                    + "; a newer release has written it: run that one");
        }
        Places.Place place = places.get(ByteUtils.readUnsignedVarint(bytes));
        long time = bucket + ByteUtils.readVarlong(bytes);
        ByteUtils.readVarlong(bytes);
        Coordinates at = new Coordinates(place.topic(), place.partition(), ByteUtils.readVarlong(bytes));
        Fingerprint print = null;
        if ((flags & HAS_FINGERPRINT) != 0) {
            byte[] digest = new byte[Fingerprint.BYTES];
            bytes.get(digest);
            print = Fingerprint.fromBytes(digest);
        }
        return new Sighting(time, time + place.lifetimeMs(), at, print, null, (flags & IS_SETTLED) != 0);
    }
}
