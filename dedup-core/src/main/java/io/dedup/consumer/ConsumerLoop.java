// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** The work of a thread of a consumer, until the consumer is stopped or fails. */
abstract class ConsumerLoop implements Runnable {
    private final Workers workers;
    private final RecordHandling<?, ?> handling;

    ConsumerLoop(Workers workers, RecordHandling<?, ?> handling) {
        this.workers = workers;
        this.handling = handling;
    }

    /** Closes the client of a loop that is not run. */
    abstract void abandon();

    /** Whether it has a place in its group. Called by any thread, as are the others that ask. */
    abstract boolean hasJoined();

    /** How many records it has read that are not done with. */
    abstract int inFlight();

    /** How long the oldest record has been read that is not done with; zero if there is none. */
    abstract Duration oldestAge();

    /** How many records there are that are not done with, read or not; empty if it is not known. */
    abstract OptionalLong lag();

    /** Whether the consumer has neither been stopped nor failed. */
    final boolean goesOn() {
        return workers.goOn();
    }

    final void fail(Throwable cause) {
        workers.fail(cause);
    }

    /** Handles a record, on the thread of a worker, and passes the result on. */
    final void handle(ConsumerRecord<byte[], byte[]> record, int waits, Consumer<RecordHandling.Result> then) {
        workers.run(record, then, run -> handling.handle(record, waits, run));
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

    /** Begins a batch, on the thread for that. */
    final void startBatch(Runnable work) {
        workers.executeBatch(work);
    }

    /** Does it after a pause; false if nothing is begun any more. */
    final boolean later(Runnable work, Duration pause) {
        try {
            Future<?> unused = workers.timer().schedule(work, pause.toNanos(), TimeUnit.NANOSECONDS);
            return true;
        } catch (RejectedExecutionException ended) {
            return false;
        }
    }
}
