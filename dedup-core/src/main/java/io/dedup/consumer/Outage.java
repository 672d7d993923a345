// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells records that are bad from a world that is: when so many records in a row have been given up and none has succeeded since,
 * no more are given up until one does.
 *
 * <p>Thread-safe.
 */
final class Outage {
    private static final Logger LOGGER = LoggerFactory.getLogger(Outage.class);

    private final int maxGivenUp;
    // Guarded by this.
    private int givenUp;
    private boolean told;

    /**
     * @param maxGivenUp how many records in a row may be given up
     */
    Outage(int maxGivenUp) {
        this.maxGivenUp = maxGivenUp;
    }

    /** A record has succeeded. */
    synchronized void succeeded() {
        if (told) {
            LOGGER.info("A record has succeeded: records that fail are given up again");
        }
        givenUp = 0;
        told = false;
    }

    /** Whether a record that has failed too often may be given up. */
    synchronized boolean mayGiveUp() {
        if (givenUp >= maxGivenUp) {
            if (!told) {
                told = true;
                LOGGER.error(
                        "The last {} records were given up and none has succeeded since: the rest is held, and tried"
                                + " until one succeeds",
                        givenUp);
            }
            return false;
        }
        return true;
    }

    /** A record that has failed too often was given up. */
    synchronized void gaveUp() {
        givenUp++;
    }

    /** Whether no record is given up. */
    synchronized boolean isHolding() {
        return givenUp >= maxGivenUp;
    }
}
