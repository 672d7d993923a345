// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.errors.InterruptException;

/** Wakes a thread that waits for others to get on, or that is about to wait. Thread-safe. */
final class Signal {
    private final Semaphore sent = new Semaphore(0);

    void send() {
        sent.release();
    }

    /** Waits until it is sent, or was since the last time; or until that time is over. */
    void await(Duration atMost) {
        try {
            if (sent.tryAcquire(atMost.toNanos(), TimeUnit.NANOSECONDS)) {
                sent.drainPermits();
            }
        } catch (InterruptedException interrupted) {
            throw new InterruptException(interrupted);
        }
    }
}
