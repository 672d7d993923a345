// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store;

import io.dedup.Coordinates;
import io.dedup.SeenRecord;
import io.dedup.streams.internal.store.format.BucketEntry;
import io.dedup.streams.internal.store.format.EntryCodec;
import java.util.Objects;
import org.apache.kafka.common.utils.Bytes;
import org.jspecify.annotations.Nullable;

/** Remembers numbers in a store: each is the offset of a first. */
public final class Numbers {
    private Numbers() {}

    /** Puts a number in the place of that of the key and window start. */
    static void put(SegmentedWindowStore store, Bytes key, long number, long start) {
        store.hold(key, start, firsts(number, start), start);
    }

    /** What a bucket holds of a key with that number. */
    static BucketEntry firsts(long number, long start) {
        return BucketEntry.of(first(number, start));
    }

    /** Takes the number back. */
    static void remove(SegmentedWindowStore store, Bytes key, long start) {
        store.hold(key, start, BucketEntry.NONE, start);
    }

    /** The number of that key and window start, or null. */
    static @Nullable Long of(SegmentedWindowStore store, Bytes key, long start) {
        BucketEntry firsts = store.firsts(key, start);
        return firsts.seenRecords().isEmpty() ? null : offset(firsts);
    }

    /** The number in what a store returns for a key and window start. */
    static long in(byte[] value, long start) {
        byte[] entry = java.util.Arrays.copyOfRange(value, Long.BYTES, value.length);
        return offset(new EntryCodec().decodeVersioned(entry, start));
    }

    private static long offset(BucketEntry firsts) {
        return Objects.requireNonNull(firsts.seenRecords().get(0).coordinates()).offset();
    }

    private static SeenRecord first(long number, long start) {
        return new SeenRecord(start, start + 1, new Coordinates("orders", 0, number), null);
    }
}
