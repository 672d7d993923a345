// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.table;

import com.dynatrace.hash4j.hashing.HashValue128;
import com.dynatrace.hash4j.hashing.Hasher128;
import com.dynatrace.hash4j.hashing.Hashing;

/**
 * The 128 bits that stand for a key of one window: XXH3 with a seed, as hash4j has it, spread over window starts.
 *
 * <p>It is not for keeping secrets. With the seed one can make keys that collide; another seed is drawn wherever a table
 * begins, and never written down.
 *
 * <p>Confined to one thread: the bits are those of the key that was taken last.
 */
public final class KeyHash {
    /** The fractional part of the golden ratio, which no multiple of a window's width lines up with. */
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;

    private final Hasher128 hasher;
    private long keyHigh;
    private long keyLow;
    private long high;
    private long low;

    /** A hash of that seed. */
    public KeyHash(long seed) {
        this.hasher = Hashing.xxh3_128(seed);
    }

    /** Takes a key. */
    public void take(byte[] key) {
        HashValue128 hash = hasher.hashBytesTo128Bits(key);
        keyHigh = hash.getMostSignificantBits();
        keyLow = hash.getLeastSignificantBits();
    }

    /** Makes the bits those of the key in the window of that start. */
    public void at(long windowStart) {
        // One to one for every start: keys that differ still differ.
        high = keyHigh ^ (windowStart * GOLDEN);
        low = keyLow + windowStart;
    }

    /** The first half of the bits. */
    public long high() {
        return high;
    }

    /** The second half. */
    public long low() {
        return low;
    }
}
