// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store.table;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Where the entries of a {@link Shard} are: an open-addressing table with linear probing.
 *
 * <p>A slot is a tag of eight bits of the entry's hash, and a place of 24 bits, each kind in an array of its own. Nearly all that is
 * asked for is not there, and of that the tags alone are read: a byte for each slot, so that the tags of many slots fit into a
 * processor's cache. It is the idea of Abseil's Swiss tables, with a tag of 0 for an empty slot.
 *
 * <p>Not thread-safe; an index does not grow, but {@linkplain #place another} takes its entries.
 */
final class Index {
    /** How many bits a place has. */
    static final int PLACE_BITS = 24;

    private static final int PLACE_BYTES = PLACE_BITS / Byte.SIZE;
    static final int PLACE_MASK = (1 << PLACE_BITS) - 1;
    private static final int ARRAY_HEADER_BYTES = 16;
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private final byte[] tags;
    /** One byte longer than the places are, since four bytes are read at a time. */
    private final byte[] places;

    /** An empty index of that many slots. */
    Index(int slots) {
        tags = new byte[slots];
        places = new byte[slots * PLACE_BYTES + 1];
    }

    /** How many bytes an index of that many slots takes. */
    static long bytes(int slots) {
        return 2L * ARRAY_HEADER_BYTES + (1L + PLACE_BYTES) * slots + 1;
    }

    /** The tag of a hash, which is never that of an empty slot. */
    static byte tagOf(long low) {
        return (byte) Math.max(1, low & 0xFF);
    }

    /** How many slots there are. */
    int slots() {
        return tags.length;
    }

    /**
     * The slot where probing begins for these 32 bits of a hash. They are spread over any number of slots without a division: Lemire,
     * Fast Random Integer Generation, 2019.
     */
    int first(int hash) {
        return (int) (((hash & 0xFFFFFFFFL) * tags.length) >>> Integer.SIZE);
    }

    /** The slot that is probed after that one. */
    int next(int slot) {
        return slot + 1 == tags.length ? 0 : slot + 1;
    }

    /** The tag in that slot; 0 if it is empty. */
    byte tag(int slot) {
        return tags[slot];
    }

    /** The place in that slot. */
    int place(int slot) {
        return (int) INT.get(places, slot * PLACE_BYTES) & PLACE_MASK;
    }

    /** Fills a slot. */
    void set(int slot, byte tag, int place) {
        tags[slot] = tag;
        int at = slot * PLACE_BYTES;
        places[at] = (byte) place;
        places[at + 1] = (byte) (place >>> Byte.SIZE);
        places[at + 2] = (byte) (place >>> (2 * Byte.SIZE));
    }

    /** Fills the first empty slot for that hash. */
    void place(int hash, byte tag, int place) {
        int free = first(hash);
        while (tags[free] != 0) {
            free = next(free);
        }
        set(free, tag, place);
    }
}
