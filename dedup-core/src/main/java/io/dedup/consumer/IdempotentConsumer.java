// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import io.dedup.Scope;
import io.dedup.handler.IdempotentHandler;
import io.dedup.key.Fingerprinter;
import io.dedup.key.KeyExtractor;
import io.dedup.key.KeyExtractors;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
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

    /** Without it a member locks whole batches, and releases what it has not begun. */
    private static final String ACQUIRE_MODE = "share.acquire.mode";

    private static final Duration HELD_FOR = Duration.ofMinutes(15);
    private static final int PRODUCER_BLOCKS_MS = 10_000;
    /** More than brokers take by default, so that they decide. */
    private static final int MAX_REQUEST_BYTES = 64 * 1024 * 1024;

    private static final AtomicInteger NUMBERS = new AtomicInteger();

    private final List<Loop> loops;
    private final Workers workers;
    private final ConsumerCounts counts = new ConsumerCounts();
    private final @Nullable Producer<byte[], byte[]> deadLetterProducer;
    private final Duration drainFor;
    private final AtomicInteger running = new AtomicInteger();
    private final CountDownLatch ended;

    private <K, V> IdempotentConsumer(
            Builder<K, V> builder, boolean shares, IdempotentHandler<?> handler, RecordOperation<K, V> operation) {
        int number = NUMBERS.incrementAndGet();
        Map<String, Object> configs = shares ? builder.shareConfigs() : builder.consumerConfigs();
        this.drainFor = builder.drainFor;
        String topic = builder.deadLetterTopic;
        this.deadLetterProducer = topic == null ? null : new KafkaProducer<>(builder.producerConfigs());
        DeadLetters deadLetters = topic == null || deadLetterProducer == null
                ? null
                : new DeadLetters(deadLetterProducer, topic, builder.group());
        Outage outage = new Outage(builder.maxGivenUp, HELD_FOR);
        this.workers = new Workers(builder.threads, number, handler.maxDuration(), counts);
        RecordHandling<K, V> handling = new RecordHandling<>(
                handler, operation, builder, deadLetters, outage, counts, workers, shares ? builder.deliveryLimit : 0);
        this.loops = new ArrayList<>();
        try {
            if (deadLetters != null) {
                deadLetters.requireTopic(DeadLetters.adminConfigs(builder.producerConfigs()));
            }
            for (int i = 0; i < (shares ? builder.threads : 1); i++) {
                loops.add(
                        shares
                                ? ShareLoop.joining(configs, builder, handling, workers)
                                : new PollLoop(
                                        new KafkaConsumer<>(configs),
                                        builder,
                                        handling,
                                        workers,
                                        handler.ttl().dividedBy(2)));
            }
        } catch (RuntimeException unusable) {
            loops.forEach(Loop::abandon);
            endHelpers();
            throw unusable;
        }
        this.ended = new CountDownLatch(loops.size());
        this.running.set(loops.size());
        Object client = configs.get(ConsumerConfig.CLIENT_ID_CONFIG);
        counts.publish(client == null ? "dedup-consumer-" + number : client.toString(), loops, outage);
        for (int i = 0; i < loops.size(); i++) {
            Loop loop = loops.get(i);
            new Thread(() -> run(loop), "dedup-consumer-" + number + (i == 0 ? "" : "-" + i)).start();
        }
    }

    private void run(Loop loop) {
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
        Retries retries = Retries.DEFAULT;
        Predicate<Throwable> passing = failure -> false;
        int maxGivenUp = 10;
        final Set<Class<? extends Throwable>> hopeless = new HashSet<>();

        @Nullable
        String deadLetterTopic;

        int threads = 4;
        ProcessingOrder order = ProcessingOrder.PARTITION;
        int mostOpen = 500;
        long maxOpenBytes = 64L * 1024 * 1024;
        long maxUncommitted = 10_000;
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
         * What keys and values are read into; bytes unless configured. Both are called by many threads at
         * once. To be said before anything else.
         */
        public <L, W> Builder<L, W> withDeserializers(Deserializer<L> ofKeys, Deserializer<W> ofValues) {
            return new Builder<>(properties, topics, ofKeys, ofValues);
        }

        /** Where the idempotency key is; in the header {@code idempotency-key} unless configured. */
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

        String group() {
            return String.valueOf(properties.get(ConsumerConfig.GROUP_ID_CONFIG));
        }

        /** What of a payload has to be the same for the same key; nothing unless configured. */
        public Builder<K, V> withFingerprint(Fingerprinter fingerprinter) {
            fingerprints = fingerprinter;
            return this;
        }

        /** How often a record is tried; as {@link Retries#DEFAULT} unless configured. */
        public Builder<K, V> withRetries(Retries policy) {
            retries = policy;
            return this;
        }

        /**
         * How many records in a row are dead-lettered because they keep failing; 10 unless configured. If none has succeeded in
         * between, it is hardly the records: the rest is held, and tried at the longest pause, until one succeeds. One more is
         * dead-lettered every 15 minutes, in case it is.
         *
         * @param records at least 1; {@link Integer#MAX_VALUE} for no limit
         */
        public Builder<K, V> withMaxDeadLettersInARow(int records) {
            if (records < 1) {
                throw new IllegalArgumentException("records must be at least 1: " + records);
            }
            maxGivenUp = records;
            return this;
        }

        /**
         * Failures of deserializers that may pass, after which a record is tried again instead of being dead-lettered. Beside
         * these, connections that fail or time out, Kafka's retriable exceptions, and a schema registry that is overloaded or
         * does not let the application in are taken for such.
         */
        public Builder<K, V> withRetryOfUnreadable(Predicate<Throwable> mayPass) {
            passing = mayPass;
            return this;
        }

        /** Dead-letters a record at once whose operation fails with that exception: another attempt would not help. */
        public Builder<K, V> withoutRetryOf(Class<? extends Throwable> type) {
            hopeless.add(type);
            return this;
        }

        /** The topic of records that cannot be handled. It has to exist. Without one, such a record stops the consumer. */
        public Builder<K, V> withDeadLetters(String topic) {
            deadLetterTopic = topic;
            return this;
        }

        /**
         * How many records are worked on at once, and which of them wait for each other; four, and those of a partition,
         * unless configured.
         */
        public Builder<K, V> withThreads(int atOnce, ProcessingOrder waiting) {
            if (atOnce < 1) {
                throw new IllegalArgumentException("atOnce must be at least 1: " + atOnce);
            }
            threads = atOnce;
            order = waiting;
            return this;
        }

        /** How many records of a partition may be open before no more are read of it; 500 unless configured. At least 1. */
        public Builder<K, V> withMostOpen(int records) {
            if (records < 1) {
                throw new IllegalArgumentException("records must be at least 1: " + records);
            }
            mostOpen = records;
            return this;
        }

        /**
         * How many bytes of records may be open before no more are read; 64 MiB unless configured. What was fetched already
         * comes on top.
         *
         * @param bytes at least 1
         */
        public Builder<K, V> withMaxOpenBytes(long bytes) {
            if (bytes < 1) {
                throw new IllegalArgumentException("bytes must be at least 1: " + bytes);
            }
            maxOpenBytes = bytes;
            return this;
        }

        /**
         * How far a partition is read beyond the first record that is not done with; 10,000 offsets unless configured. After a
         * crash all of those are read again. It is not read beyond such a record for longer than half the TTL of the handler
         * either, since outcomes that have expired would not be recognised.
         *
         * @param offsets at least 1
         */
        public Builder<K, V> withMaxUncommitted(long offsets) {
            if (offsets < 1) {
                throw new IllegalArgumentException("offsets must be at least 1: " + offsets);
            }
            maxUncommitted = offsets;
            return this;
        }

        /**
         * The {@code share.delivery.count.limit} of the share group; 5 unless configured. A record that has been delivered so
         * often is dead-lettered instead of being released.
         *
         * @param deliveries at least 1
         */
        public Builder<K, V> withDeliveryLimit(int deliveries) {
            if (deliveries < 1) {
                throw new IllegalArgumentException("deliveries must be at least 1: " + deliveries);
            }
            deliveryLimit = deliveries;
            return this;
        }

        /**
         * How long records that are being worked on are waited for when the consumer is closed or partitions move; 25 s
         * unless configured. Less than {@code max.poll.interval.ms}.
         */
        public Builder<K, V> withDrain(Duration atMost) {
            drainFor = atMost;
            return this;
        }

        /**
         * Starts.
         *
         * @param handler not closed here. Give it a wait of zero: a record that another member works on is then tried again
         *     later, and no thread waits for it
         * @throws IllegalStateException if the dead-letter topic does not exist
         * @throws org.apache.kafka.common.KafkaException if the properties cannot be used
         */
        public IdempotentConsumer start(IdempotentHandler<?> handler, RecordOperation<K, V> operation) {
            return new IdempotentConsumer(this, false, handler, operation);
        }

        /**
         * Starts as members of a share group, one for each thread, any of which may get any record. Nothing is ordered. The lock
         * of a record is renewed until it is done with, so that the broker counts another delivery only if a member ends
         * before; a record that has been delivered {@code share.delivery.count.limit} times it drops, so that one is
         * dead-lettered instead of being released.
         *
         * <p>Of the properties, those that only plain consumers take are left out. Each member reads one record at a time
         * unless {@code max.poll.records} says otherwise.
         *
         * @param handler not closed here, and shared with the other members through its store
         * @throws IllegalArgumentException if no dead-letter topic is named
         * @throws IllegalStateException if the dead-letter topic does not exist
         * @throws UnsupportedOperationException with kafka-clients before 4.2.0, which cannot renew a lock
         * @throws org.apache.kafka.common.KafkaException if the properties cannot be used
         */
        public IdempotentConsumer startInShareGroup(IdempotentHandler<?> handler, RecordOperation<K, V> operation) {
            ClientFeatures.requireShareGroups();
            if (deadLetterTopic == null) {
                throw new IllegalArgumentException(
                        "A share group needs a dead-letter topic, since its broker drops a record"
                                + " that was delivered " + deliveryLimit + " times: name it with withDeadLetters()");
            }
            return new IdempotentConsumer(this, true, handler, operation);
        }

        Map<String, Object> shareConfigs() {
            Map<String, Object> configs = commonConfigs();
            configs.keySet().removeAll(NOT_SHARED);
            configs.put(ConsumerConfig.SHARE_ACKNOWLEDGEMENT_MODE_CONFIG, "explicit");
            configs.putIfAbsent(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 1);
            if (ConsumerConfig.configNames().contains(ACQUIRE_MODE)) {
                configs.putIfAbsent(ACQUIRE_MODE, "record_limit");
            }
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
            configs.putIfAbsent(ProducerConfig.MAX_BLOCK_MS_CONFIG, PRODUCER_BLOCKS_MS);
            configs.putIfAbsent(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, MAX_REQUEST_BYTES);
            configs.put(ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class.getName());
            configs.put(ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class.getName());
            return configs;
        }
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
