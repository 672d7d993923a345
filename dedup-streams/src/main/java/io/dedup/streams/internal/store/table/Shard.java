// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.table;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A part of a {@link CompactTable}: entries one after another in chunks of bytes, and where they are in an {@link Index}.
 *
 * <p>The index has where an entry is, counted in pairs of bytes. It grows by four tenths when four fifths of it are full, so it
 * is about two thirds full.
 *
 * <pre>
 * entry of a digest     16 bytes the digest · value
 * entry of a whole key   4 bytes of the hash · varint length · key · value
 * value                  varint twice its length · bytes, or for a {@linkplain LargeValues large} one 1 · 4 bytes its number
 * </pre>
 *
 * <p>A value that does not fit into the place of its predecessor is written elsewhere; when half of the bytes are dead, the
 * living move to new chunks.
 */
final class Shard {
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    /** How many bits of a place say where an entry is; the others are free for the number of the shard. */
    static final int PLACE_BITS = Index.PLACE_BITS;

    static final int PLACE_MASK = Index.PLACE_MASK;

    private static final int UNIT_BITS = 1;
    private static final int CHUNK_BITS = 14;
    private static final int CHUNK_BYTES = 1 << CHUNK_BITS;
    private static final int MAX_CHUNKS = 1 << (PLACE_BITS + UNIT_BITS - CHUNK_BITS);
    private static final int FIRST_CHUNK_BYTES = 256;
    /** The last chunk may be empty by so small a part of all chunks. */
    private static final int SPARE_PART = 8;

    private static final int MIN_SLOTS = 16;
    private static final int ARRAY_HEADER_BYTES = 16;
    /** An array, a reference to it, and where its last entry ends. */
    private static final int BYTES_BESIDE_CHUNK = ARRAY_HEADER_BYTES + 4 + Integer.BYTES;

    /** A longer value would leave much of a chunk empty behind it. */
    private static final int MAX_INLINE_BYTES = CHUNK_BYTES / 16;
    /** In the place of twice the length of a value that is not inline. */
    private static final int IS_LARGE = 1;

    private static final int LARGE_BYTES = 1 + Integer.BYTES;

    private static final int DIGEST_BYTES = 2 * Long.BYTES;
    private static final int SEVEN_BITS = 7;
    private static final int CONTINUED = 1 << SEVEN_BITS;

    private final boolean wholeKeys;
    private final MemoryBudget budget;
    private final Index index;
    /** Which shard of the index this is. */
    private final int number;

    private final long expectedBytes;
    private int used;
    private byte[][] chunks = new byte[1][];
    /** Where the last entry of each chunk ends, but for the last. */
    private int[] ends = new int[1];

    private final LargeValues large = new LargeValues();
    private int chunkCount;
    private int tail;
    private long arenaBytes;
    private long deadBytes;
    private long bytes;
    private boolean moving;

    /**
     * An empty one.
     *
     * @param index of all shards of the table
     * @param number of this one
     * @param firstSlots how many slots the index begins with, as {@link #slotsFor} has it
     * @param expectedBytes how many bytes of entries are expected
     */
    Shard(boolean wholeKeys, MemoryBudget budget, Index index, int number, int firstSlots, long expectedBytes) {
        this.wholeKeys = wholeKeys;
        this.budget = budget;
        this.index = index;
        this.number = number;
        this.expectedBytes = expectedBytes;
        reserve(Index.bytes(firstSlots));
        index.empty(number, firstSlots);
    }

    /** How long an index is that takes about as many entries without growing. */
    static int slotsFor(long entries) {
        return (int) Math.max(MIN_SLOTS, Math.min(PLACE_MASK, entries * 3 / 2));
    }

    private void reserve(long more) {
        if (moving) {
            budget.takeAnyway(more);
        } else {
            budget.take(more);
        }
        bytes += more;
    }

    /** Reads what the next entry is appended to, and returns something that depends on it. */
    int prefetchEnd() {
        if (chunkCount == 0) {
            return 0;
        }
        byte[] last = chunks[chunkCount - 1];
        return last[Math.min(tail, last.length - 1)];
    }

    /**
     * The value of a key, or null if there is none.
     *
     * @param probed the first slot that probing leads to that has the tag of the key
     */
    byte @Nullable [] get(int probed, long high, long low, byte[] key) {
        int slot = findFrom(probed, high, low, key);
        if (slot < 0) {
            return null;
        }
        int position = positionIn(slot);
        byte[] chunk = chunks[position >>> CHUNK_BITS];
        int at = valueAt(chunk, position & (CHUNK_BYTES - 1));
        long header = varint(chunk, at);
        int end = end(header);
        return isLarge(header)
                ? large.get((int) INT.get(chunk, end)).clone()
                : Arrays.copyOfRange(chunk, end, end + inlineLength(header));
    }

    private static boolean isLarge(long header) {
        return (int) header == IS_LARGE;
    }

    private static int inlineLength(long header) {
        return (int) header >>> 1;
    }

    /** How many bytes the value that begins there takes in its chunk. */
    private static int sizeOfValue(byte[] chunk, int at) {
        long header = varint(chunk, at);
        return isLarge(header) ? LARGE_BYTES : end(header) - at + inlineLength(header);
    }

    private static int end(long varint) {
        return (int) (varint >>> Integer.SIZE);
    }

    /** Returns whether the key had no value before. */
    boolean put(long high, long low, byte[] key, byte[] value, int length) {
        int slot = find(high, low, key);
        if (slot >= 0) {
            replace(slot, high, low, key, value, length);
            return false;
        }
        if ((used + 1) * 5L > index.slots(number) * 4L) {
            grow();
            slot = find(high, low, key);
        }
        int position = append(high, low, key, value, length);
        index.set(number, -slot - 1, Index.tagOf(low), position >>> UNIT_BITS);
        used++;
        return true;
    }

    private int positionIn(int slot) {
        return index.place(number, slot) << UNIT_BITS;
    }

    /** The slot of the key; if it has none, the one where it belongs, as its negative less one. */
    private int find(long high, long low, byte[] key) {
        return findFrom(index.first(number, indexHash(high)), high, low, key);
    }

    private int findFrom(int slot, long high, long low, byte[] key) {
        byte tag = Index.tagOf(low);
        int at = index.probe(number, slot, tag);
        while (index.tag(number, at) == tag) {
            if (isAt(positionIn(at), high, low, key)) {
                return at;
            }
            at = index.probe(number, index.next(number, at), tag);
        }
        return -at - 1;
    }

    /** The bits of the hash that choose a slot: not those that chose the shard. */
    static int indexHash(long high) {
        return (int) ((high << CompactTable.SHARD_BITS) >>> Integer.SIZE);
    }

    private boolean isAt(int position, long high, long low, byte[] key) {
        byte[] chunk = chunks[position >>> CHUNK_BITS];
        int at = position & (CHUNK_BYTES - 1);
        if (!wholeKeys) {
            return (long) LONG.get(chunk, at) == high && (long) LONG.get(chunk, at + Long.BYTES) == low;
        }
        if ((int) INT.get(chunk, at) != indexHash(high)) {
            return false;
        }
        long length = varint(chunk, at + Integer.BYTES);
        return (int) length == key.length
                && Arrays.equals(chunk, end(length), end(length) + key.length, key, 0, key.length);
    }

    private int valueAt(byte[] chunk, int at) {
        if (!wholeKeys) {
            return at + DIGEST_BYTES;
        }
        long length = varint(chunk, at + Integer.BYTES);
        return end(length) + (int) length;
    }

    private void replace(int slot, long high, long low, byte[] key, byte[] value, int length) {
        int position = positionIn(slot);
        byte[] chunk = chunks[position >>> CHUNK_BITS];
        int at = valueAt(chunk, position & (CHUNK_BYTES - 1));
        long before = varint(chunk, at);
        boolean wasLarge = isLarge(before);
        if (!wasLarge && length <= MAX_INLINE_BYTES && inlineLength(before) == length) {
            System.arraycopy(value, 0, chunk, end(before), length);
            return;
        }
        int former = wasLarge ? (int) INT.get(chunk, end(before)) : 0;
        int dead = at + sizeOfValue(chunk, at) - (position & (CHUNK_BYTES - 1));
        index.set(number, slot, Index.tagOf(low), append(high, low, key, value, length) >>> UNIT_BITS);
        if (wasLarge) {
            giveBack(LargeValues.bytes(large.get(former).length));
            large.remove(former);
        }
        deadBytes += dead;
        if (deadBytes > CHUNK_BYTES && deadBytes > arenaBytes / 2) {
            moveTheLiving();
        }
    }

    private void giveBack(long less) {
        budget.giveBack(less);
        bytes -= less;
    }

    private int append(long high, long low, byte[] key, byte[] value, int length) {
        int keyBytes = wholeKeys ? Integer.BYTES + sizeOfVarint(key.length) + key.length : DIGEST_BYTES;
        boolean inline = length <= MAX_INLINE_BYTES;
        int needed = keyBytes + (inline ? sizeOfVarint(2 * length) + length : LARGE_BYTES);
        long beside = inline ? 0 : LargeValues.bytes(length);
        reserve(beside);
        int position;
        try {
            position = allocate(needed);
        } catch (BudgetExceededException full) {
            giveBack(beside);
            throw full;
        }
        byte[] chunk = chunks[position >>> CHUNK_BITS];
        int at = position & (CHUNK_BYTES - 1);
        if (wholeKeys) {
            INT.set(chunk, at, indexHash(high));
            at = writeVarint(key.length, chunk, at + Integer.BYTES);
            System.arraycopy(key, 0, chunk, at, key.length);
            at += key.length;
        } else {
            LONG.set(chunk, at, high);
            LONG.set(chunk, at + Long.BYTES, low);
            at += DIGEST_BYTES;
        }
        if (inline) {
            at = writeVarint(2 * length, chunk, at);
            System.arraycopy(value, 0, chunk, at, length);
        } else {
            chunk[at] = IS_LARGE;
            INT.set(chunk, at + 1, large.add(value, length));
        }
        arenaBytes += needed;
        return position;
    }

    /** Finds room for that many bytes, which are in one chunk. */
    private int allocate(int needed) {
        int start = aligned(tail);
        if (chunkCount == 0 || start + needed > CHUNK_BYTES) {
            addChunk(Math.max(needed, step()));
            start = 0;
        } else if (start + needed > chunks[chunkCount - 1].length) {
            int length = Math.min(CHUNK_BYTES, Math.max(chunks[chunkCount - 1].length + step(), start + needed));
            reserve((long) length - chunks[chunkCount - 1].length);
            chunks[chunkCount - 1] = Arrays.copyOf(chunks[chunkCount - 1], length);
        }
        tail = start + needed;
        return ((chunkCount - 1) << CHUNK_BITS) | start;
    }

    /** How much the last chunk grows: what is still expected, or little while there is little, so that little of it is empty. */
    private int step() {
        long more = Math.max(arenaBytes / SPARE_PART, expectedBytes - arenaBytes);
        return (int) Math.max(FIRST_CHUNK_BYTES, Math.min(CHUNK_BYTES, more));
    }

    private void addChunk(int length) {
        if (chunkCount == MAX_CHUNKS) {
            throw new BudgetExceededException("A table takes no more than 8 GB, or some 250 million keys: use more"
                    + " partitions, shorten the TTL, or use dedup.store=rocksdb");
        }
        reserve(BYTES_BESIDE_CHUNK + (long) length);
        if (chunkCount == chunks.length) {
            int more = Math.min(MAX_CHUNKS, 2 * chunkCount);
            chunks = Arrays.copyOf(chunks, more);
            ends = Arrays.copyOf(ends, more);
        }
        if (chunkCount > 0) {
            ends[chunkCount - 1] = tail;
        }
        chunks[chunkCount++] = new byte[length];
    }

    private void grow() {
        int before = index.slots(number);
        int slots = before + Math.max(MIN_SLOTS, before * 2 / 5);
        reserve(Index.bytes(slots) - Index.bytes(before));
        if (deadBytes == 0 && !wholeKeys) {
            index.empty(number, slots);
            indexInOrder();
        } else {
            index.resize(number, slots, this::indexHashAt);
        }
    }

    private int indexHashAt(int place) {
        int position = place << UNIT_BITS;
        byte[] chunk = chunks[position >>> CHUNK_BITS];
        int at = position & (CHUNK_BYTES - 1);
        return wholeKeys ? (int) INT.get(chunk, at) : indexHash((long) LONG.get(chunk, at));
    }

    /** Indexes digests as they lie in memory, one after another, and so reads no line of it twice. */
    private void indexInOrder() {
        for (int i = 0; i < chunkCount; i++) {
            byte[] chunk = chunks[i];
            int end = i == chunkCount - 1 ? tail : ends[i];
            int at = 0;
            while (at < end) {
                long high = (long) LONG.get(chunk, at);
                long low = (long) LONG.get(chunk, at + Long.BYTES);
                index.add(number, indexHash(high), Index.tagOf(low), ((i << CHUNK_BITS) | at) >>> UNIT_BITS);
                at = aligned(at + DIGEST_BYTES + sizeOfValue(chunk, at + DIGEST_BYTES));
            }
        }
    }

    private static int aligned(int position) {
        int unit = 1 << UNIT_BITS;
        return (position + unit - 1) & -unit;
    }

    private void moveTheLiving() {
        byte[][] before = chunks;
        long given = 0;
        for (int i = 0; i < chunkCount; i++) {
            given += BYTES_BESIDE_CHUNK + (long) before[i].length;
        }
        giveBack(given);
        chunks = new byte[1][];
        ends = new int[1];
        chunkCount = 0;
        tail = 0;
        arenaBytes = 0;
        deadBytes = 0;
        moving = true; // Soon there is more room than there was.
        for (int slot = 0; slot < index.slots(number); slot++) {
            if (index.tag(number, slot) != 0) {
                int position = positionIn(slot);
                byte[] chunk = before[position >>> CHUNK_BITS];
                int at = position & (CHUNK_BYTES - 1);
                int value = valueAt(chunk, at);
                int size = value + sizeOfValue(chunk, value) - at;
                int moved = allocate(size);
                System.arraycopy(chunk, at, chunks[moved >>> CHUNK_BITS], moved & (CHUNK_BYTES - 1), size);
                arenaBytes += size;
                index.set(number, slot, index.tag(number, slot), moved >>> UNIT_BITS);
            }
        }
        moving = false;
    }

    /** Writes down where each entry is, with these bits in front, and returns how many there are now. */
    int addPlaces(int front, int[] places, int count) {
        int next = count;
        for (int slot = 0; slot < index.slots(number); slot++) {
            if (index.tag(number, slot) != 0) {
                places[next++] = front | index.place(number, slot);
            }
        }
        return next;
    }

    /** Finds the bytes of an entry, of a whole key. */
    void read(int place, SortedEntries.Entry entry) {
        int position = place << UNIT_BITS;
        byte[] chunk = chunks[position >>> CHUNK_BITS];
        int at = (position & (CHUNK_BYTES - 1)) + Integer.BYTES;
        long key = varint(chunk, at);
        entry.bytes = chunk;
        entry.keyAt = end(key);
        entry.keyLength = (int) key;
        long header = varint(chunk, entry.keyAt + entry.keyLength);
        boolean isLarge = isLarge(header);
        byte[] value = isLarge ? large.get((int) INT.get(chunk, end(header))) : chunk;
        entry.value = value;
        entry.valueAt = isLarge ? 0 : end(header);
        entry.valueLength = isLarge ? value.length : inlineLength(header);
    }

    /** How many bytes of entries there are, dead ones included. */
    long entryBytes() {
        return arenaBytes;
    }

    /** How many bytes the arrays take. */
    long bytes() {
        return bytes;
    }

    /** The number that is written there, and in the upper half where it ends. */
    private static long varint(byte[] chunk, int at) {
        int next = at;
        int value = 0;
        int shift = 0;
        byte part;
        do {
            part = chunk[next++];
            value |= (part & (CONTINUED - 1)) << shift;
            shift += SEVEN_BITS;
        } while (part < 0);
        return ((long) next << Integer.SIZE) | value;
    }

    private static int writeVarint(int value, byte[] chunk, int at) {
        int next = at;
        int left = value;
        while (left >= CONTINUED) {
            chunk[next++] = (byte) (left | CONTINUED);
            left >>>= SEVEN_BITS;
        }
        chunk[next++] = (byte) left;
        return next;
    }

    private static int sizeOfVarint(int value) {
        return (Integer.SIZE - Integer.numberOfLeadingZeros(value | 1) + SEVEN_BITS - 1) / SEVEN_BITS;
    }
}
