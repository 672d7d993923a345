// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Lets work on records begin: all of it, or while records are held one at a time, in the order of arrival. So a downstream system
 * that is in trouble gets one call at a time, and a record that would succeed is still found among those that fail.
 *
 * <p>Thread-safe.
 */
final class ProbeGate {
    private final BooleanSupplier holds;
    private final Executor workers;
    private final Duration aloneFor;

    // Guarded by this.
    private final Deque<Runnable> waiting = new ArrayDeque<>();
    private @Nullable Object probe;
    private long probeSince;

    /**
     * @param holds whether records are held
     * @param workers where work is begun that had to wait
     * @param aloneFor after which another one may begin beside one that does not end
     */
    ProbeGate(BooleanSupplier holds, Executor workers, Duration aloneFor) {
        this.holds = holds;
        this.workers = workers;
        this.aloneFor = aloneFor;
    }

    /** Does the work on this thread, or keeps it until it is its turn. */
    void run(Runnable work) {
        Object own = null;
        synchronized (this) {
            if (holds.getAsBoolean()) {
                if (isTaken()) {
                    waiting.add(work);
                    return;
                }
                own = new Object();
                probe = own;
                probeSince = System.nanoTime();
            }
        }
        try {
            work.run();
        } finally {
            if (own != null) {
                leave(own);
            }
        }
    }

    private boolean isTaken() {
        return probe != null && System.nanoTime() - probeSince < aloneFor.toNanos();
    }

    private void leave(Object own) {
        synchronized (this) {
            if (probe == own) {
                probe = null;
            }
        }
        next();
    }

    /** Begins what waits: one of it, or all once no records are held. To be called from time to time. */
    void next() {
        List<Runnable> begun = new ArrayList<>();
        synchronized (this) {
            if (!holds.getAsBoolean()) {
                begun.addAll(waiting);
                waiting.clear();
            } else if (!isTaken() && !waiting.isEmpty()) {
                begun.add(waiting.remove());
            }
        }
        begun.forEach(work -> workers.execute(() -> run(work)));
    }
}
