// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the thread of a consumer does until it is stopped or fails. Its own methods may be called by any thread. */
abstract class Loop implements Runnable {
    private static final Logger LOGGER = LoggerFactory.getLogger(Loop.class);

    private final RecordHandling<?, ?> handling;
    private final ExecutorService workers;
    private final ScheduledExecutorService timer;
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private volatile boolean stopping;

    Loop(RecordHandling<?, ?> handling, ExecutorService workers, ScheduledExecutorService timer) {
        this.handling = handling;
        this.workers = workers;
        this.timer = timer;
    }

    /** Begins no more records, waits for those that are being worked on, gives up the rest, and ends. */
    final void stop() {
        stopping = true;
    }

    /** Whether it has neither been stopped nor failed. */
    final boolean goesOn() {
        return !stopping && failure.get() == null;
    }

    /** Why it has ended; none if it was stopped. */
    final Optional<Throwable> failure() {
        return Optional.ofNullable(failure.get());
    }

    final void fail(Throwable cause) {
        if (failure.compareAndSet(null, cause)) {
            LOGGER.error("The consumer stops", cause);
        }
    }

    /** Handles a record, on the thread of a worker. */
    final RecordHandling.Result handle(ConsumerRecord<byte[], byte[]> record, int waits) {
        try {
            return handling.handle(record, waits);
        } catch (Throwable broken) {
            return new RecordHandling.Fatal(broken);
        }
    }

    /** Lets a worker do it; false if there are none any more. */
    final boolean start(Runnable work) {
        try {
            workers.execute(work);
            return true;
        } catch (RejectedExecutionException ended) {
            return false;
        }
    }

    /** Does it after a pause; false if nothing is begun any more. */
    final boolean later(Runnable work, Duration pause) {
        try {
            Future<?> unused = timer.schedule(work, pause.toNanos(), TimeUnit.NANOSECONDS);
            return true;
        } catch (RejectedExecutionException ended) {
            return false;
        }
    }
}
