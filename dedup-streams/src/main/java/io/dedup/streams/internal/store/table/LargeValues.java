// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.table;

import java.util.Arrays;

/**
 * The values of a {@link Shard} that are too long to lie between other entries: each has an array of its own, and a number by
 * which it is found.
 *
 * <p>Not thread-safe.
 */
final class LargeValues {
    private static final int ARRAY_HEADER_BYTES = 16;
    /** An array, the reference to it, and room for its number once it is free. */
    private static final int BYTES_BESIDE = ARRAY_HEADER_BYTES + 2 * Integer.BYTES;

    private static final byte[] NONE = {};

    private byte[][] values = {};
    private int[] free = {};
    private int freeCount;
    private int count;

    /** How many bytes a value of that length takes. */
    static long bytes(int length) {
        return BYTES_BESIDE + (long) length;
    }

    byte[] get(int number) {
        return values[number];
    }

    /** Adds the first bytes of a value, and returns its number. */
    int add(byte[] value, int length) {
        int number;
        if (freeCount > 0) {
            number = free[--freeCount];
        } else {
            if (count == values.length) {
                values = Arrays.copyOf(values, Math.max(4, 2 * count));
            }
            number = count++;
        }
        values[number] = Arrays.copyOf(value, length);
        return number;
    }

    /** Removes a value, whose number may be used again. */
    void remove(int number) {
        values[number] = NONE;
        if (freeCount == free.length) {
            free = Arrays.copyOf(free, Math.max(4, 2 * freeCount));
        }
        free[freeCount++] = number;
    }
}
