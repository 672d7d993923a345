// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import io.dedup.Coordinates;
import io.dedup.Fingerprint;
import io.dedup.Sighting;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.utils.ByteUtils;
import org.apache.kafka.common.utils.Bytes;
import org.jspecify.annotations.Nullable;

/**
 * Firsts of one bucket that are written to the changelog together: what they have in common once, and of times and offsets
 * how they differ from those before.
 *
 * <pre>
 * version    1 byte   1
 * places     as {@link Places} writes them
 * prefixes   varint   how many follow, eight bytes each: the scopes and sources of keys
 * then, up to the end, for each first
 * flags      1 byte   1 place and prefix are those of the one before; 2 it is settled; 4 a fingerprint follows
 * [place     varint
 *  prefix    varint]
 * key        varint length, bytes without the prefix
 * time       varlong  from that of the one before, or the start of the bucket, in milliseconds
 * written    varlong  the wall clock, from that of the one before, or from the time
 * offset     varlong  from that of the one before, or 0
 * [fingerprint 20 bytes]
 * </pre>
 *
 * <p>Confined to one thread.
 */
final class FirstsBlock {
    private static final byte VERSION = 1;
    private static final int LIKE_BEFORE = 1;
    private static final int IS_SETTLED = 2;
    private static final int HAS_FINGERPRINT = 4;
    private static final int KNOWN_FLAGS = LIKE_BEFORE | IS_SETTLED | HAS_FINGERPRINT;
    private static final int MOST_BYTES_BESIDE_KEY = 1 + 3 * 5 + 3 * 10 + Fingerprint.BYTES;

    private final long bucket;
    private final Places places = new Places();
    private final List<byte[]> prefixes = new ArrayList<>();
    private ByteBuffer entries;
    private int count;
    private int place;
    private int prefix;
    private long time;
    private long written;
    private long offset;

    /** Takes a first that is read from a block. */
    @FunctionalInterface
    interface Reader {
        /** Takes one; it changes when the next is read. */
        void read(Bytes key, Entry first);
    }

    /** What a block says of the first that was read last. Made once for a block, since restoring reads many. */
    static final class Entry {
        private Places.Place place = new Places.Place("", 0, 0);
        private boolean settled;
        private long time;
        private long written;
        private long offset;
        private byte @Nullable [] print;

        private Entry(long bucket) {
            time = bucket;
        }

        Places.Place place() {
            return place;
        }

        boolean isSettled() {
            return settled;
        }

        /** Its event time, in milliseconds since the epoch. */
        long time() {
            return time;
        }

        /** The wall clock when it was written, in milliseconds since the epoch. */
        long written() {
            return written;
        }

        long offset() {
            return offset;
        }

        byte @Nullable [] fingerprint() {
            return print;
        }

        Sighting toSighting() {
            Coordinates at = new Coordinates(place.topic(), place.partition(), offset);
            Fingerprint fingerprint = print == null ? null : Fingerprint.fromBytes(print);
            return new Sighting(time, time + place.lifetimeMs(), at, fingerprint, null, settled);
        }
    }

    /**
     * An empty block.
     *
     * @param bytes how many bytes of firsts there are about to be; it grows when there are more
     */
    FirstsBlock(long bucket, int bytes) {
        this.bucket = bucket;
        this.entries = ByteBuffer.allocate(bytes);
    }

    long bucket() {
        return bucket;
    }

    int count() {
        return count;
    }

    /** The wall clock when the last first was added, in milliseconds since the epoch. */
    long written() {
        return written;
    }

    /** How many bytes of firsts there are. */
    int length() {
        return entries.position();
    }

    /**
     * Adds a first, unless there are too many places.
     *
     * @param first with coordinates and without an outcome
     * @param now the wall clock in milliseconds since the epoch
     * @return whether it was added
     */
    boolean add(Bytes key, Sighting first, long now) {
        int itsPlace = places.numberOf(first);
        Coordinates at = first.coordinates();
        if (itsPlace < 0 || at == null) {
            return false;
        }
        byte[] whole = key.get();
        int itsPrefix = prefixOf(whole);
        Fingerprint print = first.fingerprint();
        makeRoomFor(MOST_BYTES_BESIDE_KEY + whole.length);
        boolean like = count > 0 && itsPlace == place && itsPrefix == prefix;
        entries.put((byte) ((like ? LIKE_BEFORE : 0)
                | (first.settled() ? IS_SETTLED : 0)
                | (print == null ? 0 : HAS_FINGERPRINT)));
        if (!like) {
            ByteUtils.writeUnsignedVarint(itsPlace, entries);
            ByteUtils.writeUnsignedVarint(itsPrefix, entries);
        }
        ByteUtils.writeUnsignedVarint(whole.length - SeenKey.PREFIX_BYTES, entries);
        entries.put(whole, SeenKey.PREFIX_BYTES, whole.length - SeenKey.PREFIX_BYTES);
        ByteUtils.writeVarlong(first.timestamp() - (count == 0 ? bucket : time), entries);
        ByteUtils.writeVarlong(now - (count == 0 ? first.timestamp() : written), entries);
        ByteUtils.writeVarlong(at.offset() - offset, entries);
        if (print != null) {
            entries.put(print.bytes());
        }
        place = itsPlace;
        prefix = itsPrefix;
        time = first.timestamp();
        written = now;
        offset = at.offset();
        count++;
        return true;
    }

    private int prefixOf(byte[] key) {
        for (int i = 0; i < prefixes.size(); i++) {
            if (Arrays.equals(prefixes.get(i), 0, SeenKey.PREFIX_BYTES, key, 0, SeenKey.PREFIX_BYTES)) {
                return i;
            }
        }
        prefixes.add(Arrays.copyOf(key, SeenKey.PREFIX_BYTES));
        return prefixes.size() - 1;
    }

    private void makeRoomFor(int bytes) {
        if (entries.remaining() < bytes) {
            ByteBuffer larger = ByteBuffer.allocate(2 * entries.capacity() + bytes);
            larger.put(entries.flip());
            entries = larger;
        }
    }

    /** The bytes that {@link #read} reads. */
    byte[] encode() {
        byte[] common = places.encode();
        ByteBuffer bytes = ByteBuffer.allocate(
                1 + common.length + 5 + prefixes.size() * SeenKey.PREFIX_BYTES + entries.position());
        bytes.put(VERSION).put(common);
        ByteUtils.writeUnsignedVarint(prefixes.size(), bytes);
        prefixes.forEach(bytes::put);
        bytes.put(entries.array(), 0, entries.position());
        return Arrays.copyOf(bytes.array(), bytes.position());
    }

    /**
     * Reads a block in the order in which it was written.
     *
     * @param bucket the start of its bucket
     * @throws SerializationException if the bytes are of an unknown version or damaged
     */
    static void read(byte[] block, long bucket, Reader reader) {
        ByteBuffer bytes = ByteBuffer.wrap(block);
        try {
            byte version = bytes.get();
            if (version != VERSION) {
                throw new SerializationException("The store holds a block of version " + version
                        + ", and this release reads version " + VERSION
                        + "; a newer release has written it: run that one");
            }
            Places places = new Places();
            places.decode(bytes);
            byte[][] prefixes = new byte[ByteUtils.readUnsignedVarint(bytes)][SeenKey.PREFIX_BYTES];
            for (byte[] prefix : prefixes) {
                bytes.get(prefix);
            }
            readFirsts(bytes, bucket, places, prefixes, reader);
        } catch (BufferUnderflowException | IllegalArgumentException | IndexOutOfBoundsException damaged) {
            throw new SerializationException("The store holds a damaged block of " + block.length + " bytes", damaged);
        }
    }

    private static void readFirsts(ByteBuffer bytes, long bucket, Places places, byte[][] prefixes, Reader reader) {
        Entry entry = new Entry(bucket);
        int prefix = 0;
        boolean isFirst = true;
        while (bytes.hasRemaining()) {
            byte flags = bytes.get();
            if ((flags & ~KNOWN_FLAGS) != 0) {
                throw new IllegalArgumentException("Flags " + flags);
            }
            if ((flags & LIKE_BEFORE) == 0) {
                entry.place = places.get(ByteUtils.readUnsignedVarint(bytes));
                prefix = ByteUtils.readUnsignedVarint(bytes);
            }
            int length = ByteUtils.readUnsignedVarint(bytes);
            byte[] key = Arrays.copyOf(prefixes[prefix], SeenKey.PREFIX_BYTES + length);
            bytes.get(key, SeenKey.PREFIX_BYTES, length);
            entry.time += ByteUtils.readVarlong(bytes);
            entry.written = (isFirst ? entry.time : entry.written) + ByteUtils.readVarlong(bytes);
            entry.offset += ByteUtils.readVarlong(bytes);
            entry.settled = (flags & IS_SETTLED) != 0;
            entry.print = null;
            if ((flags & HAS_FINGERPRINT) != 0) {
                byte[] digest = new byte[Fingerprint.BYTES];
                bytes.get(digest);
                entry.print = digest;
            }
            reader.read(Bytes.wrap(key), entry);
            isFirst = false;
        }
    }
}
