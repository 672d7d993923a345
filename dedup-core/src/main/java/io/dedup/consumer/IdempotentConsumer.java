// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import io.dedup.consumer.ConsumerHealth.State;
import io.dedup.handler.IdempotentHandler;
import io.dedup.internal.metrics.InterceptorCounts;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.errors.InterruptException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A member of a consumer group that runs an operation for each record, once for each idempotency key.
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

    private static final Logger LOGGER = LoggerFactory.getLogger(IdempotentConsumer.class);
    private static final AtomicInteger NUMBERS = new AtomicInteger();

    private final ConsumerLoops loops;
    private final Workers workers;
    private final Outage outage;
    private final ConsumerCounts counts = new ConsumerCounts();
    private final ConsumerEvents events;
    private final String clientId;
    /** What the loops work with, closed after the last of them. */
    private final List<AutoCloseable> helpers = new ArrayList<>();

    private final Duration drainFor;
    private final AtomicInteger running = new AtomicInteger();
    private final CountDownLatch ended = new CountDownLatch(1);

    <K, V> IdempotentConsumer(
            IdempotentConsumerBuilder<K, V> builder,
            boolean shares,
            IdempotentHandler<?> handler,
            RecordOperation<K, V> operation) {
        int number = NUMBERS.incrementAndGet();
        Subscription subscription = builder.subscription();
        Map<String, Object> configs = shares ? builder.configs.ofShareMember() : builder.configs.ofMember();
        Object client = configs.get(ConsumerConfig.CLIENT_ID_CONFIG);
        this.clientId = client == null ? "dedup-consumer-" + number : client.toString();
        this.drainFor = builder.drainFor;
        this.events = new ConsumerEvents(counts, builder.listeners);
        this.outage = new Outage(builder.maxGivenUp, HELD_FOR, events::holding);
        this.workers = helper(new Workers(
                builder.threads, number, handler.maxDuration(), outage, builder.retries.longestPause(), events));
        List<ConsumerLoop> created = new ArrayList<>();
        try {
            Deserializers<K, V> deserializers = helper(builder.deserializers());
            helper(counts);
            DeadLetters deadLetters = deadLetters(builder);
            RecordHandling<K, V> handling = new RecordHandling<>(
                    handler,
                    operation,
                    builder,
                    deserializers,
                    deadLetters,
                    outage,
                    events,
                    workers,
                    shares ? builder.deliveryLimit : 0);
            for (int i = 0; i < (shares ? builder.threads : 1); i++) {
                created.add(
                        shares
                                ? ShareGroupLoop.joining(configs, subscription, builder, handling, workers)
                                : new GroupLoop(
                                        new KafkaConsumer<>(configs),
                                        subscription,
                                        builder,
                                        handling,
                                        workers,
                                        handler.ttl().dividedBy(2)));
            }
        } catch (RuntimeException unusable) {
            created.forEach(ConsumerLoop::abandon);
            endHelpers();
            throw unusable;
        }
        this.loops = new ConsumerLoops(created);
        this.running.set(created.size());
        counts.publish(clientId, loops, outage);
        for (int i = 0; i < created.size(); i++) {
            ConsumerLoop loop = created.get(i);
            new Thread(() -> run(loop), "dedup-consumer-" + number + (i == 0 ? "" : "-" + i)).start();
        }
    }

    private <T extends AutoCloseable> T helper(T helper) {
        helpers.add(helper);
        return helper;
    }

    private @Nullable DeadLetters deadLetters(IdempotentConsumerBuilder<?, ?> builder) {
        String topic = builder.deadLetterTopic;
        if (topic == null) {
            return null;
        }
        Producer<byte[], byte[]> producer = new KafkaProducer<>(builder.configs.ofProducer());
        helpers.add(() -> producer.close(drainFor));
        DeadLetters deadLetters = new DeadLetters(producer, topic, builder.configs.group());
        deadLetters.requireTopic(builder.configs.ofAdmin());
        return deadLetters;
    }

    private void run(ConsumerLoop loop) {
        try {
            loop.run();
        } catch (RuntimeException | Error failed) {
            workers.fail(failed);
        } finally {
            if (running.decrementAndGet() == 0) {
                endHelpers();
                ended.countDown();
                events.ended(workers.failure().orElse(null));
            }
        }
    }

    private void endHelpers() {
        for (AutoCloseable helper : helpers) {
            try {
                helper.close();
            } catch (Exception failed) {
                LOGGER.warn("What the consumer has worked with could not be closed", failed);
            }
        }
    }

    /**
     * A consumer of those topics, to be configured and {@linkplain IdempotentConsumerBuilder#start started}.
     *
     * @param properties of a Kafka consumer, with {@code group.id}. What it takes to commit only what is done with is set
     *     here; cooperative rebalancing and {@code read_committed} are set if nothing else is
     * @throws IllegalArgumentException if there is no topic
     */
    public static IdempotentConsumerBuilder<byte[], byte[]> subscribing(Map<String, ?> properties, String... topics) {
        return IdempotentConsumerBuilder.of(new ClientConfigs(properties), Subscription.to(topics));
    }

    /**
     * A consumer of those topics, as with a map. The defaults of the properties count too.
     *
     * @throws IllegalArgumentException if there is no topic, or a name in the properties is not text
     */
    public static IdempotentConsumerBuilder<byte[], byte[]> subscribing(Properties properties, String... topics) {
        return IdempotentConsumerBuilder.of(ClientConfigs.of(properties), Subscription.to(topics));
    }

    /**
     * A consumer of the topics whose whole names match, of a consumer group and not of a share group. Topics that are created
     * later are read within {@code metadata.max.age.ms}, from where {@code auto.offset.reset} says: with {@code latest} what was
     * sent before that is not read.
     *
     * <p>The dead-letter topic of the consumer is left out where it matches. Those of others, and topics of retries, are read,
     * with a warning: exclude them in the pattern unless that is meant.
     */
    public static IdempotentConsumerBuilder<byte[], byte[]> subscribing(Map<String, ?> properties, Pattern topics) {
        return IdempotentConsumerBuilder.of(new ClientConfigs(properties), Subscription.to(topics));
    }

    /**
     * A consumer of the topics whose names match, as with a map. The defaults of the properties count too.
     *
     * @throws IllegalArgumentException if a name in the properties is not text
     */
    public static IdempotentConsumerBuilder<byte[], byte[]> subscribing(Properties properties, Pattern topics) {
        return IdempotentConsumerBuilder.of(ClientConfigs.of(properties), Subscription.to(topics));
    }

    /** How it is now. Never waits, and may be asked often. */
    public ConsumerHealth health() {
        Optional<Throwable> failure = failure();
        Optional<String> storeFailure = events.storeFailure();
        if (failure.isPresent()) {
            return ConsumerHealth.failed(failure.get());
        } else if (ended.getCount() == 0) {
            return ConsumerHealth.of(State.CLOSED);
        } else if (!workers.goOn()) {
            return ConsumerHealth.of(State.CLOSING, "It was closed, and waits for what is being worked on");
        } else if (!loops.haveJoined()) {
            return ConsumerHealth.of(State.JOINING, "It has no place in its group yet");
        } else if (storeFailure.isPresent() && loops.inFlight() > 0) {
            return ConsumerHealth.of(State.STORE_UNAVAILABLE, storeFailure.get());
        } else if (outage.holds(loops)) {
            return ConsumerHealth.of(State.HOLDING, outage.reason());
        }
        return ConsumerHealth.of(State.RUNNING);
    }

    /** How many records were read and are not done with; zero once it has ended. */
    public int inFlight() {
        return loops.inFlight();
    }

    /**
     * How many records of its partitions are not done with, read or not, as of a second ago; empty while it is not known, once it
     * has ended, and in a share group.
     */
    public OptionalLong lag() {
        return loops.lag();
    }

    String clientId() {
        return clientId;
    }

    List<InterceptorCounts.Count> counts() {
        return counts.all();
    }

    /** How long the oldest record has been read that is not done with; zero if there is none. */
    public Duration oldestUncommittedAge() {
        return loops.oldestAge();
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
