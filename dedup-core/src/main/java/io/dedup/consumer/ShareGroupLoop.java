// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import io.dedup.Coordinates;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.consumer.ShareConsumer;
import org.apache.kafka.common.errors.InterruptException;

/**
 * Polls as a member of a share group, hands records to workers, and acknowledges each when it is done with. Until then its
 * lock is renewed, also while it waits for another attempt: a record that is released is delivered again only so many times,
 * and then dropped by the broker. One that would be dropped is dead-lettered instead.
 *
 * <p>While a record is renewed the client gives out no others. So a consumer has one of these for each thread, which reads one
 * record at a time unless configured otherwise.
 *
 * <p>Confined to its thread.
 */
final class ShareGroupLoop extends ConsumerLoop {
    private static final Duration POLL = Duration.ofMillis(200);
    private static final int MIN_LOCK_MS = 1000;

    private final ShareConsumer<byte[], byte[]> consumer;
    private final RecordHandling<?, ?> handling;
    private final Subscription subscription;
    private final Duration drainFor;
    /** Its client does not say what it was assigned. */
    private volatile boolean joined;

    /** What is being worked on. A record that comes again, renewed or after its lock was lost, is not begun again. */
    private final Map<Coordinates, Work> works = new ConcurrentHashMap<>();

    /**
     * A member of the group in the configs.
     *
     * @throws org.apache.kafka.common.KafkaException if the configs cannot be used
     */
    static ShareGroupLoop joining(
            Map<String, Object> configs,
            Subscription subscription,
            IdempotentConsumerBuilder<?, ?> builder,
            RecordHandling<?, ?> handling,
            Workers workers) {
        return new ShareGroupLoop(new KafkaShareConsumer<>(configs), subscription, builder, handling, workers);
    }

    private ShareGroupLoop(
            ShareConsumer<byte[], byte[]> consumer,
            Subscription subscription,
            IdempotentConsumerBuilder<?, ?> builder,
            RecordHandling<?, ?> handling,
            Workers workers) {
        super(workers, handling);
        this.consumer = consumer;
        this.handling = handling;
        this.subscription = subscription;
        this.drainFor = builder.drainFor;
    }

    @Override
    public void run() {
        try (consumer) {
            try {
                ConsumerRecords<byte[], byte[]> records = ConsumerRecords.empty();
                subscription.subscribe(consumer);
                while (goesOn()) {
                    records = consumer.poll(POLL);
                    joined = true;
                    records.forEach(record -> works.computeIfAbsent(at(record), none -> new Work(record))
                            .deliver(record));
                    await(records, Duration.ofMillis(lockMillis() / 3));
                    if (goesOn()) {
                        acknowledge(records, AcknowledgeType.RENEW);
                    }
                }
                drain(records);
            } catch (Throwable failed) {
                fail(failed);
                deadLetterLastDeliveries();
            } finally {
                works.clear(); // What was not done with is for other members.
            }
        }
    }

    private void drain(ConsumerRecords<byte[], byte[]> last) {
        works.values().forEach(Work::giveUpUnlessRunning);
        // No longer than the locks last, so that what is finished meanwhile can still be accepted.
        Duration half = Duration.ofMillis(lockMillis() / 2);
        long until = System.nanoTime() + half.toNanos();
        ConsumerRecords<byte[], byte[]> records = last;
        // What is being renewed comes back with the answer of the broker, and cannot be acknowledged before.
        while (records.isEmpty() && !works.isEmpty() && System.nanoTime() < until) {
            records = consumer.poll(POLL);
        }
        await(records, drainFor.compareTo(half) < 0 ? drainFor : half);
        acknowledge(records, AcknowledgeType.RELEASE);
        consumer.commitSync();
    }

    /** The broker drops what this member holds for the last time; a dead letter of what is handled after all is no loss. */
    private void deadLetterLastDeliveries() {
        for (Work work : works.values()) {
            if (!work.done.getNow(false) && handling.isLastDelivery(work.record)) {
                handling.undelivered(work.record);
            }
        }
    }

    @Override
    void abandon() {
        consumer.close();
    }

    @Override
    boolean hasJoined() {
        return joined;
    }

    @Override
    int inFlight() {
        return works.size();
    }

    /** Not known: where a share group is the brokers know. */
    @Override
    OptionalLong lag() {
        return OptionalLong.empty();
    }

    @Override
    Duration oldestAge() {
        long now = System.nanoTime();
        long oldest = 0;
        for (Work work : works.values()) {
            oldest = Math.max(oldest, now - work.readAt);
        }
        return Duration.ofNanos(oldest);
    }

    private int lockMillis() {
        return Math.max(MIN_LOCK_MS, consumer.acquisitionLockTimeoutMs().orElse(MIN_LOCK_MS));
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
            if (!done && ofTheRest == AcknowledgeType.RELEASE && handling.isLastDelivery(record)) {
                done = handling.undelivered(record) instanceof RecordHandling.Done;
            }
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
        /** As it was delivered last, which counts. */
        private volatile ConsumerRecord<byte[], byte[]> record;
        /** True once it is done with, false if it was given up. */
        private final CompletableFuture<Boolean> done = new CompletableFuture<>();

        private final long readAt = System.nanoTime();
        // Guarded by this.
        private boolean started;
        private boolean running;
        private int waits;

        Work(ConsumerRecord<byte[], byte[]> record) {
            this.record = record;
        }

        synchronized void deliver(ConsumerRecord<byte[], byte[]> delivered) {
            record = delivered;
            if (!started) {
                started = true;
                begin();
            }
        }

        private void begin() {
            if (!ShareGroupLoop.this.start(this::work)) {
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
                if (!goesOn() || done.isDone()) {
                    done.complete(false);
                    return;
                }
                running = true;
                before = waits;
            }
            handle(record, before, this::ended);
        }

        private synchronized void ended(RecordHandling.Result result) {
            running = false;
            waits++;
            if (result instanceof RecordHandling.Done) {
                done.complete(true);
                return;
            } else if (result instanceof RecordHandling.Fatal fatal) {
                fail(fatal.cause());
            }
            boolean again =
                    result instanceof RecordHandling.Again pausing && goesOn() && later(this::begin, pausing.pause());
            if (!again) {
                done.complete(false);
            }
        }
    }

    private static Coordinates at(ConsumerRecord<?, ?> record) {
        return new Coordinates(record.topic(), record.partition(), record.offset());
    }
}
