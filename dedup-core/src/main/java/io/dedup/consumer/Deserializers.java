// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Deserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads keys and values of records, with a pair of deserializers that no other thread uses meanwhile; or with one pair for all
 * threads, where the user has given instances.
 *
 * <p>Thread-safe.
 */
final class Deserializers<K, V> implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(Deserializers.class);

    /**
     * Where deserializers come from.
     *
     * @param areCreated whether the suppliers create them, so that they are configured, kept apart and closed here
     */
    record Source<K, V>(
            Supplier<? extends Deserializer<K>> ofKeys,
            Supplier<? extends Deserializer<V>> ofValues,
            boolean areCreated) {
        /** Those that the user has configured, and closes. */
        static <K, V> Source<K, V> given(Deserializer<K> ofKeys, Deserializer<V> ofValues) {
            return new Source<>(() -> ofKeys, () -> ofValues, false);
        }

        static Source<byte[], byte[]> bytes() {
            return given(new ByteArrayDeserializer(), new ByteArrayDeserializer());
        }
    }

    private record Pair<K, V>(Deserializer<K> ofKey, Deserializer<V> ofValue) {}

    /** One more pair could not be created. That says nothing about the record. */
    private static final class NotCreatedException extends RetriableException {
        private static final long serialVersionUID = 1L;

        NotCreatedException(Throwable cause) {
            super("One more pair of deserializers could not be created", cause);
        }
    }

    private final Source<K, V> source;
    private final Map<String, ?> properties;
    private final Queue<Pair<K, V>> idle = new ConcurrentLinkedQueue<>();
    private final Queue<Deserializer<?>> created = new ConcurrentLinkedQueue<>();

    private Deserializers(Source<K, V> source, Map<String, ?> properties) {
        this.source = source;
        this.properties = properties;
    }

    /**
     * Creates as many pairs as there are threads, so that what is wrong with them is found at once.
     *
     * @param properties that they are configured with
     * @throws RuntimeException that they throw
     */
    static <K, V> Deserializers<K, V> of(Source<K, V> source, Map<String, ?> properties, int threads) {
        Deserializers<K, V> deserializers = new Deserializers<>(source, properties);
        try {
            for (int i = 0; i < threads; i++) {
                deserializers.idle.add(deserializers.pair());
            }
            return deserializers;
        } catch (RuntimeException unusable) {
            deserializers.close();
            throw unusable;
        }
    }

    private Pair<K, V> pair() {
        return new Pair<>(
                configured(source.ofKeys().get(), true),
                configured(source.ofValues().get(), false));
    }

    private <T> Deserializer<T> configured(Deserializer<T> deserializer, boolean isKey) {
        if (source.areCreated()) {
            created.add(deserializer);
            deserializer.configure(properties, isKey);
        }
        return deserializer;
    }

    /** A record with its key and value read, and with headers of its own: deserializers take some away. */
    ConsumerRecord<K, V> read(ConsumerRecord<byte[], byte[]> record) {
        Pair<K, V> pair = idle.poll();
        if (pair == null) {
            pair = another();
        }
        try {
            Headers headers = new RecordHeaders(record.headers());
            K key = record.key() == null ? null : pair.ofKey().deserialize(record.topic(), headers, record.key());
            V value =
                    record.value() == null ? null : pair.ofValue().deserialize(record.topic(), headers, record.value());
            return ClientFeatures.deserialized(record, headers, key, value);
        } finally {
            idle.add(pair);
        }
    }

    /** For the thread that takes the place of one that hangs in its deserializer. */
    private Pair<K, V> another() {
        try {
            return pair();
        } catch (RuntimeException failed) {
            throw new NotCreatedException(failed);
        }
    }

    /** Closes those that were created. */
    @Override
    public void close() {
        for (Deserializer<?> deserializer = created.poll(); deserializer != null; deserializer = created.poll()) {
            try {
                deserializer.close();
            } catch (RuntimeException failed) {
                LOGGER.warn("A {} could not be closed", deserializer.getClass().getName(), failed);
            }
        }
    }
}
