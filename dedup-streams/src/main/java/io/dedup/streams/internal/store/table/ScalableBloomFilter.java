// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.table;

import java.util.ArrayList;
import java.util.List;

/**
 * A Bloom filter that grows: it recognises most keys that were never added.
 *
 * <p>A key sets eight bits of one block of 512, which is a line of the processor's cache: Putze, Sanders and Singler, Cache-,
 * Hash- and Space-Efficient Bloom Filters, 2007. There are {@value #BITS_A_KEY} bits a key, and of a thousand keys that were
 * never added a full layer does not recognise about 1. When a layer is full the next holds as many keys as all before, so
 * that nothing is ever added again. But each layer is one more place in memory to look at, and what layers do not recognise adds up.
 * So where it was not known how many keys would come, the small ones, of which there would be many below a large one, hold
 * three times as many as all before, and have twice the bits, with which they recognise all but one in tens of thousands.
 *
 * <p>Not thread-safe.
 */
public final class ScalableBloomFilter {
    private static final int BITS_A_KEY = 16;
    /** How many bytes a key takes at most, beside {@link #MAX_BYTES_BESIDE}: a new layer has room for as many as there are. */
    public static final double MAX_BYTES_A_KEY = 2.0 * BITS_A_KEY / Byte.SIZE;
    /** How many bytes a filter takes at most beside those of its keys, and of keys that were expected. */
    public static final long MAX_BYTES_BESIDE = 3L << 20;

    private static final int BLOCK_BITS = 512;
    private static final int BLOCK_LONGS = BLOCK_BITS / Long.SIZE;
    private static final int KEYS_A_BLOCK = BLOCK_BITS / BITS_A_KEY;
    private static final int KEYS_A_BLOCK_OF_A_SMALL_LAYER = KEYS_A_BLOCK / 2;
    private static final int GROWTH_OF_A_SMALL_LAYER = 3;
    private static final long MAX_KEYS_OF_A_SMALL_LAYER = 768 << 10;
    private static final int PROBES = 8;
    private static final int BITS_A_PROBE = 9;
    private static final int WORD_BITS = 6;
    private static final int MIN_KEYS = 16 << 10;
    private static final int MAX_BLOCKS = Integer.MAX_VALUE / BLOCK_LONGS - 1;

    private final List<Layer> layers = new ArrayList<>();
    private final boolean isSized;
    private Layer newest;

    private static final class Layer {
        private final long[] words;
        private final int blocks;
        private final long capacity;
        private long keys;

        Layer(long keys, int keysABlock) {
            this.blocks = (int) Math.max(1, Math.min(MAX_BLOCKS, (keys + keysABlock - 1) / keysABlock));
            this.words = new long[blocks * BLOCK_LONGS];
            this.capacity = (long) blocks * keysABlock;
        }

        private int blockOf(long high) {
            // The upper half spreads over the blocks without a division.
            return (int) (((high >>> Integer.SIZE) * blocks) >>> Integer.SIZE) * BLOCK_LONGS;
        }

        /** The last of them is of the half that has not been used for the block. */
        private static int bit(int probe, long bits, long high) {
            return (int) (probe == PROBES - 1 ? high : bits) & (BLOCK_BITS - 1);
        }

        boolean has(long high, long low) {
            int block = blockOf(high);
            long bits = low;
            for (int i = 0; i < PROBES; i++) {
                int bit = bit(i, bits, high);
                if ((words[block + (bit >>> WORD_BITS)] & (1L << bit)) == 0) {
                    return false;
                }
                bits >>>= BITS_A_PROBE;
            }
            return true;
        }

        void add(long high, long low) {
            int block = blockOf(high);
            long bits = low;
            for (int i = 0; i < PROBES; i++) {
                int bit = bit(i, bits, high);
                words[block + (bit >>> WORD_BITS)] |= 1L << bit;
                bits >>>= BITS_A_PROBE;
            }
            keys++;
        }
    }

    /**
     * An empty filter.
     *
     * @param keys how many are expected; 0 if that is not known
     */
    public ScalableBloomFilter(long keys) {
        isSized = keys > MIN_KEYS;
        newest = isSized ? new Layer(keys, KEYS_A_BLOCK) : new Layer(MIN_KEYS, KEYS_A_BLOCK_OF_A_SMALL_LAYER);
        layers.add(newest);
    }

    /**
     * Reads what {@link #mayHave} and {@link #add} begin with for that key, so that it is waited for together with what else is
     * prefetched.
     *
     * @return something that depends on what was read: unless it is used, nothing is read
     */
    public int prefetch(KeyHash hash) {
        long read = 0;
        for (int i = layers.size() - 1; i >= 0; i--) {
            Layer layer = layers.get(i);
            read += layer.words[layer.blockOf(hash.high())];
        }
        return (int) read;
    }

    /** Whether the key may have been added; if not, it surely was not. */
    public boolean mayHave(KeyHash hash) {
        long high = hash.high();
        long low = hash.low();
        for (int i = layers.size() - 1; i >= 0; i--) {
            if (layers.get(i).has(high, low)) {
                return true;
            }
        }
        return false;
    }

    /** Adds a key. */
    public void add(KeyHash hash) {
        if (newest.keys >= newest.capacity) {
            long before = keys();
            long many = before * GROWTH_OF_A_SMALL_LAYER;
            newest = isSized || many > MAX_KEYS_OF_A_SMALL_LAYER
                    ? new Layer(before, KEYS_A_BLOCK)
                    : new Layer(many, KEYS_A_BLOCK_OF_A_SMALL_LAYER);
            layers.add(newest);
        }
        newest.add(hash.high(), hash.low());
    }

    /** Adds everything that was added to the other one, which is not to be used any more. */
    public void addAll(ScalableBloomFilter other) {
        layers.addAll(0, other.layers);
    }

    /** How many keys were added. */
    public long keys() {
        return layers.stream().mapToLong(layer -> layer.keys).sum();
    }

    /** How many bytes the filter takes. */
    public long bytes() {
        return layers.stream()
                .mapToLong(layer -> (long) layer.words.length * Long.BYTES)
                .sum();
    }
}
