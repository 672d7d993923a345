// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.format;

import io.dedup.SeenRecord;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The entry of one key in a bucket: one first. Where records ask for a TTL of their own, a key may be used again within the
 * bucket, and the firsts that came before still count for records that arrive out of order.
 *
 * @param seenRecords at most {@link #MAX_RECORDS} of them, and beyond the last at most {@link #MAX_OUTCOME_BYTES} of outcomes
 * @param forgottenUntil records of up to this time may be duplicates of one that is not kept any more; {@link
 *     Long#MIN_VALUE} if there is none
 */
public record BucketEntry(List<SeenRecord> seenRecords, long forgottenUntil) {
    /** How many firsts of a key a bucket keeps: beyond that, the one that expires first goes. */
    public static final int MAX_RECORDS = 16;

    /** How many bytes of outcomes the firsts of a key have together, beyond the last one. */
    static final int MAX_OUTCOME_BYTES = 256 * 1024;

    public static final BucketEntry NONE = new BucketEntry(List.of(), Long.MIN_VALUE);

    public BucketEntry {
        seenRecords = List.copyOf(seenRecords);
    }

    public static BucketEntry of(SeenRecord seen) {
        return new BucketEntry(List.of(seen), Long.MIN_VALUE);
    }

    /** The first whose TTL covers that time, or null. */
    @Nullable
    public SeenRecord covering(long time, long ttlMs) {
        for (SeenRecord seen : seenRecords) {
            if (seen.covers(time, ttlMs)) {
                return seen;
            }
        }
        return null;
    }

    /** The last time of a record that these are needed for; {@link Long#MIN_VALUE} if they are for none. */
    public long neededUntil() {
        long until = forgottenUntil;
        for (SeenRecord seen : seenRecords) {
            until = Math.max(until, seen.expiresAt());
        }
        return until;
    }

    public boolean hasOneOf(long time) {
        return seenRecords.stream().anyMatch(seen -> seen.timestamp() == time);
    }

    /** These and that one, which replaces one of the same time. */
    public BucketEntry with(SeenRecord added) {
        if (seenRecords.isEmpty()) {
            return new BucketEntry(List.of(added), forgottenUntil);
        }
        List<SeenRecord> more = new ArrayList<>(without(added.timestamp()).seenRecords);
        more.add(added);
        more.sort(Comparator.comparingLong(SeenRecord::expiresAt));
        long forgotten = forgottenUntil;
        while (more.size() > MAX_RECORDS || (more.size() > 1 && outcomeBytes(more) > MAX_OUTCOME_BYTES)) {
            SeenRecord oldest = more.get(0).equals(added) ? more.get(1) : more.get(0);
            more.remove(oldest);
            forgotten = Math.max(forgotten, oldest.expiresAt());
        }
        return new BucketEntry(more, forgotten);
    }

    private static long outcomeBytes(List<SeenRecord> seenRecords) {
        long bytes = 0;
        for (SeenRecord seen : seenRecords) {
            bytes += seen.outcome() == null ? 0 : seen.outcome().length();
        }
        return bytes;
    }

    /** These without the one of that time. */
    public BucketEntry without(long time) {
        return new BucketEntry(
                seenRecords.stream().filter(seen -> seen.timestamp() != time).toList(), forgottenUntil);
    }
}
