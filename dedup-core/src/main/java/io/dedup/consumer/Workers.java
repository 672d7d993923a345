// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The threads of a consumer that run operations, and whether it goes on.
 *
 * <p>An operation that takes too long is interrupted by its handler. A thread that does not come back is abandoned:
 * another one takes its place and the record is tried again, and what the first still comes to is fenced by its lease.
 *
 * <p>Thread-safe.
 */
final class Workers implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(Workers.class);
    private static final Duration LOOK_EVERY = Duration.ofSeconds(1);
    private static final Duration MAX_GRACE = Duration.ofSeconds(30);
    private static final Duration PAUSE = Duration.ofSeconds(1);

    private final ThreadPoolExecutor threads;
    private final ScheduledExecutorService timer;
    /** Begins batches: not one of the threads above, which may all wait for something. */
    private final ExecutorService batches;

    private final ConsumerEvents events;
    private final ProbeGate gate;
    private final Duration abandonedAfter;
    private final Set<Run> runs = ConcurrentHashMap.newKeySet();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private volatile boolean stopping;

    /**
     * @param maxDuration after which an operation is interrupted
     * @param outage while which records are tried one at a time
     * @param aloneFor how long one of them may take before another one is begun beside it
     */
    Workers(int count, int number, Duration maxDuration, Outage outage, Duration aloneFor, ConsumerEvents events) {
        this.threads = new ThreadPoolExecutor(
                count, count, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), named("dedup-worker-" + number));
        this.timer = Executors.newSingleThreadScheduledExecutor(named("dedup-timer-" + number));
        this.batches = Executors.newSingleThreadExecutor(named("dedup-batches-" + number));
        this.events = events;
        this.gate = new ProbeGate(outage::isHolding, this::executeUnlessEnded, aloneFor);
        Duration grace = maxDuration.compareTo(MAX_GRACE) < 0 ? maxDuration : MAX_GRACE;
        this.abandonedAfter = maxDuration.plus(grace);
        Future<?> unused = timer.scheduleWithFixedDelay(
                this::look, LOOK_EVERY.toMillis(), LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS);
    }

    private static ThreadFactory named(String name) {
        AtomicInteger numbers = new AtomicInteger();
        return work -> {
            Thread thread = new Thread(work, name + "-" + numbers.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }

    ScheduledExecutorService timer() {
        return timer;
    }

    /**
     * Begins work on a record, in its turn while records are held.
     *
     * @throws RejectedExecutionException if the threads have ended
     */
    void execute(Runnable work) {
        threads.execute(() -> gate.run(work));
    }

    /** Begins a batch; not if the threads have ended. */
    void executeBatch(Runnable work) {
        try {
            batches.execute(work);
        } catch (RejectedExecutionException ended) {
            LOGGER.debug("A batch is not begun, since the consumer has ended");
        }
    }

    /** Does it on one of the threads, whether or not records are held; on this one if the threads have ended. */
    void aside(Runnable work) {
        try {
            threads.execute(work);
        } catch (RejectedExecutionException ended) {
            work.run();
        }
    }

    private void executeUnlessEnded(Runnable work) {
        try {
            threads.execute(work);
        } catch (RejectedExecutionException ended) {
            LOGGER.debug("A record that was held is not begun, since the consumer has ended");
        }
    }

    /** Begins no more records. */
    void stop() {
        stopping = true;
    }

    boolean goOn() {
        return !stopping && failure.get() == null;
    }

    void fail(Throwable cause) {
        if (failure.compareAndSet(null, cause)) {
            LOGGER.error("The consumer stops", cause);
        }
    }

    /** Why it has ended; none if it was stopped. */
    Optional<Throwable> failure() {
        return Optional.ofNullable(failure.get());
    }

    /** Interrupts what still runs. */
    void interrupt() {
        threads.shutdownNow();
        batches.shutdownNow();
    }

    @Override
    public void close() {
        timer.shutdownNow();
        threads.shutdownNow();
        batches.shutdownNow();
    }

    /** Handles a record on this thread, and passes the result on, unless it was abandoned before. */
    void run(
            ConsumerRecord<byte[], byte[]> record,
            Consumer<RecordHandling.Result> then,
            Function<Run, RecordHandling.Result> handling) {
        Run run = new Run(record, then);
        runs.add(run);
        RecordHandling.Result result;
        try {
            result = handling.apply(run);
        } catch (Throwable broken) {
            result = new RecordHandling.Fatal(broken);
        } finally {
            runs.remove(run);
            run.leave();
        }
        if (run.ended.compareAndSet(false, true)) {
            end(run, result);
        } else {
            LOGGER.warn("An operation that was abandoned has come back: {}", record.topic());
            resize(-1);
        }
    }

    private void end(Run run, RecordHandling.Result result) {
        if (result instanceof RecordHandling.Again again && goOn()) {
            events.retried(run.record, again);
        }
        run.then.accept(result);
    }

    private void look() {
        try {
            gate.next();
            for (Run run : runs) {
                if (run.isHung() && run.ended.compareAndSet(false, true)) {
                    abandon(run);
                }
            }
        } catch (RuntimeException failed) {
            LOGGER.error("Operations that hang could not be looked for", failed);
        }
    }

    private void abandon(Run run) {
        events.abandoned();
        IllegalStateException where = new IllegalStateException("it is here");
        where.setStackTrace(run.thread.getStackTrace());
        LOGGER.error(
                "The thread that handles {}-{}@{} has not come back long after the longest duration, and is abandoned",
                run.record.topic(),
                run.record.partition(),
                run.record.offset(),
                where);
        run.leave();
        resize(1);
        end(run, new RecordHandling.Again(PAUSE));
    }

    private synchronized void resize(int by) {
        int size = threads.getCorePoolSize() + by;
        if (by > 0) {
            threads.setMaximumPoolSize(size);
            threads.setCorePoolSize(size);
        } else {
            threads.setCorePoolSize(size);
            threads.setMaximumPoolSize(size);
        }
    }

    /** A record that is being handled on a thread. */
    final class Run {
        private final ConsumerRecord<byte[], byte[]> record;
        private final Consumer<RecordHandling.Result> then;
        private final Thread thread = Thread.currentThread();
        private final AtomicBoolean ended = new AtomicBoolean();
        /** When the last phase of it began: reading the record, or running its operation. */
        private volatile long begunAt = System.nanoTime();

        private volatile ExclusiveGate.@Nullable Pass pass;

        private Run(ConsumerRecord<byte[], byte[]> record, Consumer<RecordHandling.Result> then) {
            this.record = record;
            this.then = then;
        }

        /** It has been let through, and leaves at its end. */
        void hold(ExclusiveGate.Pass held) {
            pass = held;
        }

        void leave() {
            ExclusiveGate.Pass held = pass;
            if (held != null) {
                held.close();
            }
        }

        /** Its next phase begins: it was let through, or its operation is run. */
        void begin() {
            begunAt = System.nanoTime();
        }

        /** Whether another thread has the record by now. */
        boolean isAbandoned() {
            return ended.get();
        }

        private boolean isHung() {
            return System.nanoTime() - begunAt > abandonedAfter.toNanos();
        }
    }
}
