// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import java.time.Duration;

/**
 * How often a record is tried, and how long it waits in between: twice as long each time. The number of attempts is kept in
 * the store, so that a record that kills its process does not do so for ever.
 *
 * @param attempts in all; at least 1
 * @param firstPause after the first
 * @param longestPause after any
 */
public record Retries(int attempts, Duration firstPause, Duration longestPause) {
    /**
     * That many attempts.
     *
     * @throws IllegalArgumentException if there is none, or a pause is not positive or shorter than the first
     */
    public Retries {
        if (attempts < 1) {
            throw new IllegalArgumentException("A record that is tried " + attempts + " times is not tried");
        }
        if (firstPause.toMillis() < 1 || longestPause.compareTo(firstPause) < 0) {
            throw new IllegalArgumentException("The pauses are " + firstPause + " to " + longestPause
                    + ", and have to be a millisecond or more, the shorter one first");
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
