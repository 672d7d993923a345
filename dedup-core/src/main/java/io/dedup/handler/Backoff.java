// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Pauses between calls of a store, each twice as long as the one before, up to a bound. Confined to one thread. */
final class Backoff {
    private static final Duration FIRST = Duration.ofMillis(5);
    private static final Duration MAX = Duration.ofMillis(250);

    private static final Duration MAX_DELAY = Duration.ofDays(36_500);

    private final long until;
    private Duration next = FIRST;

    /**
     * @param atMost how long all pauses and what is done between them may take
     */
    Backoff(Duration atMost) {
        Duration bounded = atMost.compareTo(MAX_DELAY) < 0 ? atMost : MAX_DELAY;
        this.until = System.nanoTime() + bounded.toNanos();
    }

    /** How long to pause before the next call; null if the time is over. */
    @Nullable
    Duration next() {
        Duration left = Duration.ofNanos(until - System.nanoTime());
        if (left.isNegative() || left.isZero()) {
            return null;
        }
        Duration pause = next.compareTo(left) < 0 ? next : left;
        Duration doubled = next.multipliedBy(2);
        next = doubled.compareTo(MAX) < 0 ? doubled : MAX;
        return pause;
    }

    /** Pauses; false if the time is over, or the thread is interrupted, which it then still is. */
    boolean pause() {
        Duration pause = next();
        return pause != null && pause(pause);
    }

    /** Whether the pause was not cut short by an interrupt, which is still pending then. */
    static boolean pause(Duration duration) {
        long until = System.nanoTime() + duration.toNanos();
        for (long left = duration.toNanos(); left > 0; left = until - System.nanoTime()) {
            if (Thread.currentThread().isInterrupted()) {
                return false;
            }
            LockSupport.parkNanos(left);
        }
        return true;
    }
}
