// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import io.dedup.store.IdempotencyStore;
import io.dedup.store.LeaseResult;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Renews the leases of running operations, and tells those that have lost theirs.
 *
 * <p>A lease is renewed when a third of it is over. It counts as lost when the store says so, or when it has not been renewed
 * for as long as it lasts, counted from before the call that was last answered: the store's lease cannot end earlier. A call
 * that hangs does not delay the second of these, since calls are made on other threads than those that count.
 *
 * <p>Thread-safe.
 */
final class LeaseKeeper implements AutoCloseable {
    private static final int RENEWALS = 3;
    private static final Logger LOGGER = LoggerFactory.getLogger(LeaseKeeper.class);
    private static final AtomicInteger THREADS = new AtomicInteger();

    private final IdempotencyStore store;
    private final Duration leaseFor;
    private final HandlerListener listener;
    private final ScheduledExecutorService timer;
    private final ExecutorService calls;
    private volatile boolean closed;

    LeaseKeeper(IdempotencyStore store, Duration leaseFor, HandlerListener listener) {
        this.store = store;
        this.leaseFor = leaseFor;
        this.listener = listener;
        ScheduledThreadPoolExecutor one = new ScheduledThreadPoolExecutor(1, LeaseKeeper::thread);
        one.setRemoveOnCancelPolicy(true);
        one.setExecuteExistingDelayedTasksAfterShutdownPolicy(true);
        this.timer = one;
        this.calls = Executors.newCachedThreadPool(LeaseKeeper::thread);
    }

    private static Thread thread(Runnable work) {
        Thread thread = new Thread(work, "dedup-lease-" + THREADS.incrementAndGet());
        thread.setDaemon(true);
        return thread;
    }

    /**
     * Begins to renew the lease of an operation that runs on this thread.
     *
     * @param claimedAt the nano time before the claim was made
     */
    Lease keep(Execution execution, long claimedAt) {
        Lease lease = new Lease(execution, claimedAt);
        lease.start();
        return lease;
    }

    @Override
    public void close() {
        closed = true;
        timer.shutdown();
        calls.shutdown();
    }

    boolean isClosed() {
        return closed;
    }

    /**
     * To be called before anything is claimed.
     *
     * @throws IllegalStateException if nothing is renewed any more
     */
    void throwIfClosed() {
        if (closed) {
            throw new IllegalStateException("The handler has been closed");
        }
    }

    /** Does on another thread what may take its time; on this one once the others are gone. */
    private void aside(Runnable work) {
        try {
            calls.execute(work);
        } catch (RejectedExecutionException noMore) {
            work.run();
        }
    }

    /** The lease of a running operation. */
    final class Lease implements AutoCloseable {
        private final Execution execution;
        private final Thread worker = Thread.currentThread();
        // All guarded by this.
        private long heldSince;
        private boolean running = true;
        private boolean interrupted;
        private boolean over;
        private @Nullable Future<?> renewal;
        private @Nullable Future<?> end;

        private Lease(Execution execution, long claimedAt) {
            this.execution = execution;
            this.heldSince = claimedAt;
        }

        private synchronized void start() {
            scheduleRenewal();
            scheduleEnd();
        }

        private void scheduleRenewal() {
            if (!closed) {
                renewal = timer.schedule(() -> aside(this::renew), leaseFor.toNanos() / RENEWALS, TimeUnit.NANOSECONDS);
            }
        }

        private void scheduleEnd() {
            if (end != null && !closed) {
                end.cancel(false);
            }
            long left = leaseFor.toNanos() - (System.nanoTime() - heldSince);
            if (!closed) {
                end = timer.schedule(this::lose, left, TimeUnit.NANOSECONDS);
            }
        }

        private void renew() {
            if (closed || execution.completed() != null) {
                return; // Nothing is left to be kept, or the transaction of the operation keeps it.
            }
            long sentAt = System.nanoTime();
            LeaseResult result;
            try {
                result = store.renew(execution.claim(), leaseFor);
            } catch (RuntimeException failed) {
                LOGGER.warn(
                        "The lease of {} could not be renewed",
                        execution.claim().key(),
                        failed);
                result = new LeaseResult.Indeterminate(failed);
            }
            if (result instanceof LeaseResult.Lost) {
                lose();
                return;
            }
            synchronized (this) {
                if (over) {
                    return;
                }
                if (result instanceof LeaseResult.Done && !execution.isLeaseLost()) {
                    heldSince = sentAt;
                    scheduleEnd();
                }
                scheduleRenewal();
            }
        }

        private void lose() {
            synchronized (this) {
                // What has ended and is just being completed is told by the answer to that.
                if (over || !running || execution.isLeaseLost() || execution.completed() != null) {
                    return;
                }
                execution.loseLease();
                interrupted = true;
                worker.interrupt();
            }
            aside(() -> listener.leaseLost(execution.claim().key()));
        }

        /** The nano time from which the lease counts. */
        synchronized long heldSince() {
            return heldSince;
        }

        /** From now on the thread is not interrupted; if it was, it is not any more. To be called on it. */
        synchronized void endOperation() {
            running = false;
            if (interrupted) {
                interrupted = false;
                Thread.interrupted();
            }
        }

        /** Stops renewing. */
        @Override
        public synchronized void close() {
            over = true;
            if (renewal != null) {
                renewal.cancel(false);
            }
            if (end != null) {
                end.cancel(false);
            }
        }
    }
}
