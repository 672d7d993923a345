// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.table;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * The entries of a table in the order of their keys, byte by byte and unsigned. They stay where they are: what is sorted are
 * numbers that say where, and so nothing is left to the garbage collector but a few arrays.
 *
 * <p>Keys have much in common at their beginning: the window, the scope, the source. So the eight bytes that come after what all have
 * in common are sorted as one number, by a radix sort from the last byte to the first; keys that are equal there are sorted by what
 * comes next in the same way, and a few of them by comparing. It is MSD radix sort with words of eight bytes, each word by LSD radix
 * sort: Knuth, The Art of Computer Programming, volume 3, 5.2.5.
 *
 * <p>Not thread-safe; the table must not be changed meanwhile.
 */
public final class SortedEntries {
    private static final int FEW = 24;
    private static final int DIGITS = 1 << Byte.SIZE;

    private final CompactTable table;
    private final int[] places;
    private final long[] words;
    private final int[] otherPlaces;
    private final long[] otherWords;
    private final Entry one = new Entry();
    private final Entry other = new Entry();
    private int longestKey;
    private int longestValue;

    /** Where the bytes of an entry are. */
    static final class Entry {
        byte[] bytes = {};
        byte[] value = {};
        int keyAt;
        int keyLength;
        int valueAt;
        int valueLength;

        /** The eight bytes of the key from there, as if there were zeros behind it. */
        private long wordAt(int from) {
            long word = 0;
            for (int i = from; i < from + Long.BYTES; i++) {
                word = (word << Byte.SIZE) | (i < keyLength ? bytes[keyAt + i] & 0xFF : 0);
            }
            return word;
        }

        /** How many of that many first bytes the keys have in common, which both have. */
        private int common(Entry with, int atMost) {
            int most = Math.min(atMost, Math.min(keyLength, with.keyLength));
            int differs = Arrays.mismatch(bytes, keyAt, keyAt + most, with.bytes, with.keyAt, with.keyAt + most);
            return differs < 0 ? most : differs;
        }

        private int compareTo(Entry with) {
            return Arrays.compareUnsigned(
                    bytes, keyAt, keyAt + keyLength, with.bytes, with.keyAt, with.keyAt + with.keyLength);
        }
    }

    private SortedEntries(CompactTable table) {
        this.table = table;
        this.places = table.places();
        this.words = new long[places.length];
        this.otherPlaces = new int[places.length];
        this.otherWords = new long[places.length];
    }

    /** Those of that table, which keeps whole keys. */
    public static SortedEntries of(CompactTable table) {
        SortedEntries entries = new SortedEntries(table);
        for (int place : entries.places) {
            table.read(place, entries.one);
            entries.longestKey = Math.max(entries.longestKey, entries.one.keyLength);
            entries.longestValue = Math.max(entries.longestValue, entries.one.valueLength);
        }
        entries.sort(0, entries.places.length, 0);
        return entries;
    }

    /** Sorts keys of which so many first bytes are equal, if zeros are thought behind the short ones. */
    private void sort(int from, int to, int equal) {
        // Beyond the longest key, nothing differs but how many zeros there are at the end.
        if (to - from <= FEW || equal >= longestKey) {
            insert(from, to);
            return;
        }
        int common = Math.max(equal, common(from, to));
        for (int i = from; i < to; i++) {
            table.read(places[i], one);
            words[i] = one.wordAt(common);
        }
        sortByWord(from, to);
        int start = from;
        for (int i = from + 1; i <= to; i++) {
            if (i == to || words[i] != words[start]) {
                sort(start, i, common + Long.BYTES);
                start = i;
            }
        }
    }

    private int common(int from, int to) {
        table.read(places[from], other);
        int common = other.keyLength;
        int shortest = other.keyLength;
        for (int i = from + 1; i < to; i++) {
            table.read(places[i], one);
            common = one.common(other, common);
            shortest = Math.min(shortest, one.keyLength);
        }
        return Math.min(common, shortest);
    }

    private void sortByWord(int from, int to) {
        for (int shift = 0; shift < Long.SIZE; shift += Byte.SIZE) {
            int[] starts = new int[DIGITS + 1];
            for (int i = from; i < to; i++) {
                starts[(int) (words[i] >>> shift & (DIGITS - 1)) + 1]++;
            }
            if (starts[(int) (words[from] >>> shift & (DIGITS - 1)) + 1] == to - from) {
                continue;
            }
            for (int digit = 0; digit < DIGITS; digit++) {
                starts[digit + 1] += starts[digit];
            }
            for (int i = from; i < to; i++) {
                int at = from + starts[(int) (words[i] >>> shift & (DIGITS - 1))]++;
                otherWords[at] = words[i];
                otherPlaces[at] = places[i];
            }
            System.arraycopy(otherWords, from, words, from, to - from);
            System.arraycopy(otherPlaces, from, places, from, to - from);
        }
    }

    private void insert(int from, int to) {
        for (int i = from + 1; i < to; i++) {
            int place = places[i];
            table.read(place, one);
            int at = i;
            while (at > from) {
                table.read(places[at - 1], other);
                if (other.compareTo(one) <= 0) {
                    break;
                }
                places[at] = places[at - 1];
                at--;
            }
            places[at] = place;
        }
    }

    /** How many there are. */
    public int size() {
        return places.length;
    }

    /** How many bytes the longest key has. */
    public int longestKey() {
        return longestKey;
    }

    /** How many bytes the longest value has. */
    public int longestValue() {
        return longestValue;
    }

    /** Puts an entry into these buffers, from their beginning, to be read. */
    public void get(int index, ByteBuffer key, ByteBuffer value) {
        table.read(places[index], one);
        key.clear().put(one.bytes, one.keyAt, one.keyLength).flip();
        value.clear().put(one.value, one.valueAt, one.valueLength).flip();
    }
}
