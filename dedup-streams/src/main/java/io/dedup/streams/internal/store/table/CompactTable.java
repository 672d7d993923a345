// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.table;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A hash table from keys to short values, in some thirty bytes an entry beside what the value takes.
 *
 * <p>It is cut by hash into {@value #SHARDS} {@link Shard}s that grow one at a time, so that growing never stops for long.
 * A table either keeps whole keys, or their 128-bit digests alone: then two keys of the same digest are one, which for n keys
 * happens with a probability of about n<sup>2</sup>/2<sup>129</sup>.
 *
 * <p>Not thread-safe.
 */
public final class CompactTable {
    static final int SHARD_BITS = 8;
    static final int SHARDS = 1 << SHARD_BITS;

    private final boolean wholeKeys;
    private final MemoryBudget budget;
    private final @Nullable Shard[] shards = new @Nullable Shard[SHARDS];
    private final Index index = new Index(SHARDS);
    /** How many slots a shard begins with. */
    private final int firstSlots;
    /** How many bytes of entries a shard is expected to have. */
    private final long expectedBytes;

    private long size;
    private long bytes;

    /**
     * An empty table.
     *
     * @param wholeKeys whether keys are kept, and not only their digests
     */
    public CompactTable(boolean wholeKeys, MemoryBudget budget) {
        this(wholeKeys, budget, 0, 0);
    }

    private CompactTable(boolean wholeKeys, MemoryBudget budget, long expected, long ofAll) {
        this.wholeKeys = wholeKeys;
        this.budget = budget;
        this.firstSlots = Shard.slotsFor(expected / SHARDS);
        this.expectedBytes = ofAll / SHARDS;
    }

    /** An empty table that has room at once for about as many entries as there are in this one. */
    public CompactTable another() {
        long entryBytes = 0;
        for (Shard shard : shards) {
            entryBytes += shard == null ? 0 : shard.entryBytes();
        }
        return new CompactTable(wholeKeys, budget, size, entryBytes);
    }

    /**
     * Touches the cache lines that {@link #get} and {@link #put} read for that key, so that the misses of several keys overlap.
     *
     * @return something that depends on what was read: unless it is used, nothing is read
     */
    public int prefetch(KeyHash hash) {
        int at = shardOf(hash);
        Shard shard = shards[at];
        int end = shard == null ? 0 : shard.prefetchEnd();
        return prefetchMiss(hash) + index.prefetchPlace(at, Shard.indexHash(hash.high())) + end;
    }

    /** The same where the key probably has no value, and none is put: less is read. */
    public int prefetchMiss(KeyHash hash) {
        return index.prefetchTag(shardOf(hash), Shard.indexHash(hash.high()));
    }

    /** The value of that key, or null if there is none. */
    public byte @Nullable [] get(KeyHash hash, byte[] key) {
        int at = shardOf(hash);
        if (index.slots(at) == 0) {
            return null;
        }
        int slot = index.probe(at, index.first(at, Shard.indexHash(hash.high())), Index.tagOf(hash.low()));
        // Most keys have no value, and for these nothing but tags is read.
        Shard shard = index.tag(at, slot) == 0 ? null : shards[at];
        return shard == null ? null : shard.get(slot, hash.high(), hash.low(), key);
    }

    /**
     * Puts a value in the place of any that the key has.
     *
     * @param value its first bytes
     * @param length how many of them
     * @throws BudgetExceededException if there is no room
     */
    public void put(KeyHash hash, byte[] key, byte[] value, int length) {
        int at = shardOf(hash);
        Shard shard = shards[at];
        if (shard == null) {
            shard = new Shard(wholeKeys, budget, index, at, firstSlots, expectedBytes);
            shards[at] = shard;
            bytes += shard.bytes();
        }
        long before = shard.bytes();
        try {
            if (shard.put(hash.high(), hash.low(), key, value, length)) {
                size++;
            }
        } finally {
            bytes += shard.bytes() - before;
        }
    }

    /** Where each entry is, in no order; for as long as the table is not changed. */
    int[] places() {
        int[] places = new int[(int) size];
        int count = 0;
        for (int i = 0; i < SHARDS; i++) {
            Shard shard = shards[i];
            if (shard != null) {
                count = shard.addPlaces(i << Shard.PLACE_BITS, places, count);
            }
        }
        return places;
    }

    /** Finds the bytes of the entry that is there. */
    void read(int place, SortedEntries.Entry entry) {
        Shard shard = shards[place >>> Shard.PLACE_BITS];
        if (shard == null) {
            throw new IllegalArgumentException("There is no entry at " + place);
        }
        shard.read(place & Shard.PLACE_MASK, entry);
    }

    private static int shardOf(KeyHash hash) {
        return (int) (hash.high() >>> (Long.SIZE - SHARD_BITS));
    }

    /** How many keys have a value. */
    public long size() {
        return size;
    }

    /** How many bytes the table takes. */
    public long bytes() {
        return bytes;
    }

    /** Gives back what the budget has lent. The table is empty then. */
    public void clear() {
        budget.giveBack(bytes);
        Arrays.fill(shards, null);
        index.clear();
        size = 0;
        bytes = 0;
    }
}
