// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.format;

import io.dedup.Coordinates;
import io.dedup.Fingerprint;
import io.dedup.SeenRecord;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.utils.Bytes;
import org.jspecify.annotations.Nullable;

/**
 * Changes of a store that are written to the changelog together: what they have in common once, and of times and offsets how
 * they differ from those before. It begins with what the store knows of itself after these changes.
 *
 * <pre>
 * version    1 byte   2
 * metadata   varint length, as {@link StoreMetadata} writes it
 * places     as {@link PartitionDictionary} writes them
 * prefixes   varint   how many follow, eight bytes each: the scopes and sources of keys
 * then, up to the end, for each change, in the order in which they were made
 * flags      1 byte   1 bucket, place and prefix are those of the one before; 2 it is settled; 4 a fingerprint follows;
 *                     8 it is all that the bucket holds of the key now
 * [bucket    varlong  from that of the one before, or 0: its start, in milliseconds
 *  prefix    varint
 *  place     varint   unless it is all that the bucket holds]
 * key        varint length, bytes without the prefix
 * written    varlong  the wall clock, from that of the one before, or 0
 * for a first that is the only one of its key and bucket
 * time       varlong  from that of the one before, or the start of the bucket, in milliseconds
 * offset     varlong  from that of the one before, or 0
 * [fingerprint 20 bytes]
 * for all that the bucket holds
 * entry      varint length, as {@link EntryCodec} writes it without a dictionary
 * </pre>
 *
 * <p>Confined to one thread.
 */
public final class ChangelogBatch {
    private static final byte VERSION = 2;
    private static final int LIKE_BEFORE = 1;
    private static final int IS_SETTLED = 2;
    private static final int HAS_FINGERPRINT = 4;
    private static final int IS_WHOLE = 8;
    private static final int KNOWN_FLAGS = LIKE_BEFORE | IS_SETTLED | HAS_FINGERPRINT | IS_WHOLE;
    private static final int MAX_BYTES_BESIDE_KEY = 1 + 4 * 5 + 4 * 10 + Fingerprint.BYTES;

    /** What is before the first place that is written: it is like no other. */
    private static final int NO_PLACE = -1;

    private final PartitionDictionary places = new PartitionDictionary();
    private final List<byte[]> prefixes = new ArrayList<>();
    private final EntryCodec whole = new EntryCodec();
    private ByteBuffer changes;
    private int count;
    private long bucket;
    private int place = NO_PLACE;
    private int prefix;
    private long time;
    private long written;
    private long offset;

    /** Takes a change that is read from a batch. */
    @FunctionalInterface
    public interface Reader {
        /** Takes one; it changes when the next is read. */
        public void read(Bytes key, long bucket, Entry change);
    }

    /** What a batch says of the change that was read last. Made once for a batch, since restoring reads many. */
    public static final class Entry {
        private PartitionDictionary.@Nullable Place place;
        private boolean settled;
        private long bucket;
        private long time;
        private long written;
        private long offset;
        private byte @Nullable [] print;
        private byte @Nullable [] whole;

        private Entry() {}

        /** Whether it is all that the bucket holds of the key, and not a first that is the only one. */
        public boolean isWhole() {
            return whole != null;
        }

        public PartitionDictionary.Place place() {
            if (place == null) {
                throw new IllegalArgumentException("A first without a place");
            }
            return place;
        }

        boolean isSettled() {
            return settled;
        }

        /** Its event time, in milliseconds since the epoch. */
        public long time() {
            return time;
        }

        /** The wall clock when it was written, in milliseconds since the epoch. */
        public long written() {
            return written;
        }

        long offset() {
            return offset;
        }

        byte @Nullable [] fingerprint() {
            return print;
        }

        /** What the bucket holds of the key then. */
        public BucketEntry toEntry() {
            if (whole != null) {
                return new EntryCodec().decode(whole, bucket);
            }
            Coordinates at = new Coordinates(place().topic(), place().partition(), offset);
            Fingerprint fingerprint = print == null ? null : Fingerprint.fromBytes(print);
            return BucketEntry.of(new SeenRecord(time, time + place().lifetimeMs(), at, fingerprint, null, settled));
        }
    }

    /**
     * An empty batch.
     *
     * @param bytes how many bytes of changes there are about to be; it grows when there are more
     */
    public ChangelogBatch(int bytes) {
        this.changes = ByteBuffer.allocate(bytes);
    }

    /** How many changes there are. */
    public int count() {
        return count;
    }

    /** The wall clock when the last change was added, in milliseconds since the epoch. */
    public long written() {
        return written;
    }

    /** How many bytes of changes there are. */
    public int length() {
        return changes.position();
    }

    /**
     * Adds what a bucket holds of a key now.
     *
     * @param key with the prefix of its scope and source
     * @param start of the bucket, in milliseconds since the epoch
     * @param now the wall clock in milliseconds since the epoch
     */
    public void add(Bytes key, long start, BucketEntry firsts, long now) {
        if (EntryCodec.isSimple(firsts)) {
            SeenRecord only = firsts.seenRecords().get(0);
            int itsPlace = places.numberOf(only);
            if (itsPlace >= 0) {
                add(key.get(), start, only, itsPlace, now);
                return;
            }
        }
        byte[] entry = whole.encode(firsts, start, now);
        begin(key.get(), start, place, IS_WHOLE, entry.length);
        Varints.writeVarlong(now - written, changes);
        Varints.writeUnsignedVarint(entry.length, changes);
        changes.put(entry);
        written = now;
        count++;
    }

    private void add(byte[] key, long start, SeenRecord first, int itsPlace, long now) {
        Coordinates at = first.coordinates();
        if (at == null) {
            throw new IllegalArgumentException("first must have coordinates: " + first);
        }
        Fingerprint print = first.fingerprint();
        boolean isFirst = count == 0;
        begin(key, start, itsPlace, (first.settled() ? IS_SETTLED : 0) | (print == null ? 0 : HAS_FINGERPRINT), 0);
        Varints.writeVarlong(now - written, changes);
        Varints.writeVarlong(first.timestamp() - (isFirst ? start : time), changes);
        Varints.writeVarlong(at.offset() - offset, changes);
        if (print != null) {
            changes.put(print.bytes());
        }
        time = first.timestamp();
        written = now;
        offset = at.offset();
        count++;
    }

    private void begin(byte[] key, long start, int itsPlace, int flags, int bytesBehind) {
        int itsPrefix = prefixOf(key);
        makeRoomFor(MAX_BYTES_BESIDE_KEY + key.length + bytesBehind);
        boolean like = count > 0 && start == bucket && itsPlace == place && itsPrefix == prefix;
        changes.put((byte) (flags | (like ? LIKE_BEFORE : 0)));
        if (!like) {
            Varints.writeVarlong(start - bucket, changes);
            Varints.writeUnsignedVarint(itsPrefix, changes);
            if ((flags & IS_WHOLE) == 0) {
                Varints.writeUnsignedVarint(itsPlace, changes);
            }
        }
        if (count == 0) {
            time = start;
        }
        bucket = start;
        prefix = itsPrefix;
        place = itsPlace;
        Varints.writeUnsignedVarint(key.length - SeenKey.PREFIX_BYTES, changes);
        changes.put(key, SeenKey.PREFIX_BYTES, key.length - SeenKey.PREFIX_BYTES);
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
        if (changes.remaining() < bytes) {
            ByteBuffer larger = ByteBuffer.allocate(2 * changes.capacity() + bytes);
            larger.put(changes.flip());
            changes = larger;
        }
    }

    /**
     * The bytes that {@link #read} reads.
     *
     * @param metadata of the store after these changes, as {@link StoreMetadata} writes it
     */
    public byte[] encode(byte[] metadata) {
        byte[] common = places.encode();
        ByteBuffer bytes = ByteBuffer.allocate(1
                + 5
                + metadata.length
                + common.length
                + 5
                + prefixes.size() * SeenKey.PREFIX_BYTES
                + changes.position());
        bytes.put(VERSION);
        Varints.writeUnsignedVarint(metadata.length, bytes);
        bytes.put(metadata).put(common);
        Varints.writeUnsignedVarint(prefixes.size(), bytes);
        prefixes.forEach(bytes::put);
        bytes.put(changes.array(), 0, changes.position());
        return Arrays.copyOf(bytes.array(), bytes.position());
    }

    /**
     * The metadata of the store after the changes of a batch, as {@link StoreMetadata} reads it.
     *
     * @throws SerializationException if the bytes are of an unknown version or damaged
     */
    public static byte[] metadata(byte[] batch) {
        try {
            return readMetadata(ByteBuffer.wrap(batch));
        } catch (BufferUnderflowException | IllegalArgumentException damaged) {
            throw damaged(batch, damaged);
        }
    }

    /** Reads the version and the metadata, so that the places are next. */
    private static byte[] readMetadata(ByteBuffer bytes) {
        byte version = bytes.get();
        if (version != VERSION) {
            throw new SerializationException("The changelog holds a batch of version " + version
                    + ", and this release reads version " + VERSION
                    + "; another release has written it: run that one");
        }
        byte[] metadata = new byte[length(bytes)];
        bytes.get(metadata);
        return metadata;
    }

    private static SerializationException damaged(byte[] batch, RuntimeException cause) {
        return new SerializationException("The changelog holds a damaged batch of " + batch.length + " bytes", cause);
    }

    /**
     * Reads the changes of a batch in the order in which they were made.
     *
     * @throws SerializationException if the bytes are of an unknown version or damaged
     */
    public static void read(byte[] batch, Reader reader) {
        try {
            ByteBuffer bytes = ByteBuffer.wrap(batch);
            readMetadata(bytes);
            PartitionDictionary places = new PartitionDictionary();
            places.decode(bytes);
            byte[][] prefixes = new byte[Varints.readUnsignedVarint(bytes)][SeenKey.PREFIX_BYTES];
            for (byte[] prefix : prefixes) {
                bytes.get(prefix);
            }
            readChanges(bytes, places, prefixes, reader);
        } catch (BufferUnderflowException
                | IllegalArgumentException
                | IndexOutOfBoundsException
                | NegativeArraySizeException damaged) {
            throw damaged(batch, damaged);
        }
    }

    private static int length(ByteBuffer bytes) {
        int length = Varints.readUnsignedVarint(bytes);
        if (length < 0 || length > bytes.remaining()) {
            throw new BufferUnderflowException();
        }
        return length;
    }

    private static void readChanges(ByteBuffer bytes, PartitionDictionary places, byte[][] prefixes, Reader reader) {
        Entry entry = new Entry();
        int prefix = 0;
        boolean isFirst = true;
        while (bytes.hasRemaining()) {
            byte flags = bytes.get();
            if ((flags & ~KNOWN_FLAGS) != 0) {
                throw new IllegalArgumentException("Flags " + flags);
            }
            boolean isWhole = (flags & IS_WHOLE) != 0;
            if ((flags & LIKE_BEFORE) == 0) {
                entry.bucket += Varints.readVarlong(bytes);
                prefix = Varints.readUnsignedVarint(bytes);
                entry.place = isWhole ? entry.place : places.get(Varints.readUnsignedVarint(bytes));
            }
            entry.time = isFirst ? entry.bucket : entry.time;
            int length = length(bytes);
            byte[] key = Arrays.copyOf(prefixes[prefix], SeenKey.PREFIX_BYTES + length);
            bytes.get(key, SeenKey.PREFIX_BYTES, length);
            entry.written += Varints.readVarlong(bytes);
            entry.settled = (flags & IS_SETTLED) != 0;
            entry.print = null;
            entry.whole = null;
            if (!isWhole && entry.place == null) {
                throw new IllegalArgumentException("A first without a place");
            }
            if (isWhole) {
                byte[] all = new byte[length(bytes)];
                bytes.get(all);
                entry.whole = all;
            } else {
                entry.time += Varints.readVarlong(bytes);
                entry.offset += Varints.readVarlong(bytes);
                if ((flags & HAS_FINGERPRINT) != 0) {
                    byte[] digest = new byte[Fingerprint.BYTES];
                    bytes.get(digest);
                    entry.print = digest;
                }
            }
            reader.read(Bytes.wrap(key), entry.bucket, entry);
            isFirst = false;
        }
    }
}
