// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import io.dedup.Scope;
import io.dedup.handler.IdempotentHandler;
import io.dedup.key.Fingerprinter;
import io.dedup.key.KeyExtractor;
import io.dedup.key.KeyExtractors;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Deserializer;
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
    /** What Kafka's consumers for share groups refuse. */
    private static final Set<String> NOT_SHARED = Set.of(
            ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
            ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG,
            ConsumerConfig.GROUP_INSTANCE_ID_CONFIG,
            ConsumerConfig.ISOLATION_LEVEL_CONFIG,
            ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG,
            ConsumerConfig.INTERCEPTOR_CLASSES_CONFIG,
            ConsumerConfig.GROUP_PROTOCOL_CONFIG,
            ConsumerConfig.GROUP_REMOTE_ASSIGNOR_CONFIG,
            ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG,
            ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG);

    private static final AtomicInteger NUMBERS = new AtomicInteger();

    private final Loop loop;
    private final ExecutorService workers;
    private final ScheduledExecutorService timer;
    private final @Nullable Producer<byte[], byte[]> deadLetterProducer;
    private final Duration drainFor;
    private final CountDownLatch ended = new CountDownLatch(1);

    private <K, V> IdempotentConsumer(
            Builder<K, V> builder, boolean shares, IdempotentHandler handler, RecordOperation<K, V> operation) {
        int number = NUMBERS.incrementAndGet();
        Map<String, Object> configs = shares ? builder.shareConfigs() : builder.consumerConfigs();
        this.drainFor = builder.drainFor;
        String topic = builder.deadLetterTopic;
        this.deadLetterProducer = topic == null ? null : new KafkaProducer<>(builder.producerConfigs());
        DeadLetters deadLetters =
                topic == null || deadLetterProducer == null ? null : new DeadLetters(deadLetterProducer, topic);
        RecordHandling<K, V> handling = new RecordHandling<>(handler, operation, builder, deadLetters);
        this.workers = Executors.newFixedThreadPool(builder.threads, named("dedup-worker-" + number));
        this.timer = Executors.newSingleThreadScheduledExecutor(named("dedup-timer-" + number));
        try {
            this.loop = shares
                    ? ShareLoop.joining(configs, builder, handling, workers, timer)
                    : new PollLoop(new KafkaConsumer<>(configs), builder, handling, workers, timer);
        } catch (RuntimeException unusable) {
            endHelpers();
            throw unusable;
        }
        Thread poller = new Thread(this::run, "dedup-consumer-" + number);
        poller.start();
    }

    private static ThreadFactory named(String name) {
        AtomicInteger threads = new AtomicInteger();
        return work -> {
            Thread thread = new Thread(work, name + "-" + threads.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }

    private void run() {
        try {
            loop.run();
        } finally {
            endHelpers();
            ended.countDown();
        }
    }

    private void endHelpers() {
        timer.shutdownNow();
        workers.shutdownNow();
        if (deadLetterProducer != null) {
            deadLetterProducer.close(drainFor);
        }
    }

    /**
     * A consumer of those topics, to be configured and {@linkplain Builder#start started}.
     *
     * @param properties of a Kafka consumer, with {@code group.id}. What it takes to commit only what is done with is set
     *     here; cooperative rebalancing and {@code read_committed} are set if nothing else is
     */
    public static Builder<byte[], byte[]> subscribing(Map<String, ?> properties, String... topics) {
        if (topics.length == 0) {
            throw new IllegalArgumentException("There is no topic to subscribe to");
        }
        return new Builder<>(properties, Set.of(topics), new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    /**
     * How a consumer is to be. Not thread-safe.
     *
     * @param <K> what keys of records are read into
     * @param <V> what values are read into
     */
    public static final class Builder<K, V> {
        final Deserializer<K> keyDeserializer;
        final Deserializer<V> valueDeserializer;
        final Set<String> topics;
        KeyExtractor keys = KeyExtractors.header("idempotency-key");
        Fingerprinter fingerprints = Fingerprinter.none();
        Retries retries = new Retries(4, Duration.ofMillis(100), Duration.ofSeconds(10));
        final Set<Class<? extends Throwable>> hopeless = new HashSet<>();

        @Nullable
        String deadLetterTopic;

        int threads = 4;
        ProcessingOrder order = ProcessingOrder.PARTITION;
        int mostOpen = 500;
        Scope scope = Scope.topic();
        int deliveryLimit = 5;
        Duration drainFor = Duration.ofSeconds(25);
        private final Map<String, ?> properties;

        private Builder(
                Map<String, ?> properties,
                Set<String> topics,
                Deserializer<K> keyDeserializer,
                Deserializer<V> valueDeserializer) {
            this.properties = Map.copyOf(properties);
            this.topics = topics;
            this.keyDeserializer = keyDeserializer;
            this.valueDeserializer = valueDeserializer;
        }

        /**
         * What keys and values are read into; bytes unless something else is asked for. Both are called by many threads at
         * once. To be said before anything else.
         */
        public <L, W> Builder<L, W> withDeserializers(Deserializer<L> ofKeys, Deserializer<W> ofValues) {
            return new Builder<>(properties, topics, ofKeys, ofValues);
        }

        /** Where the idempotency key is; in the header {@code idempotency-key} unless something else is asked for. */
        public Builder<K, V> withKey(KeyExtractor extractor) {
            keys = extractor;
            return this;
        }

        /**
         * What a key is unique within, beside the scope of the handler and the consumer group; the topic unless something else
         * is asked for.
         */
        public Builder<K, V> withScope(Scope within) {
            scope = within;
            return this;
        }

        /** The group, with its length, so that no two groups and topics run into each other. */
        String group() {
            String group = String.valueOf(properties.get(ConsumerConfig.GROUP_ID_CONFIG));
            return group.length() + ":" + group;
        }

        /** What of a payload has to be the same for the same key; nothing unless something else is asked for. */
        public Builder<K, V> withFingerprint(Fingerprinter fingerprinter) {
            fingerprints = fingerprinter;
            return this;
        }

        /** How often a record is tried; four times, with 100 ms to 10 s in between, unless something else is asked for. */
        public Builder<K, V> withRetries(Retries policy) {
            retries = policy;
            return this;
        }

        /** Dead-letters a record at once whose operation fails with that exception: another attempt would not help. */
        public Builder<K, V> withoutRetryOf(Class<? extends Throwable> type) {
            hopeless.add(type);
            return this;
        }

        /** Where records go that cannot be handled. Without, such a record stops the consumer. */
        public Builder<K, V> withDeadLetters(String topic) {
            deadLetterTopic = topic;
            return this;
        }

        /**
         * How many records are worked on at once, and which of them wait for each other; four, and those of a partition,
         * unless something else is asked for.
         */
        public Builder<K, V> withThreads(int atOnce, ProcessingOrder waiting) {
            if (atOnce < 1) {
                throw new IllegalArgumentException("Nothing is done by " + atOnce + " threads");
            }
            threads = atOnce;
            order = waiting;
            return this;
        }

        /** How many records of a partition may be open before no more are read of it; 500 unless asked for. At least 1. */
        public Builder<K, V> withMostOpen(int records) {
            if (records < 1) {
                throw new IllegalArgumentException("Nothing is read where " + records + " records may be open");
            }
            mostOpen = records;
            return this;
        }

        /** The {@code share.delivery.count.limit} of the share group; 5 unless it is configured otherwise. */
        public Builder<K, V> withDeliveryLimit(int deliveries) {
            deliveryLimit = deliveries;
            return this;
        }

        /**
         * How long records that are being worked on are waited for when the consumer is closed or partitions move; 25 s
         * unless something else is asked for. Less than {@code max.poll.interval.ms}.
         */
        public Builder<K, V> withDrain(Duration atMost) {
            drainFor = atMost;
            return this;
        }

        /**
         * Starts.
         *
         * @param handler not closed here. Give it a wait of zero: a record that somebody else works on is then tried again
         *     later, and no thread waits for it
         * @throws org.apache.kafka.common.KafkaException if the properties cannot be used
         */
        public IdempotentConsumer start(IdempotentHandler handler, RecordOperation<K, V> operation) {
            return new IdempotentConsumer(this, false, handler, operation);
        }

        /**
         * Starts as a member of a share group, any of whose members may get any record. Nothing is ordered. The lock of a
         * record is renewed until it is done with, so that the broker counts another delivery only if a member dies; after
         * {@code share.delivery.count.limit} of them it drops the record, so attempts have to be fewer.
         *
         * <p>Of the properties, those that only plain consumers take are left out.
         *
         * @param handler not closed here, and shared with the other members through its store
         * @throws IllegalArgumentException if the attempts are not fewer than the deliveries, five unless the group is
         *     configured otherwise and {@link #withDeliveryLimit} says so
         * @throws UnsupportedOperationException with kafka-clients before 4.2.0, which cannot renew a lock
         * @throws org.apache.kafka.common.KafkaException if the properties cannot be used
         */
        public IdempotentConsumer startInShareGroup(IdempotentHandler handler, RecordOperation<K, V> operation) {
            ClientFeatures.requireShareGroups();
            if (retries.attempts() >= deliveryLimit) {
                throw new IllegalArgumentException("The broker drops a record after " + deliveryLimit
                        + " deliveries, so that it can be tried " + (deliveryLimit - 1) + " times and not "
                        + retries.attempts() + ": try less often, or raise the group's share.delivery.count.limit");
            }
            return new IdempotentConsumer(this, true, handler, operation);
        }

        Map<String, Object> shareConfigs() {
            Map<String, Object> configs = commonConfigs();
            configs.keySet().removeAll(NOT_SHARED);
            configs.put(ConsumerConfig.SHARE_ACKNOWLEDGEMENT_MODE_CONFIG, "explicit");
            configs.putIfAbsent(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, threads * 4);
            return configs;
        }

        Map<String, Object> consumerConfigs() {
            Map<String, Object> configs = commonConfigs();
            configs.putIfAbsent(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
            Object protocol = configs.getOrDefault(ConsumerConfig.GROUP_PROTOCOL_CONFIG, "classic");
            if (protocol.toString().equalsIgnoreCase("classic")) {
                configs.putIfAbsent(
                        ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG,
                        List.of(CooperativeStickyAssignor.class.getName()));
            }
            configs.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
            return configs;
        }

        private Map<String, Object> commonConfigs() {
            Map<String, Object> configs = new HashMap<>(properties);
            if (configs.get(ConsumerConfig.GROUP_ID_CONFIG) == null) {
                throw new IllegalArgumentException("A consumer that shares its work needs a group.id");
            }
            configs.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class.getName());
            configs.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class.getName());
            return configs;
        }

        /** What producer and consumer have in common: where the cluster is, and how to get in. */
        Map<String, Object> producerConfigs() {
            Map<String, Object> configs = new HashMap<>(properties);
            configs.keySet().retainAll(ProducerConfig.configNames());
            configs.remove(ProducerConfig.INTERCEPTOR_CLASSES_CONFIG);
            configs.put(ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class.getName());
            configs.put(ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class.getName());
            return configs;
        }
    }

    /** What has stopped it, if it has failed. */
    public Optional<Throwable> failure() {
        return loop.failure();
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
        loop.stop();
        if (!awaitEnd(drainFor.multipliedBy(2))) {
            workers.shutdownNow();
        }
    }
}
