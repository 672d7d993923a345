// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.load;

import java.time.Duration;
import java.time.Instant;

/**
 * What the records of a run are like. The same load is the same records, and its first records are those of a shorter one
 * with the same {@link #interval}.
 *
 * <p>A duplicate repeats the key and the value of a record that is at most {@link #reach} keys and half a TTL before it, so
 * that every sound deduplication with that TTL lets exactly the distinct keys through.
 *
 * @param records how many there are, duplicates included
 * @param valueBytes how long a value is
 * @param duplicateRatio which part of the records are duplicates, from 0 to under 1
 * @param reach how many of the latest keys a duplicate is chosen among
 * @param start the event time of the first record
 * @param span over which event times are evenly spread
 * @param ttl of the deduplication
 * @param seed of everything that is chosen
 */
public record Load(
        long records,
        int valueBytes,
        double duplicateRatio,
        int reach,
        Instant start,
        Duration span,
        Duration ttl,
        long seed) {
    public Load {
        require(records >= 1, "There is at least one record");
        require(valueBytes >= Long.BYTES, "A value has at least " + Long.BYTES + " bytes");
        require(duplicateRatio >= 0 && duplicateRatio < 1, "The ratio of duplicates is from 0 to under 1");
        require(reach >= 1, "A duplicate repeats one of at least one key");
        require(!span.isNegative() && !span.isZero(), "Event times are spread over a while");
        require(ttl.toMillis() >= 2, "The TTL is at least 2 ms");
    }

    private static void require(boolean met, String message) {
        if (!met) {
            throw new IllegalArgumentException(message);
        }
    }

    /** The time between two records, in nanoseconds. */
    double interval() {
        return (double) span.toNanos() / records;
    }

    /** The event time of that record, in milliseconds since the epoch. */
    long timestamp(long index) {
        return start.toEpochMilli() + (long) (index * interval() / 1_000_000);
    }

    /** How many records before it the first of a duplicate may be. */
    long furthest() {
        return Math.max(1, (long) (ttl.toNanos() / (2 * interval())));
    }

    /** How many distinct keys the first records have. */
    public long distinctKeys(long firstRecords) {
        LoadGenerator generator = new LoadGenerator(this);
        for (long i = 0; i < firstRecords; i++) {
            generator.next();
        }
        return generator.distinctKeys();
    }

    /** How many records it takes until that many keys have been seen; all of them if there are not that many keys. */
    public long recordsUntil(long distinctKeys) {
        LoadGenerator generator = new LoadGenerator(this);
        long taken = 0;
        while (taken < records && generator.distinctKeys() < distinctKeys) {
            generator.next();
            taken++;
        }
        return taken;
    }
}
