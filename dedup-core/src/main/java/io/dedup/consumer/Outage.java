// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells records that are bad from a world that is: when so many records in a row have been given up and none has succeeded since,
 * the rest is held until one does. But one more is given up from time to time, in case it is the records.
 *
 * <p>Thread-safe.
 */
final class Outage {
    private static final Logger LOGGER = LoggerFactory.getLogger(Outage.class);

    private final int maxGivenUp;
    private final Duration oneMoreAfter;
    // Guarded by this.
    private int givenUp;
    private long lastGivenUpAt;
    private boolean told;

    /**
     * @param maxGivenUp how many records in a row may be given up
     * @param oneMoreAfter how long the rest is held before one more is given up
     */
    Outage(int maxGivenUp, Duration oneMoreAfter) {
        this.maxGivenUp = maxGivenUp;
        this.oneMoreAfter = oneMoreAfter;
    }

    /** A record has succeeded. */
    synchronized void succeeded() {
        if (told) {
            LOGGER.info("A record has succeeded: records that fail are given up again");
        }
        givenUp = 0;
        told = false;
    }

    /** Whether a record that has failed too often may be given up, which then counts. */
    synchronized boolean mayGiveUp() {
        if (givenUp >= maxGivenUp && System.nanoTime() - lastGivenUpAt < oneMoreAfter.toNanos()) {
            if (!told) {
                told = true;
                LOGGER.error(
                        "The last {} records were given up and none has succeeded since: the rest is held, and tried"
                                + " until one succeeds; one more is given up every {}",
                        givenUp,
                        oneMoreAfter);
            }
            return false;
        }
        givenUp++;
        lastGivenUpAt = System.nanoTime();
        return true;
    }

    /** A record that might be given up was not. */
    synchronized void notGivenUp() {
        givenUp = Math.max(0, givenUp - 1);
    }

    /** Whether records are held. */
    synchronized boolean isHolding() {
        return givenUp >= maxGivenUp;
    }
}
