// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import io.dedup.store.ClaimState;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.LeaseResult;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Renews the leases of running operations, and interrupts those that have lost theirs or have taken too long.
 *
 * <p>A lease is renewed when a third of it is over. It counts as lost when the store says so, or when it has not been renewed
 * for as long as it lasts, counted from before the call that was last answered: the store's lease cannot end earlier. A call
 * that hangs does not delay the second of these, since calls are made on other threads than those that count.
 *
 * <p>While a transaction of the operation holds the key, the store cannot renew the lease, and no other owner can take it. So it
 * is not lost meanwhile; it may be the moment that transaction is rolled back, which the next renewal finds out.
 *
 * <p>Thread-safe.
 */
final class LeaseRenewer implements AutoCloseable {
    private static final int RENEWALS = 3;
    private static final int MAX_STEPS = 16;
    private static final Logger LOGGER = LoggerFactory.getLogger(LeaseRenewer.class);
    private static final AtomicInteger THREADS = new AtomicInteger();

    private final IdempotencyStore store;
    private final Duration maxDuration;
    private final HandlerListener listener;
    private final ScheduledExecutorService timer;
    private final ExecutorService calls;
    /** For the steps of calls without a thread: renewals do not wait for those, and no number of calls takes more threads. */
    private final ThreadPoolExecutor steps;

    private volatile boolean closed;

    /**
     * @param maxDuration how long an operation may take
     */
    LeaseRenewer(IdempotencyStore store, Duration maxDuration, HandlerListener listener) {
        this.store = store;
        this.maxDuration = maxDuration;
        this.listener = listener;
        ScheduledThreadPoolExecutor one = new ScheduledThreadPoolExecutor(1, LeaseRenewer::thread);
        one.setRemoveOnCancelPolicy(true);
        // Never shut down: leases that are held at the end still have theirs. Its thread ends when nothing is due.
        one.setKeepAliveTime(1, TimeUnit.SECONDS);
        one.allowCoreThreadTimeOut(true);
        this.timer = one;
        this.calls = Executors.newCachedThreadPool(LeaseRenewer::thread);
        this.steps = new ThreadPoolExecutor(
                MAX_STEPS, MAX_STEPS, 1, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), LeaseRenewer::thread);
        steps.allowCoreThreadTimeOut(true);
    }

    private static Thread thread(Runnable work) {
        Thread thread = new Thread(work, "dedup-lease-" + THREADS.incrementAndGet());
        thread.setDaemon(true);
        return thread;
    }

    /**
     * Begins to renew the lease of an operation.
     *
     * @param claimedAt the nano time before the claim was made
     * @throws IllegalStateException if nothing is renewed any more
     */
    Lease keep(Execution<?> execution, long claimedAt, Interruption interruption) {
        throwIfClosed();
        Lease lease = new Lease(execution, claimedAt, interruption);
        execution.hold(lease);
        lease.start();
        return lease;
    }

    @Override
    public void close() {
        closed = true;
        calls.shutdown();
        steps.shutdown();
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

    /** Runs the task on the pool for calls, or inline after shutdown. */
    void aside(Runnable task) {
        try {
            calls.execute(task);
        } catch (RejectedExecutionException noMore) {
            task.run();
        }
    }

    /** Takes a step of a call on the pool for those, or inline after shutdown. */
    void step(Runnable task) {
        try {
            steps.execute(task);
        } catch (RejectedExecutionException noMore) {
            task.run();
        }
    }

    /**
     * Takes a step of a call after a pause.
     *
     * @param ifClosed what is done instead, on a thread of its own, if the handler has been closed by then
     */
    void later(Runnable task, Duration pause, Runnable ifClosed) {
        Future<?> unused = timer.schedule(
                () -> {
                    if (closed) { // The pool has ended, and this thread ends leases.
                        thread(ifClosed).start();
                    } else {
                        step(task);
                    }
                },
                pause.toNanos(),
                TimeUnit.NANOSECONDS);
    }

    /** What the store says to a renewal. */
    private enum Answer {
        GOES_ON,
        LOST,
        /** The operation has completed the key itself. */
        COMMITTED
    }

    /** The lease of a running operation. */
    final class Lease implements AutoCloseable {
        private final Execution<?> execution;
        private final Duration leaseFor;
        private final Interruption interruption;
        private final long startedAt = System.nanoTime();
        /** No monitor: what is done under it waits for the queue of the timer, which would pin virtual threads of Java 21 to 23. */
        private final Lock lock = new ReentrantLock();
        // All guarded by the lock.
        private long heldSince;
        private boolean running = true;
        private boolean interrupted;
        private boolean over;
        /** Whether a transaction held the key when the store was last asked. */
        private boolean locked;

        private @Nullable Future<?> renewal;
        private @Nullable Future<?> end;
        private @Nullable Future<?> timeout;

        private Lease(Execution<?> execution, long claimedAt, Interruption interruption) {
            this.execution = execution;
            this.leaseFor = execution.claim().request().leaseFor();
            this.interruption = interruption;
            this.heldSince = claimedAt;
        }

        /** Most operations end before anything is due: what comes after the first renewal is scheduled then. */
        private void start() {
            locked(() -> {
                // Counted from the claim, of which some may be over: what is left is renewed in time.
                long first = Math.min(leaseFor.toNanos() / RENEWALS, Math.max(0, untilEnd() / 2));
                if (maxDuration.toNanos() <= first) {
                    timeout = schedule(this::timeOut, maxDuration.toNanos());
                }
                if (untilEnd() <= first) {
                    end = schedule(this::expire, untilEnd());
                }
                renewal = schedule(this::firstRenewal, first);
            });
        }

        private long untilEnd() {
            return leaseFor.toNanos() - (System.nanoTime() - heldSince);
        }

        /** The first renewal is due. */
        private void firstRenewal() {
            locked(() -> {
                if (over) {
                    return;
                }
                if (end == null) {
                    end = schedule(this::expire, untilEnd());
                }
                if (timeout == null) {
                    timeout = schedule(this::timeOut, maxDuration.toNanos() - (System.nanoTime() - startedAt));
                }
                aside(this::renew);
            });
        }

        private void locked(Runnable work) {
            lock.lock();
            try {
                work.run();
            } finally {
                lock.unlock();
            }
        }

        private void scheduleRenewal() {
            renewal = schedule(() -> aside(this::renew), leaseFor.toNanos() / RENEWALS);
        }

        private Future<?> schedule(Runnable task, long nanos) {
            return timer.schedule(task, nanos, TimeUnit.NANOSECONDS);
        }

        private void scheduleEnd(long nanos) {
            if (closed) {
                return; // The last end stands.
            }
            cancel(end);
            end = schedule(this::expire, nanos);
        }

        private void renew() {
            if (closed || execution.isTimedOut()) {
                return;
            }
            if (ask() == Answer.GOES_ON) {
                locked(() -> {
                    if (!over) {
                        scheduleRenewal();
                    }
                });
            }
        }

        /** Asks the store for a renewal. */
        private Answer ask() {
            long sentAt = System.nanoTime();
            LeaseResult result;
            try {
                result = store.renew(execution.claim(), leaseFor);
            } catch (RuntimeException failed) {
                result = new LeaseResult.Indeterminate(failed);
            }
            if (result instanceof LeaseResult.Indeterminate unanswered) {
                LOGGER.warn(
                        "The lease of {} could not be renewed",
                        execution.claim().key(),
                        unanswered.cause());
            } else if (result instanceof LeaseResult.Lost) {
                if (isCommitted()) {
                    return Answer.COMMITTED;
                }
                lose();
                return Answer.LOST;
            }
            note(result, sentAt);
            return Answer.GOES_ON;
        }

        private void note(LeaseResult result, long sentAt) {
            locked(() -> {
                // The lock of another transaction says nothing: that may be the one that takes over.
                locked = result instanceof LeaseResult.Locked && execution.noted() != null;
                if (!over && result instanceof LeaseResult.Done && !execution.isLeaseLost()) {
                    heldSince = sentAt;
                    scheduleEnd(leaseFor.toNanos() - (System.nanoTime() - sentAt));
                }
            });
        }

        /** Whether the operation has completed the key itself, and its transaction has been committed. */
        private boolean isCommitted() {
            boolean committed =
                    execution.noted() != null && store.inspect(execution.claim()) instanceof ClaimState.Completed;
            if (committed) {
                locked(this::stop);
            }
            return committed;
        }

        /** Makes sure that the lease is held, as long as it has been confirmed within its length. */
        void confirm() {
            if (!isLate()) {
                return;
            }
            Answer answer = ask();
            locked(() -> {
                boolean unconfirmed = !locked && System.nanoTime() - heldSince >= leaseFor.toNanos();
                if (answer == Answer.LOST || (answer == Answer.GOES_ON && unconfirmed)) {
                    execution.loseLease();
                }
            });
        }

        private boolean isLate() {
            lock.lock();
            try {
                return !over && System.nanoTime() - heldSince >= leaseFor.toNanos();
            } finally {
                lock.unlock();
            }
        }

        /** The lease has not been renewed for as long as it lasts. */
        private void expire() {
            lock.lock();
            try {
                if (locked && running && !over) {
                    scheduleEnd(leaseFor.toNanos() / RENEWALS);
                    return;
                }
            } finally {
                lock.unlock();
            }
            lose();
        }

        private void lose() {
            lock.lock();
            try {
                // How an operation ended that is just being completed is found out by that call.
                if (over || !running || execution.isLeaseLost()) {
                    return;
                }
                execution.loseLease();
                interrupt();
            } finally {
                lock.unlock();
            }
            aside(() -> listener.leaseLost(execution.claim().key()));
        }

        private void timeOut() {
            locked(() -> {
                if (!over && running) {
                    LOGGER.warn(
                            "The operation {} has taken longer than {} and is interrupted",
                            execution.claim().key(),
                            maxDuration);
                    execution.timeOut();
                    interrupt();
                }
            });
        }

        private void interrupt() {
            interrupted = true;
            interruption.interrupt();
        }

        /** The nano time from which the lease counts. */
        long heldSince() {
            lock.lock();
            try {
                return heldSince;
            } finally {
                lock.unlock();
            }
        }

        /** From now on the operation is not interrupted; if its thread was, it is not any more. To be called on that thread. */
        void endOperation() {
            locked(() -> {
                running = false;
                if (interrupted) {
                    interrupted = false;
                    interruption.end();
                }
            });
        }

        private void stop() {
            over = true;
            cancel(renewal);
            cancel(end);
            cancel(timeout);
        }

        private void cancel(@Nullable Future<?> task) {
            if (task != null) {
                task.cancel(false);
            }
        }

        /** Stops renewing. */
        @Override
        public void close() {
            locked(this::stop);
        }
    }
}
