// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.format;

import java.nio.ByteBuffer;

/**
 * Numbers in as many bytes as they need, seven bits in each, the lowest first: those of Kafka's record format, whose own code is in
 * another package from one version to the next. Signed ones are written zigzag, so that a small one is short with either sign.
 */
final class Varints {
    private static final int SEVEN_BITS = 7;
    private static final int CONTINUED = 1 << SEVEN_BITS;
    private static final int MASK = CONTINUED - 1;

    private Varints() {}

    /** Writes a number that is not negative, in at most five bytes. */
    static void writeUnsignedVarint(int value, ByteBuffer buffer) {
        int left = value;
        while ((left & ~MASK) != 0) {
            buffer.put((byte) (left | CONTINUED));
            left >>>= SEVEN_BITS;
        }
        buffer.put((byte) left);
    }

    /** Writes any number, in at most five bytes. */
    static void writeVarint(int value, ByteBuffer buffer) {
        writeUnsignedVarint((value << 1) ^ (value >> (Integer.SIZE - 1)), buffer);
    }

    /** Writes any number, in at most ten bytes. */
    static void writeVarlong(long value, ByteBuffer buffer) {
        long left = (value << 1) ^ (value >> (Long.SIZE - 1));
        while ((left & ~MASK) != 0) {
            buffer.put((byte) (left | CONTINUED));
            left >>>= SEVEN_BITS;
        }
        buffer.put((byte) left);
    }

    /**
     * Reads what {@link #writeUnsignedVarint} wrote.
     *
     * @throws IllegalArgumentException if it is longer than any
     * @throws java.nio.BufferUnderflowException if it is cut
     */
    static int readUnsignedVarint(ByteBuffer buffer) {
        int value = 0;
        for (int shift = 0; shift < Integer.SIZE; shift += SEVEN_BITS) {
            byte part = buffer.get();
            value |= (part & MASK) << shift;
            if (part >= 0) {
                return value;
            }
        }
        throw new IllegalArgumentException("The number is longer than five bytes");
    }

    /** Reads what {@link #writeVarint} wrote, with the same errors. */
    static int readVarint(ByteBuffer buffer) {
        int value = readUnsignedVarint(buffer);
        return (value >>> 1) ^ -(value & 1);
    }

    /**
     * Reads what {@link #writeVarlong} wrote.
     *
     * @throws IllegalArgumentException if it is longer than any
     * @throws java.nio.BufferUnderflowException if it is cut
     */
    static long readVarlong(ByteBuffer buffer) {
        long value = 0;
        for (int shift = 0; shift < Long.SIZE; shift += SEVEN_BITS) {
            byte part = buffer.get();
            value |= (long) (part & MASK) << shift;
            if (part >= 0) {
                return (value >>> 1) ^ -(value & 1);
            }
        }
        throw new IllegalArgumentException("The number is longer than ten bytes");
    }
}
