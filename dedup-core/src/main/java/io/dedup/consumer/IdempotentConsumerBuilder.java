// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import io.dedup.Scope;
import io.dedup.handler.IdempotentHandler;
import io.dedup.key.Fingerprinter;
import io.dedup.key.KeyExtractor;
import io.dedup.key.KeyExtractors;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.apache.kafka.common.serialization.Deserializer;
import org.jspecify.annotations.Nullable;

/**
 * The settings of an {@link IdempotentConsumer}, from which it is started. Not thread-safe.
 *
 * @param <K> what keys of records are read into
 * @param <V> what values are read into
 */
public final class IdempotentConsumerBuilder<K, V> {
    final ClientConfigs configs;
    private final Subscription subscription;
    private Deserializers.Source<K, V> deserializers;
    private boolean areBytes = true;
    final List<ConsumerListener> listeners = new ArrayList<>();
    KeyExtractor keys = KeyExtractors.header("idempotency-key");
    Fingerprinter fingerprints = Fingerprinter.none();
    Retries retries = Retries.DEFAULT;
    Predicate<Throwable> passing = failure -> false;
    int maxGivenUp = 10;
    final Set<Class<? extends Throwable>> nonRetryable = new HashSet<>();

    @Nullable
    String deadLetterTopic;

    int threads = 4;
    ProcessingOrder order = ProcessingOrder.PARTITION;
    private static final int MAX_IN_FLIGHT = 500;
    private static final int MAX_IN_FLIGHT_IN_BATCHES = 2_000;

    private @Nullable Integer maxInFlight;
    long maxInFlightBytes = 64L * 1024 * 1024;
    long maxUncommitted = 10_000;
    Scope scope = Scope.topic();
    int deliveryLimit = 5;
    Duration drainFor = Duration.ofSeconds(25);

    private IdempotentConsumerBuilder(
            ClientConfigs configs, Subscription subscription, Deserializers.Source<K, V> deserializers) {
        this.configs = configs;
        this.subscription = subscription;
        this.deserializers = deserializers;
    }

    static IdempotentConsumerBuilder<byte[], byte[]> of(ClientConfigs configs, Subscription subscription) {
        return new IdempotentConsumerBuilder<>(configs, subscription, Deserializers.Source.bytes());
    }

    /**
     * What keys and values are read with; they are bytes unless configured. Both are called by many threads at once, are
     * configured already, and are not closed. Where a deserializer is not thread-safe, take {@link #withDeserializersBy}.
     */
    public <L, W> IdempotentConsumerBuilder<L, W> withDeserializers(Deserializer<L> ofKeys, Deserializer<W> ofValues) {
        return reading(Deserializers.Source.given(ofKeys, ofValues));
    }

    /**
     * What creates the deserializers of keys and values: a pair for each thread when the consumer is started, and one more if a
     * thread hangs in its own. Each is configured with the properties of the consumer, used by one thread at a time, and closed
     * when the consumer has ended. What a supplier or {@code configure} throws is thrown by {@link #start}.
     */
    public <L, W> IdempotentConsumerBuilder<L, W> withDeserializersBy(
            Supplier<? extends Deserializer<L>> ofKeys, Supplier<? extends Deserializer<W>> ofValues) {
        return reading(new Deserializers.Source<>(ofKeys, ofValues, true));
    }

    /**
     * Creates the deserializers that {@code key.deserializer} and {@code value.deserializer} name in the properties, as {@link
     * #withDeserializersBy} does. As with a {@code KafkaConsumer}, that they give those types is not checked.
     *
     * @throws IllegalArgumentException if the properties do not name both, or other things than deserializers
     */
    @SuppressWarnings("unchecked") // As documented.
    public <L, W> IdempotentConsumerBuilder<L, W> withConfiguredDeserializers() {
        return withDeserializersBy(() -> (Deserializer<L>) configs.deserializer(ClientConfigs.KEY_DESERIALIZER), () ->
                (Deserializer<W>) configs.deserializer(ClientConfigs.VALUE_DESERIALIZER));
    }

    @SuppressWarnings("unchecked") // Nothing else here depends on the types.
    private <L, W> IdempotentConsumerBuilder<L, W> reading(Deserializers.Source<L, W> source) {
        IdempotentConsumerBuilder<L, W> retyped = (IdempotentConsumerBuilder<L, W>) this;
        retyped.deserializers = source;
        retyped.areBytes = false;
        return retyped;
    }

    /** The deserializers, created. */
    Deserializers<K, V> deserializers() {
        if (areBytes) {
            configs.requireNoDeserializers();
        }
        return Deserializers.of(deserializers, configs.properties(), threads);
    }

    /** What is read, without the dead-letter topic. */
    Subscription subscription() {
        String deadLetters = deadLetterTopic;
        return deadLetters == null ? subscription : subscription.without(deadLetters);
    }

    /** Passes what happens to records and to the consumer on; may be called more than once. */
    public IdempotentConsumerBuilder<K, V> onEvent(ConsumerListener listener) {
        listeners.add(listener);
        return this;
    }

    /**
     * Calls that once the consumer has ended, as {@link ConsumerListener#ended} does, with what has stopped it; empty if it was
     * closed.
     */
    public IdempotentConsumerBuilder<K, V> onEnd(Consumer<Optional<Throwable>> then) {
        return onEvent(new ConsumerListener() {
            @Override
            public void ended(@Nullable Throwable failure) {
                then.accept(Optional.ofNullable(failure));
            }
        });
    }

    /** Where the idempotency key is; in the header {@code idempotency-key} unless configured. */
    public IdempotentConsumerBuilder<K, V> withKey(KeyExtractor extractor) {
        keys = extractor;
        return this;
    }

    /**
     * What a key is unique within, beside the scope of the handler and the consumer group; the topic unless something else
     * is asked for.
     */
    public IdempotentConsumerBuilder<K, V> withScope(Scope within) {
        scope = within;
        return this;
    }

    /** What of a payload has to be the same for the same key; nothing unless configured. */
    public IdempotentConsumerBuilder<K, V> withFingerprint(Fingerprinter fingerprinter) {
        fingerprints = fingerprinter;
        return this;
    }

    /** How often a record is tried; as {@link Retries#DEFAULT} unless configured. */
    public IdempotentConsumerBuilder<K, V> withRetries(Retries policy) {
        retries = policy;
        return this;
    }

    /**
     * How many records in a row are dead-lettered because they keep failing; 10 unless configured. If none has succeeded in
     * between, it is hardly the records: the rest is held, and tried one at a time at the longest pause, until one succeeds.
     * One more is dead-lettered every 15 minutes, in case it is.
     *
     * @param records at least 1; {@link Integer#MAX_VALUE} for no limit
     */
    public IdempotentConsumerBuilder<K, V> withMaxDeadLettersInARow(int records) {
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
    public IdempotentConsumerBuilder<K, V> withRetryOfUnreadable(Predicate<Throwable> mayPass) {
        passing = mayPass;
        return this;
    }

    /** Dead-letters a record at once whose operation fails with that exception: another attempt would not help. */
    public IdempotentConsumerBuilder<K, V> withoutRetryOf(Class<? extends Throwable> type) {
        nonRetryable.add(type);
        return this;
    }

    /** The topic of records that cannot be handled. It has to exist. Without one, such a record stops the consumer. */
    public IdempotentConsumerBuilder<K, V> withDeadLetters(String topic) {
        deadLetterTopic = topic;
        return this;
    }

    /**
     * How many records are worked on at once, and which of them wait for each other; four, and those of a partition,
     * unless configured.
     */
    public IdempotentConsumerBuilder<K, V> withThreads(int atOnce, ProcessingOrder waiting) {
        if (atOnce < 1) {
            throw new IllegalArgumentException("atOnce must be at least 1: " + atOnce);
        }
        threads = atOnce;
        order = waiting;
        return this;
    }

    /** How many records of a partition may be open before no more are read of it; 500 unless configured, or 2,000 in batches. At least 1. */
    public IdempotentConsumerBuilder<K, V> withMaxInFlight(int records) {
        if (records < 1) {
            throw new IllegalArgumentException("records must be at least 1: " + records);
        }
        maxInFlight = records;
        return this;
    }

    /**
     * How many bytes of records may be open before no more are read; 64 MiB unless configured. What was fetched already
     * comes on top.
     *
     * @param bytes at least 1
     */
    public IdempotentConsumerBuilder<K, V> withMaxInFlightBytes(long bytes) {
        if (bytes < 1) {
            throw new IllegalArgumentException("bytes must be at least 1: " + bytes);
        }
        maxInFlightBytes = bytes;
        return this;
    }

    int maxInFlight(boolean inBatches) {
        int unlessConfigured = inBatches ? MAX_IN_FLIGHT_IN_BATCHES : MAX_IN_FLIGHT;
        return maxInFlight == null ? unlessConfigured : maxInFlight;
    }

    /**
     * How far a partition is read beyond the first record that is not done with; 10,000 offsets unless configured. After a
     * crash all of those are read again. It is not read beyond such a record for longer than half the TTL of the handler
     * either, since outcomes that have expired would not be recognised.
     *
     * @param offsets at least 1
     */
    public IdempotentConsumerBuilder<K, V> withMaxUncommitted(long offsets) {
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
    public IdempotentConsumerBuilder<K, V> withDeliveryLimit(int deliveries) {
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
    public IdempotentConsumerBuilder<K, V> withDrain(Duration atMost) {
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
     * Starts with an operation on other threads. Records are claimed and completed in batches, in as few round trips as the store
     * can, and their operations run beside each other; a record that fails is tried again by itself. So no number of threads
     * bounds what is done at once, but {@link #withMaxInFlight}.
     *
     * @param handler not closed here. Give it a wait of zero: a record that another member works on is then tried again
     *     later
     * @throws IllegalArgumentException if the records of a partition wait for each other: see {@link #withThreads}
     * @throws IllegalStateException if the dead-letter topic does not exist
     * @throws org.apache.kafka.common.KafkaException if the properties cannot be used
     */
    public IdempotentConsumer startInBatches(IdempotentHandler<?> handler, AsyncRecordOperation<K, V> operation) {
        if (order == ProcessingOrder.PARTITION) {
            throw new IllegalArgumentException("order must be KEY or UNORDERED, so that records can be done beside each"
                    + " other: name it with withThreads(): " + order);
        }
        return new IdempotentConsumer(this, false, handler, new Awaited<>(operation));
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
     * @throws IllegalArgumentException if no dead-letter topic is named, or topics are subscribed to by pattern
     * @throws IllegalStateException if the dead-letter topic does not exist
     * @throws UnsupportedOperationException with kafka-clients before 4.2.0, which cannot renew a lock
     * @throws org.apache.kafka.common.KafkaException if the properties cannot be used
     */
    public IdempotentConsumer startInShareGroup(IdempotentHandler<?> handler, RecordOperation<K, V> operation) {
        ClientFeatures.requireShareGroups();
        subscription.requireNames();
        if (deadLetterTopic == null) {
            throw new IllegalArgumentException(
                    "deadLetterTopic must name the dead-letter topic of a share group, since its broker drops a record"
                            + " that was delivered " + deliveryLimit + " times. Call withDeadLetters(): null");
        }
        return new IdempotentConsumer(this, true, handler, operation);
    }
}
