// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dedup.Coordinates;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends records that cannot be handled to the dead-letter topic, with their bytes and headers as they were and the reason beside.
 * A record for which there is no room with that is sent without its value, and if need be without its key and headers: its
 * coordinates say where they are to be read.
 *
 * <p>Thread-safe.
 */
final class DeadLetters {
    private static final Logger LOGGER = LoggerFactory.getLogger(DeadLetters.class);
    private static final String PREFIX = "__dedup.";
    private static final int MAX_MESSAGE = 1000;

    private final Producer<byte[], byte[]> producer;
    private final String topic;
    private final String group;

    DeadLetters(Producer<byte[], byte[]> producer, String topic, String group) {
        this.producer = producer;
        this.topic = topic;
        this.group = group;
    }

    /**
     * Makes sure that the topic is there. A cluster that cannot be asked is not a reason to refuse.
     *
     * @param configs of a client of the cluster
     * @throws IllegalStateException if it is not
     */
    void requireTopic(Map<String, Object> configs) {
        try (Admin admin = Admin.create(configs)) {
            admin.describeTopics(Set.of(topic)).allTopicNames().get();
        } catch (ExecutionException failed) {
            if (failed.getCause() instanceof UnknownTopicOrPartitionException) {
                requireThatBrokersCreateIt();
            } else if (failed.getCause() instanceof InvalidTopicException) {
                throw new IllegalStateException(
                        "The dead-letter topic '" + topic
                                + "' cannot exist: use letters, digits, '.', '_' and '-', and create"
                                + " it before the consumer is started",
                        failed.getCause());
            } else {
                LOGGER.warn("Whether the dead-letter topic {} is there is not known", topic, failed.getCause());
            }
        } catch (InterruptedException interrupted) {
            throw new InterruptException(interrupted);
        }
    }

    private void requireThatBrokersCreateIt() {
        try {
            producer.partitionsFor(topic);
        } catch (KafkaException notThere) {
            throw new IllegalStateException(
                    "The dead-letter topic " + topic + " does not exist, and the brokers do not create it: create it"
                            + " before the consumer is started",
                    notThere);
        }
    }

    /**
     * Sends a record there, and waits until it has arrived.
     *
     * @throws ExecutionException if it has not
     */
    void send(ConsumerRecord<byte[], byte[]> record, String reason, @Nullable Throwable failure)
            throws InterruptedException, ExecutionException {
        Headers whole = new RecordHeaders(record.headers());
        mark(whole, record, reason, failure);
        if (isSent(new ProducerRecord<>(topic, null, null, record.key(), record.value(), whole))) {
            return;
        }
        put(whole, "value.omitted", Integer.toString(length(record.value())));
        LOGGER.error(
                "The dead letter of {} is too large for its topic, and is sent without its value of {} bytes",
                new Coordinates(record.topic(), record.partition(), record.offset()),
                length(record.value()));
        if (isSent(new ProducerRecord<>(topic, null, null, record.key(), null, whole))) {
            return;
        }
        Headers bare = new RecordHeaders();
        mark(bare, record, reason, failure);
        put(bare, "value.omitted", Integer.toString(length(record.value())));
        put(bare, "key.omitted", Integer.toString(length(record.key())));
        put(bare, "headers.omitted", Integer.toString(record.headers().toArray().length));
        producer.send(new ProducerRecord<>(topic, null, null, null, null, bare)).get();
    }

    /** Whether there was room for it. */
    private boolean isSent(ProducerRecord<byte[], byte[]> letter) throws InterruptedException, ExecutionException {
        try {
            producer.send(letter).get();
            return true;
        } catch (ExecutionException failed) {
            if (failed.getCause() instanceof RecordTooLargeException) {
                return false;
            }
            throw failed;
        }
    }

    private void mark(
            Headers headers, ConsumerRecord<byte[], byte[]> record, String reason, @Nullable Throwable failure) {
        Origin origin = Origin.of(record, group);
        Coordinates read = new Coordinates(record.topic(), record.partition(), record.offset());
        Coordinates at = origin.at().topic().equals(record.topic()) ? read : origin.at();
        put(headers, "reason", reason);
        put(headers, "topic", at.topic());
        put(headers, "partition", Integer.toString(at.partition()));
        put(headers, "offset", Long.toString(at.offset()));
        put(headers, "group", origin.group());
        put(headers, "timestamp", Long.toString(record.timestamp()));
        if (failure != null) {
            put(headers, "exception", failure.getClass().getName());
            String message = String.valueOf(failure.getMessage());
            put(headers, "message", message.substring(0, Math.min(message.length(), MAX_MESSAGE)));
        }
    }

    private static int length(byte @Nullable [] bytes) {
        return bytes == null ? 0 : bytes.length;
    }

    private static void put(Headers headers, String name, String value) {
        headers.remove(PREFIX + name);
        headers.add(PREFIX + name, value.getBytes(UTF_8));
    }
}
