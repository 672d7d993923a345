// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import io.dedup.Coordinates;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.ShareConsumer;
import org.apache.kafka.common.errors.InterruptException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Polls as a member of a share group, hands records to workers, and acknowledges each when it is done with. Until then its
 * lock is renewed, also while it waits for another attempt: a record that is released is delivered again only so many times,
 * and then dropped by the broker.
 *
 * <p>Confined to its thread, but for {@link #stop}.
 */
final class ShareLoop implements Loop {
    private static final Logger LOGGER = LoggerFactory.getLogger(ShareLoop.class);
    private static final Duration POLL = Duration.ofMillis(200);
    private static final int SHORTEST_LOCK_MS = 1000;

    private final ShareConsumer<byte[], byte[]> consumer;
    private final Set<String> topics;
    private final RecordHandling<?, ?> handling;
    private final ExecutorService workers;
    private final ScheduledExecutorService timer;
    private final Duration drainFor;
    /** What is being worked on. A record that comes again, renewed or after its lock was lost, is not begun again. */
    private final Map<Coordinates, Work> works = new HashMap<>();

    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private volatile boolean stopping;

    ShareLoop(
            ShareConsumer<byte[], byte[]> consumer,
            IdempotentConsumer.Builder<?, ?> builder,
            RecordHandling<?, ?> handling,
            ExecutorService workers,
            ScheduledExecutorService timer) {
        this.consumer = consumer;
        this.topics = builder.topics;
        this.handling = handling;
        this.workers = workers;
        this.timer = timer;
        this.drainFor = builder.drainFor;
    }

    @Override
    public Optional<Throwable> failure() {
        return Optional.ofNullable(failure.get());
    }

    @Override
    public void stop() {
        stopping = true;
    }

    @Override
    public void run() {
        try (consumer) {
            ConsumerRecords<byte[], byte[]> records = ConsumerRecords.empty();
            consumer.subscribe(topics);
            while (!stopping && failure.get() == null) {
                records = consumer.poll(POLL);
                records.forEach(record -> works.computeIfAbsent(at(record), none -> new Work(record))
                        .start());
                await(records, Duration.ofMillis(lockMillis() / 3));
                if (!stopping && failure.get() == null) {
                    acknowledge(records, AcknowledgeType.RENEW);
                }
            }
            works.values().forEach(Work::giveUpUnlessRunning);
            // No longer than the locks last, so that what is finished meanwhile can still be accepted.
            Duration half = Duration.ofMillis(lockMillis() / 2);
            await(records, drainFor.compareTo(half) < 0 ? drainFor : half);
            acknowledge(records, AcknowledgeType.RELEASE);
            consumer.commitSync();
        } catch (Throwable failed) {
            fail(failed);
        }
    }

    private int lockMillis() {
        return Math.max(SHORTEST_LOCK_MS, consumer.acquisitionLockTimeoutMs().orElse(SHORTEST_LOCK_MS));
    }

    /** Waits until all of them are done with or given up, or for that long. */
    private void await(ConsumerRecords<byte[], byte[]> records, Duration atMost) {
        List<CompletableFuture<Boolean>> all = new ArrayList<>();
        for (ConsumerRecord<byte[], byte[]> record : records) {
            Work work = works.get(at(record));
            if (work != null) {
                all.add(work.done);
            }
        }
        try {
            CompletableFuture.allOf(all.toArray(CompletableFuture<?>[]::new))
                    .completeOnTimeout(null, atMost.toMillis(), TimeUnit.MILLISECONDS)
                    .get();
        } catch (InterruptedException interrupted) {
            throw new InterruptException(interrupted);
        } catch (ExecutionException impossible) {
            throw new IllegalStateException("no work completes with an exception", impossible);
        }
    }

    private void acknowledge(ConsumerRecords<byte[], byte[]> records, AcknowledgeType ofTheRest) {
        Set<Coordinates> here = new LinkedHashSet<>();
        for (ConsumerRecord<byte[], byte[]> record : records) {
            Work work = works.get(at(record));
            boolean done = work != null && work.done.getNow(false);
            consumer.acknowledge(record, done ? AcknowledgeType.ACCEPT : ofTheRest);
            if (!done) {
                here.add(at(record));
            }
        }
        // What is done with and comes again is answered by the store.
        works.entrySet().removeIf(work -> work.getValue().done.isDone() && !here.contains(work.getKey()));
    }

    /** The work on one record. */
    private final class Work {
        private final ConsumerRecord<byte[], byte[]> record;
        /** True once it is done with, false if it was given up. */
        private final CompletableFuture<Boolean> done = new CompletableFuture<>();
        // Guarded by this.
        private boolean started;
        private boolean running;
        private int waits;

        Work(ConsumerRecord<byte[], byte[]> record) {
            this.record = record;
        }

        synchronized void start() {
            if (!started) {
                started = true;
                begin();
            }
        }

        private void begin() {
            try {
                workers.execute(this::work);
            } catch (RejectedExecutionException ended) {
                done.complete(false);
            }
        }

        synchronized void giveUpUnlessRunning() {
            if (!running) {
                done.complete(false);
            }
        }

        private void work() {
            int before;
            synchronized (this) {
                if (stopping || failure.get() != null || done.isDone()) {
                    done.complete(false);
                    return;
                }
                running = true;
                before = waits;
            }
            RecordHandling.Result result;
            try {
                result = handling.handle(record, before);
            } catch (Throwable broken) {
                result = new RecordHandling.Fatal(broken);
            }
            ended(result);
        }

        private synchronized void ended(RecordHandling.Result result) {
            running = false;
            waits++;
            if (result instanceof RecordHandling.Done) {
                done.complete(true);
            } else if (result instanceof RecordHandling.Again again && !stopping) {
                try {
                    Future<?> unused = timer.schedule(this::begin, again.pause().toNanos(), TimeUnit.NANOSECONDS);
                } catch (RejectedExecutionException ended) {
                    done.complete(false);
                }
            } else {
                if (result instanceof RecordHandling.Fatal fatal) {
                    fail(fatal.cause());
                }
                done.complete(false);
            }
        }
    }

    private void fail(Throwable cause) {
        if (failure.compareAndSet(null, cause)) {
            LOGGER.error("The consumer stops", cause);
        }
    }

    private static Coordinates at(ConsumerRecord<?, ?> record) {
        return new Coordinates(record.topic(), record.partition(), record.offset());
    }
}
