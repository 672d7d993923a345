// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.worker;

import io.dedup.bench.mode.FirstSight.Moment;
import io.dedup.bench.mode.Running;
import io.dedup.bench.mode.Task;
import io.dedup.bench.worker.WorkerAnswer.Sample;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/** Asks the broker what a mode has committed, from a thread that the mode does not use. Confined to that thread. */
final class Progress {
    private static final Duration ASK_EVERY = Duration.ofMillis(20);
    private static final Duration STUCK_AFTER = Duration.ofMinutes(3);

    private final long end;
    private final List<Moment> moments = new ArrayList<>();
    private final List<Long> offsets = new ArrayList<>();

    /**
     * Progress to that end.
     *
     * @param end how many records there are
     */
    Progress(long end) {
        this.end = end;
    }

    /**
     * Waits until everything is committed and the mode is ready.
     *
     * @return after how many seconds it was ready
     * @throws IllegalStateException if the mode has failed, or has not committed anything for minutes
     */
    double awaitEnd(Admin admin, Task task, Running running, long startedAt)
            throws ExecutionException, InterruptedException {
        TopicPartition partition = new TopicPartition(task.input(), 0);
        long committed = 0;
        long movedAt = startedAt;
        double readySeconds = -1;
        while (committed < end || readySeconds < 0) {
            LockSupport.parkNanos(ASK_EVERY.toNanos());
            requireAlive(running);
            if (readySeconds < 0 && running.isReady()) {
                readySeconds = (System.nanoTime() - startedAt) / 1e9;
            }
            OffsetAndMetadata found = admin.listConsumerGroupOffsets(task.applicationId())
                    .partitionsToOffsetAndMetadata()
                    .get()
                    .get(partition);
            Moment now = Moment.now();
            if (found != null && found.offset() > committed) {
                committed = found.offset();
                movedAt = now.nanos();
                moments.add(now);
                offsets.add(committed);
            }
            // What is restored after everything had been committed takes as long as it takes.
            if (committed < end && now.nanos() - movedAt > STUCK_AFTER.toNanos()) {
                throw new IllegalStateException("Nothing was committed for " + STUCK_AFTER.toMinutes() + " minutes; "
                        + committed + " of " + end + " records are");
            }
        }
        return readySeconds;
    }

    private static void requireAlive(Running running) {
        Optional<Throwable> failure = running.failure();
        if (failure.isPresent()) {
            throw new IllegalStateException("What is measured has failed", failure.get());
        }
    }

    /** What was seen, from that moment. */
    List<Sample> samples(Moment from) {
        List<Sample> samples = new ArrayList<>();
        for (int i = 0; i < moments.size(); i++) {
            Moment at = moments.get(i);
            samples.add(new Sample(
                    (at.nanos() - from.nanos()) / 1e9, (at.cpuNanos() - from.cpuNanos()) / 1e9, offsets.get(i)));
        }
        return samples;
    }
}
