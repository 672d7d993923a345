// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import io.dedup.handler.IdempotentHandler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;

/**
 * A member of a consumer group that does an operation for each record, once for each idempotency key.
 *
 * <pre>{@code
 * IdempotentConsumer consumer = IdempotentConsumer.subscribing(properties, "payments")
 *         .withDeserializers(new StringDeserializer(), new PaymentDeserializer())
 *         .withDeadLetters("payments-dead-letter")
 *         .start(handler, (record, execution) -> provider.charge(record.value(), execution.downstreamKey("charge")));
 * }</pre>
 *
 * <p>An offset is committed when its record and all before it are done with: handled now or before, or dead-lettered. A
 * record whose operation fails is tried again after a pause, a bounded number of times over all restarts, and then goes to
 * the dead-letter topic with the reason; so do records without a key, with a key of another payload, and those that cannot be
 * read. Without such a topic the consumer stops instead. While the store is away, records wait.
 *
 * <p>When partitions move to another member, records that are being worked on are waited for; if that takes too long they
 * are fenced by their leases. Nothing that was completed is run again.
 *
 * <p>Thread-safe.
 */
public final class IdempotentConsumer implements AutoCloseable {
    private static final Duration HELD_FOR = Duration.ofMinutes(15);

    private static final AtomicInteger NUMBERS = new AtomicInteger();

    private final List<ConsumerLoop> loops;
    private final Workers workers;
    private final ConsumerCounts counts = new ConsumerCounts();
    private final @Nullable Producer<byte[], byte[]> deadLetterProducer;
    private final Duration drainFor;
    private final AtomicInteger running = new AtomicInteger();
    private final CountDownLatch ended;

    <K, V> IdempotentConsumer(
            IdempotentConsumerBuilder<K, V> builder,
            boolean shares,
            IdempotentHandler handler,
            RecordOperation<K, V> operation) {
        int number = NUMBERS.incrementAndGet();
        Map<String, Object> configs = shares ? builder.configs.ofShareMember() : builder.configs.ofMember();
        this.drainFor = builder.drainFor;
        String topic = builder.deadLetterTopic;
        this.deadLetterProducer = topic == null ? null : new KafkaProducer<>(builder.configs.ofProducer());
        DeadLetters deadLetters = topic == null || deadLetterProducer == null
                ? null
                : new DeadLetters(deadLetterProducer, topic, builder.configs.group());
        Outage outage = new Outage(builder.maxGivenUp, HELD_FOR);
        this.workers = new Workers(builder.threads, number, handler.maxDuration(), counts);
        RecordHandling<K, V> handling = new RecordHandling<>(
                handler, operation, builder, deadLetters, outage, counts, workers, shares ? builder.deliveryLimit : 0);
        this.loops = new ArrayList<>();
        try {
            if (deadLetters != null) {
                deadLetters.requireTopic(builder.configs.ofAdmin());
            }
            for (int i = 0; i < (shares ? builder.threads : 1); i++) {
                loops.add(
                        shares
                                ? ShareGroupLoop.joining(configs, builder, handling, workers)
                                : new GroupLoop(
                                        new KafkaConsumer<>(configs),
                                        builder,
                                        handling,
                                        workers,
                                        handler.ttl().dividedBy(2)));
            }
        } catch (RuntimeException unusable) {
            loops.forEach(ConsumerLoop::abandon);
            endHelpers();
            throw unusable;
        }
        this.ended = new CountDownLatch(loops.size());
        this.running.set(loops.size());
        Object client = configs.get(ConsumerConfig.CLIENT_ID_CONFIG);
        counts.publish(client == null ? "dedup-consumer-" + number : client.toString(), loops, outage);
        for (int i = 0; i < loops.size(); i++) {
            ConsumerLoop loop = loops.get(i);
            new Thread(() -> run(loop), "dedup-consumer-" + number + (i == 0 ? "" : "-" + i)).start();
        }
    }

    private void run(ConsumerLoop loop) {
        try {
            loop.run();
        } finally {
            if (running.decrementAndGet() == 0) {
                endHelpers();
            }
            ended.countDown();
        }
    }

    private void endHelpers() {
        workers.close();
        counts.close();
        if (deadLetterProducer != null) {
            deadLetterProducer.close(drainFor);
        }
    }

    /**
     * A consumer of those topics, to be configured and {@linkplain IdempotentConsumerBuilder#start started}.
     *
     * @param properties of a Kafka consumer, with {@code group.id}. What it takes to commit only what is done with is set
     *     here; cooperative rebalancing and {@code read_committed} are set if nothing else is
     */
    public static IdempotentConsumerBuilder<byte[], byte[]> subscribing(Map<String, ?> properties, String... topics) {
        if (topics.length == 0) {
            throw new IllegalArgumentException("There is no topic to subscribe to");
        }
        return new IdempotentConsumerBuilder<>(
                new ClientConfigs(properties),
                Set.of(topics),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer());
    }

    /** How long the oldest record has been read that is not done with; zero if there is none. */
    public Duration oldestUncommittedAge() {
        return ConsumerCounts.oldestAge(loops);
    }

    /** What has stopped it, if it has failed. */
    public Optional<Throwable> failure() {
        return workers.failure();
    }

    /**
     * Waits until it has stopped.
     *
     * @return whether it has within that time
     * @throws InterruptException if the thread is interrupted
     */
    public boolean awaitEnd(Duration atMost) {
        try {
            return ended.await(atMost.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException interrupted) {
            throw new InterruptException(interrupted);
        }
    }

    /** Begins no more records, waits for those that are being worked on, commits what is done with, and leaves the group. */
    @Override
    public void close() {
        workers.stop();
        if (!awaitEnd(drainFor.multipliedBy(2))) {
            workers.interrupt();
        }
    }
}
