// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import java.time.Duration;

/**
 * The retry schedule of a record: how often it is tried, and how long it waits in between, twice as long each time. The number of
 * attempts is kept in the store, so that a record that kills its process does not do so for ever.
 *
 * @param attempts in all; at least 1
 * @param firstPause after the first; at least a millisecond
 * @param longestPause after any; not less than the first
 */
public record Retries(int attempts, Duration firstPause, Duration longestPause) {
    /** 15 attempts within 6 to 7 minutes, which outlast an ordinary deployment of what an operation needs. */
    public static final Retries DEFAULT = new Retries(15, Duration.ofMillis(200), Duration.ofMinutes(1));

    /**
     * That many attempts.
     *
     * @throws IllegalArgumentException if there is none, or a pause is not positive or shorter than the first
     */
    public Retries {
        if (attempts < 1) {
            throw new IllegalArgumentException("attempts must be at least 1: " + attempts);
        } else if (firstPause.toMillis() < 1) {
            throw new IllegalArgumentException("firstPause must be at least PT0.001S: " + firstPause);
        } else if (longestPause.compareTo(firstPause) < 0) {
            throw new IllegalArgumentException(
                    "longestPause must not be less than firstPause, which is " + firstPause + ": " + longestPause);
        }
    }

    /** The pause after that attempt. */
    Duration pauseAfter(int attempt) {
        Duration pause = firstPause;
        for (int i = 1; i < attempt && pause.compareTo(longestPause) < 0; i++) {
            pause = pause.multipliedBy(2);
        }
        return pause.compareTo(longestPause) < 0 ? pause : longestPause;
    }
}
