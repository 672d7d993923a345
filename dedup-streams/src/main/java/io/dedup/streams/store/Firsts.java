// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import io.dedup.Sighting;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a bucket holds of one key. That is one first, unless records ask for a TTL of their own: then a key may be used
 * again within the bucket, and those that came before still count for records that arrive out of order.
 *
 * @param sightings at most {@link #MOST} of them, and beyond the last at most {@link #MOST_OUTCOME_BYTES} of outcomes
 * @param forgottenUntil records of up to this time may be duplicates of one that is not kept any more; {@link
 *     Long#MIN_VALUE} if there is none
 */
record Firsts(List<Sighting> sightings, long forgottenUntil) {
    /** How many firsts of a key a bucket keeps: beyond that, the one that expires first goes. */
    static final int MOST = 16;

    /** How many bytes of outcomes the firsts of a key have together, beyond the last one. */
    static final int MOST_OUTCOME_BYTES = 256 * 1024;

    static final Firsts NONE = new Firsts(List.of(), Long.MIN_VALUE);

    Firsts {
        sightings = List.copyOf(sightings);
    }

    static Firsts of(Sighting sighting) {
        return new Firsts(List.of(sighting), Long.MIN_VALUE);
    }

    /** The first whose TTL covers that time, or null. */
    @Nullable
    Sighting covering(long time, long ttlMs) {
        for (Sighting sighting : sightings) {
            if (sighting.covers(time, ttlMs)) {
                return sighting;
            }
        }
        return null;
    }

    /** The last time of a record that these are needed for; {@link Long#MIN_VALUE} if they are for none. */
    long neededUntil() {
        long until = forgottenUntil;
        for (Sighting sighting : sightings) {
            until = Math.max(until, sighting.expiresAt());
        }
        return until;
    }

    boolean hasOneOf(long time) {
        return sightings.stream().anyMatch(sighting -> sighting.timestamp() == time);
    }

    /** These and that one, which replaces one of the same time. */
    Firsts with(Sighting added) {
        if (sightings.isEmpty()) {
            return new Firsts(List.of(added), forgottenUntil);
        }
        List<Sighting> more = new ArrayList<>(without(added.timestamp()).sightings);
        more.add(added);
        more.sort(Comparator.comparingLong(Sighting::expiresAt));
        long forgotten = forgottenUntil;
        while (more.size() > MOST || (more.size() > 1 && outcomeBytes(more) > MOST_OUTCOME_BYTES)) {
            Sighting oldest = more.get(0).equals(added) ? more.get(1) : more.get(0);
            more.remove(oldest);
            forgotten = Math.max(forgotten, oldest.expiresAt());
        }
        return new Firsts(more, forgotten);
    }

    private static long outcomeBytes(List<Sighting> sightings) {
        long bytes = 0;
        for (Sighting sighting : sightings) {
            bytes += sighting.outcome() == null ? 0 : sighting.outcome().length();
        }
        return bytes;
    }

    /** These without the one of that time. */
    Firsts without(long time) {
        return new Firsts(
                sightings.stream()
                        .filter(sighting -> sighting.timestamp() != time)
                        .toList(),
                forgottenUntil);
    }
}
