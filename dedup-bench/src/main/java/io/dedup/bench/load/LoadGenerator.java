// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.load;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import java.util.UUID;

/** Makes the records of a {@link Load}, one after the other. Confined to one thread. */
public final class LoadGenerator {
    private static final long HIGH = 0x9E3779B97F4A7C15L;
    private static final long LOW = 0xD1B54A32D192ED03L;

    private final Load load;
    private final SplittableRandom random;
    private final long furthest;
    /** Which record was the first of each of the latest keys; the key's number, modulo the reach, is the place. */
    private final long[] firsts;

    private long index = -1;
    private long distinctKeys;
    /** The oldest key that a duplicate may repeat. */
    private long oldest;

    private long number;

    /** A generator that stands before the first record. */
    public LoadGenerator(Load load) {
        this.load = load;
        this.random = new SplittableRandom(load.seed());
        this.furthest = load.furthest();
        this.firsts = new long[load.reach()];
    }

    /** Goes on to the next record. */
    public void next() {
        index++;
        while (distinctKeys - oldest > firsts.length
                || (oldest < distinctKeys && firsts[place(oldest)] < index - furthest)) {
            oldest++;
        }
        boolean duplicate = random.nextDouble() < load.duplicateRatio();
        if (duplicate && oldest < distinctKeys) {
            number = oldest + random.nextLong(distinctKeys - oldest);
        } else {
            number = distinctKeys++;
            firsts[place(number)] = index;
        }
    }

    private int place(long key) {
        return (int) (key % firsts.length);
    }

    /** How many distinct keys there were up to and with this record. */
    public long distinctKeys() {
        return distinctKeys;
    }

    /** The key: a UUID of version 4 as 36 characters. */
    public byte[] key() {
        long high = mix(load.seed() + HIGH * (number + 1));
        long low = mix(high + LOW * (number + 1));
        long version4 = (high & ~0xF000L) | 0x4000L;
        long variant2 = (low & 0x3FFF_FFFF_FFFF_FFFFL) | 0x8000_0000_0000_0000L;
        return new UUID(version4, variant2).toString().getBytes(US_ASCII);
    }

    /** The finalizer of MurmurHash3 with the constants of Stafford's variant 13: equal bits in, equal bits out. */
    private static long mix(long bits) {
        long once = (bits ^ (bits >>> 30)) * 0xBF58476D1CE4E5B9L;
        long twice = (once ^ (once >>> 27)) * 0x94D049BB133111EBL;
        return twice ^ (twice >>> 31);
    }

    /** The value, which is the same for the same key. */
    public byte[] value() {
        byte[] value = new byte[load.valueBytes()];
        ByteBuffer.wrap(value).putLong(number);
        return value;
    }

    /** The event time in milliseconds since the epoch. */
    public long timestamp() {
        return load.timestamp(index);
    }
}
