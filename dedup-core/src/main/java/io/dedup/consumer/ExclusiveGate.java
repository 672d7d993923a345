// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Lets operations run beside each other, or one of them alone. While one waits to be alone no others are begun.
 *
 * <p>Thread-safe.
 */
final class ExclusiveGate {
    // All guarded by this.
    private int together;
    private boolean alone;
    private int waiting;

    /** Waits until no operation is alone, or wants to be. */
    synchronized Pass enter() throws InterruptedException {
        while (alone || waiting > 0) {
            wait();
        }
        together++;
        return new Pass(false);
    }

    /**
     * Waits until no other operation runs.
     *
     * @return null if others still run after that time
     */
    synchronized @Nullable Pass enterAlone(Duration atMost) throws InterruptedException {
        long until = System.nanoTime() + atMost.toNanos();
        waiting++;
        try {
            while (alone || together > 0) {
                long left = until - System.nanoTime();
                if (left <= 0) {
                    return null;
                }
                wait(left / 1_000_000 + 1);
            }
            alone = true;
            return new Pass(true);
        } finally {
            waiting--;
            notifyAll();
        }
    }

    private synchronized void leave(boolean wasAlone) {
        if (wasAlone) {
            alone = false;
        } else {
            together--;
        }
        notifyAll();
    }

    /** For as long as an operation runs. May be closed by any thread, and more than once. */
    final class Pass implements AutoCloseable {
        private final boolean isAlone;
        private boolean left;

        private Pass(boolean isAlone) {
            this.isAlone = isAlone;
        }

        @Override
        public void close() {
            synchronized (ExclusiveGate.this) {
                if (!left) {
                    left = true;
                    leave(isAlone);
                }
            }
        }
    }
}
