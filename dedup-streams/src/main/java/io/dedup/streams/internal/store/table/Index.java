// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.table;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.function.IntUnaryOperator;

/**
 * The index of the entries of a {@link CompactTable}: for each of its shards an open-addressing table with linear probing.
 *
 * <p>A slot is a tag of eight bits of the entry's hash, and a place of 24 bits, each kind in an array of its own. Nearly all that is
 * asked for is not there, and of that the tags alone are read: a byte for each slot, so that the tags of many slots fit into a
 * processor's cache. It is the idea of Abseil's Swiss tables, with a tag of 0 for an empty slot.
 *
 * <p>What leads to the tags lies together for all shards, in arrays that stay in the cache too: one step, and not one object after
 * another, of which each would have to be fetched before it says where the next is.
 *
 * <p>Not thread-safe.
 */
final class Index {
    /** How many bits a place has. */
    static final int PLACE_BITS = 24;

    static final int PLACE_MASK = (1 << PLACE_BITS) - 1;

    private static final int PLACE_BYTES = PLACE_BITS / Byte.SIZE;
    private static final int ARRAY_HEADER_BYTES = 16;
    private static final byte[] NONE = {};
    private static final byte EMPTY = 0;
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    /** The lengths of the arrays of tags, which say so themselves, but far from each other. */
    private final int[] slots;

    private final byte[][] tags;
    /** One byte longer than the places are, since four bytes are read at a time. */
    private final byte[][] places;

    /** An index of that many shards, without slots. */
    Index(int shards) {
        slots = new int[shards];
        tags = new byte[shards][];
        places = new byte[shards][];
        clear();
    }

    /** How many bytes that many slots of a shard take. */
    static long bytes(int slots) {
        return 2L * ARRAY_HEADER_BYTES + (1L + PLACE_BYTES) * slots + 1;
    }

    /** The tag of a hash, which is never that of an empty slot. */
    static byte tagOf(long low) {
        return (byte) Math.max(1, low & 0xFF);
    }

    /** How many slots a shard has. */
    int slots(int shard) {
        return slots[shard];
    }

    /**
     * The slot where probing begins for these 32 bits of a hash. They are spread over any number of slots without a division: Lemire,
     * Fast Random Integer Generation, 2019.
     */
    int first(int shard, int hash) {
        return (int) (((hash & 0xFFFFFFFFL) * slots[shard]) >>> Integer.SIZE);
    }

    /** The slot that is probed after that one. */
    int next(int shard, int slot) {
        return slot + 1 == slots[shard] ? 0 : slot + 1;
    }

    /** The tag in that slot; 0 if it is empty. */
    byte tag(int shard, int slot) {
        return tags[shard][slot];
    }

    /** The place in that slot. */
    int place(int shard, int slot) {
        return placeIn(places[shard], slot);
    }

    private static int placeIn(byte[] places, int slot) {
        return (int) INT.get(places, slot * PLACE_BYTES) & PLACE_MASK;
    }

    /** The first slot that has that tag or is empty, where probing leads from a slot on, which is probed too. */
    int probe(int shard, int from, byte tag) {
        byte[] probed = tags[shard];
        int at = from;
        while (probed[at] != tag && probed[at] != EMPTY) {
            at = next(shard, at);
        }
        return at;
    }

    /** Reads what probing begins with, and returns something that depends on it. */
    int prefetchTag(int shard, int hash) {
        return slots[shard] == 0 ? 0 : tags[shard][first(shard, hash)];
    }

    /** Reads what a place is probably read or written with, and returns something that depends on it. */
    int prefetchPlace(int shard, int hash) {
        return slots[shard] == 0 ? 0 : places[shard][first(shard, hash) * PLACE_BYTES];
    }

    /** Fills a slot. */
    void set(int shard, int slot, byte tag, int place) {
        tags[shard][slot] = tag;
        byte[] bytes = places[shard];
        int at = slot * PLACE_BYTES;
        bytes[at] = (byte) place;
        bytes[at + 1] = (byte) (place >>> Byte.SIZE);
        bytes[at + 2] = (byte) (place >>> (2 * Byte.SIZE));
    }

    /** Fills the first empty slot for that hash. */
    void add(int shard, int hash, byte tag, int place) {
        set(shard, probe(shard, first(shard, hash), EMPTY), tag, place);
    }

    /** Gives a shard that many slots, all of them empty. */
    void empty(int shard, int newSlots) {
        byte[] newTags = new byte[newSlots];
        byte[] newPlaces = new byte[newSlots * PLACE_BYTES + 1];
        slots[shard] = newSlots;
        tags[shard] = newTags;
        places[shard] = newPlaces;
    }

    /**
     * Gives a shard that many slots, and its entries new ones.
     *
     * @param hashAt the hash of the entry at a place
     */
    void resize(int shard, int newSlots, IntUnaryOperator hashAt) {
        byte[] tagsBefore = tags[shard];
        byte[] placesBefore = places[shard];
        empty(shard, newSlots);
        for (int slot = 0; slot < tagsBefore.length; slot++) {
            if (tagsBefore[slot] != 0) {
                int place = placeIn(placesBefore, slot);
                add(shard, hashAt.applyAsInt(place), tagsBefore[slot], place);
            }
        }
    }

    /** Takes the slots of all shards away. */
    void clear() {
        Arrays.fill(slots, 0);
        Arrays.fill(tags, NONE);
        Arrays.fill(places, NONE);
    }
}
