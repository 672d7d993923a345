// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Distinguishes bad records from an outage downstream: when so many records in a row have been given up and none has succeeded
 * since, the rest is held until one does. But one more is given up from time to time, in case it is the records.
 *
 * <p>Thread-safe.
 */
final class Outage {
    private static final Logger LOGGER = LoggerFactory.getLogger(Outage.class);

    /** Receives when records are held, and when they are not any more. */
    interface Listener {
        void holding(boolean holds);
    }

    private final int maxGivenUp;
    private final Duration oneMoreAfter;
    private final Listener listener;
    // Guarded by this.
    private int givenUp;
    private long lastGivenUpAt;
    /** Held while the listener is called, so that it hears of changes in their order. */
    private final Object telling = new Object();

    private volatile boolean told;

    /**
     * @param maxGivenUp how many records in a row may be given up
     * @param oneMoreAfter how long the rest is held before one more is given up
     * @param listener called one at a time
     */
    Outage(int maxGivenUp, Duration oneMoreAfter, Listener listener) {
        this.maxGivenUp = maxGivenUp;
        this.oneMoreAfter = oneMoreAfter;
        this.listener = listener;
    }

    /** A record has succeeded. */
    void succeeded() {
        synchronized (this) {
            givenUp = 0;
        }
        tell();
    }

    /** Whether a record that has failed too often may be given up, which then counts. */
    boolean mayGiveUp() {
        synchronized (this) {
            if (isHolding() && System.nanoTime() - lastGivenUpAt < oneMoreAfter.toNanos()) {
                return false;
            }
            givenUp++;
            lastGivenUpAt = System.nanoTime();
        }
        tell();
        return true;
    }

    /** A record that might be given up was not. */
    void notGivenUp() {
        synchronized (this) {
            givenUp = Math.max(0, givenUp - 1);
        }
        tell();
    }

    /** Whether so many records were given up that others are held. */
    synchronized boolean isHolding() {
        return givenUp >= maxGivenUp;
    }

    /** Whether there are records to hold, and they are held. */
    boolean holds(ConsumerLoops loops) {
        return isHolding() && loops.inFlight() > 0;
    }

    /** Why records are held. */
    synchronized String reason() {
        return "Records that were given up in a row, with no success in between: " + givenUp;
    }

    private void tell() {
        if (isHolding() == told) {
            return;
        }
        synchronized (telling) {
            // Again after each call: a change that another thread has made meanwhile may have looked like none.
            for (boolean holds = isHolding(); holds != told; holds = isHolding()) {
                told = holds;
                if (holds) {
                    LOGGER.error(
                            "{}. The rest is held and tried one at a time until one succeeds; one more is given up"
                                    + " every {}",
                            reason(),
                            oneMoreAfter);
                } else {
                    LOGGER.info("Records are not held any more");
                }
                listener.holding(holds);
            }
        }
    }
}
