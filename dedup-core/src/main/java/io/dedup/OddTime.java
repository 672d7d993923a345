// SPDX-License-Identifier: Apache-2.0
package io.dedup;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Guesses what a time is that is no plausible number of milliseconds since the epoch. */
final class OddTime {
    private static final long THOUSAND = 1_000;
    private static final long EARLIEST = Instant.parse("2001-09-09T00:00:00Z").toEpochMilli();
    private static final long LATEST = Instant.parse("2100-01-01T00:00:00Z").toEpochMilli();

    private OddTime() {}

    /** What is odd about it, as a sentence; null if nothing is. */
    static @Nullable String of(long time) {
        if (time < 0) {
            return "its time is " + time + ", which is none: the producer has to set one, or leave it to the client";
        } else if (isPlausible(time)) {
            return null;
        } else if (time < LATEST / THOUSAND && isPlausible(time * THOUSAND)) {
            return looksLike(time, "seconds");
        } else if (isPlausible(time / THOUSAND)) {
            return looksLike(time, "microseconds");
        }
        return isPlausible(time / THOUSAND / THOUSAND) ? looksLike(time, "nanoseconds") : null;
    }

    private static boolean isPlausible(long millis) {
        return millis >= EARLIEST && millis < LATEST;
    }

    private static String looksLike(long time, String unit) {
        return "its time, " + time + ", looks like " + unit + " since the epoch, and Kafka counts milliseconds";
    }
}
