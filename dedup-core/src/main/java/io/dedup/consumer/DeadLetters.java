// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dedup.Coordinates;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.jspecify.annotations.Nullable;

/** Where records go that cannot be handled, with their bytes and headers as they were and the reason beside. Thread-safe. */
final class DeadLetters {
    private static final String PREFIX = "__dedup.";
    private static final int LONGEST_MESSAGE = 1000;

    private final Producer<byte[], byte[]> producer;
    private final String topic;

    DeadLetters(Producer<byte[], byte[]> producer, String topic) {
        this.producer = producer;
        this.topic = topic;
    }

    /**
     * Sends a record there, and waits until it has arrived.
     *
     * @throws ExecutionException if it has not
     */
    void send(ConsumerRecord<byte[], byte[]> record, String reason, @Nullable Throwable failure)
            throws InterruptedException, ExecutionException {
        Headers headers = new RecordHeaders(record.headers());
        Coordinates at = new Coordinates(record.topic(), record.partition(), record.offset());
        put(headers, "reason", reason);
        put(headers, "topic", at.topic());
        put(headers, "partition", Integer.toString(at.partition()));
        put(headers, "offset", Long.toString(at.offset()));
        put(headers, "timestamp", Long.toString(record.timestamp()));
        if (failure != null) {
            put(headers, "exception", failure.getClass().getName());
            String message = String.valueOf(failure.getMessage());
            put(headers, "message", message.substring(0, Math.min(message.length(), LONGEST_MESSAGE)));
        }
        producer.send(new ProducerRecord<>(topic, null, null, record.key(), record.value(), headers))
                .get();
    }

    private static void put(Headers headers, String name, String value) {
        headers.remove(PREFIX + name);
        headers.add(PREFIX + name, value.getBytes(UTF_8));
    }
}
