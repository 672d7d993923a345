// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
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
    private boolean isAwaited;
    /** Until then others go first: as long as the last operation was alone, or was waited for in vain. */
    private long othersUntil = System.nanoTime();

    private long since;

    /** Waits until no operation is alone, or is about to be. */
    synchronized Pass enter() throws InterruptedException {
        return enterAll(1).get(0);
    }

    /**
     * Waits until no operation is alone, or is about to be.
     *
     * @param count how many operations are let in, each with a pass of its own
     */
    synchronized List<Pass> enterAll(int count) throws InterruptedException {
        while (alone || isAwaited) {
            wait();
        }
        together += count;
        return Stream.generate(() -> new Pass(false)).limit(count).toList();
    }

    /**
     * Waits until no other operation runs. Those that come meanwhile wait too, but only for one such wait at a time, and are let
     * in between two of them for as long as the last one took.
     *
     * @return null if others still run after that time, or are to be let in first
     */
    synchronized @Nullable Pass enterAlone(Duration atMost) throws InterruptedException {
        long until = System.nanoTime() + atMost.toNanos();
        for (long turn = untilTurn(); turn > 0; turn = untilTurn()) {
            long left = until - System.nanoTime();
            if (left <= 0) {
                return null;
            }
            wait(Math.min(left, turn) / 1_000_000 + 1);
        }
        long began = System.nanoTime();
        isAwaited = true;
        try {
            while (alone || together > 0) {
                long left = until - System.nanoTime();
                if (left <= 0) {
                    othersUntil = System.nanoTime() + (System.nanoTime() - began);
                    return null;
                }
                wait(left / 1_000_000 + 1);
            }
            alone = true;
            since = System.nanoTime();
            return new Pass(true);
        } finally {
            isAwaited = false;
            notifyAll();
        }
    }

    /** How long it takes at least until an operation may ask to be alone; 0 if it may. */
    private long untilTurn() {
        return alone || isAwaited ? Long.MAX_VALUE : Math.max(0, othersUntil - System.nanoTime());
    }

    private synchronized void leave(boolean wasAlone) {
        if (wasAlone) {
            alone = false;
            othersUntil = System.nanoTime() + (System.nanoTime() - since);
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
