// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import io.dedup.streams.store.table.CompactTable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The entries of a table in the order of their keys, byte by byte and unsigned.
 *
 * <p>Keys have much in common at their beginning: the window, the scope, the source. So what comes after that is compared first,
 * as one number that stands beside the key, and the keys themselves only where these are equal.
 */
final class SortedEntries {
    private static final class Entry implements Comparable<Entry> {
        private final long rest;
        private final byte[] key;
        private final byte[] value;

        Entry(byte[] key, byte[] value, int common) {
            this.rest = rest(key, common);
            this.key = key;
            this.value = value;
        }

        @Override
        public int compareTo(Entry other) {
            int byRest = Long.compareUnsigned(rest, other.rest);
            return byRest == 0 ? Arrays.compareUnsigned(key, other.key) : byRest;
        }
    }

    private final Entry[] entries;

    private SortedEntries(Entry[] entries) {
        this.entries = entries;
    }

    /** Those of that table, which keeps whole keys. */
    static SortedEntries of(CompactTable table) {
        List<byte[]> keys = new ArrayList<>((int) table.size());
        List<byte[]> values = new ArrayList<>((int) table.size());
        table.forEach((key, value) -> {
            if (key != null) {
                keys.add(key);
                values.add(value);
            }
        });
        int common = common(keys);
        Entry[] entries = new Entry[keys.size()];
        for (int i = 0; i < entries.length; i++) {
            entries[i] = new Entry(keys.get(i), values.get(i), common);
        }
        Arrays.sort(entries);
        return new SortedEntries(entries);
    }

    /** How many bytes all keys begin with alike. */
    private static int common(List<byte[]> keys) {
        int common = keys.isEmpty() ? 0 : keys.get(0).length;
        for (byte[] key : keys) {
            int differs = Arrays.mismatch(key, 0, Math.min(common, key.length), keys.get(0), 0, common);
            common = differs < 0 ? common : differs;
        }
        return common;
    }

    /** The eight bytes from there, as if there were zeros behind the key. */
    private static long rest(byte[] key, int from) {
        long rest = 0;
        for (int i = from; i < from + Long.BYTES; i++) {
            rest = (rest << Byte.SIZE) | (i < key.length ? key[i] & 0xFF : 0);
        }
        return rest;
    }

    int size() {
        return entries.length;
    }

    byte[] key(int index) {
        return entries[index].key;
    }

    byte[] value(int index) {
        return entries[index].value;
    }
}
