// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.web;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dedup.demo.traffic.Operation;
import io.dedup.demo.traffic.OperationJson;
import io.dedup.demo.traffic.OperationKey;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/** Sends operations to their topics and waits for the brokers; knows what it has sent lately. Thread-safe. */
final class KafkaPublisher implements Publisher, AutoCloseable {
    private static final int TIMEOUT_MS = 10_000;
    private static final int KEPT = 200;

    private final Producer<byte[], byte[]> producer;
    private final Deque<Sent> sent = new ArrayDeque<>();

    /**
     * A record that was sent.
     *
     * @param idempotencyKey null if it carried none
     * @param timestamp event time in milliseconds since the epoch
     */
    record Sent(@Nullable String idempotencyKey, Operation operation, long timestamp) {}

    KafkaPublisher(String bootstrapServers) {
        this.producer = new KafkaProducer<>(
                Map.of(
                        "bootstrap.servers", bootstrapServers,
                        "linger.ms", 0,
                        "max.block.ms", TIMEOUT_MS,
                        "request.timeout.ms", TIMEOUT_MS / 2,
                        "delivery.timeout.ms", TIMEOUT_MS),
                new ByteArraySerializer(),
                new ByteArraySerializer());
    }

    @Override
    public void publish(String idempotencyKey, Operation operation, Instant at) throws UnpublishedException {
        Sent record = new Sent(idempotencyKey, operation, at.toEpochMilli());
        send(record);
        synchronized (sent) {
            sent.addLast(record);
            if (sent.size() > KEPT) {
                sent.removeFirst();
            }
        }
    }

    /** What was published not longer ago than that, the oldest first, as far as it is kept. */
    List<Sent> since(Duration ago) {
        long from = System.currentTimeMillis() - ago.toMillis();
        synchronized (sent) {
            return sent.stream().filter(record -> record.timestamp() >= from).toList();
        }
    }

    /**
     * Sends a record of any topic.
     *
     * @throws UnpublishedException if the brokers may not have it
     */
    void send(Sent sending) throws UnpublishedException {
        Operation operation = sending.operation();
        ProducerRecord<byte[], byte[]> record = new ProducerRecord<>(
                operation.topic(),
                null,
                sending.timestamp(),
                operation.customerId().getBytes(UTF_8),
                OperationJson.write(operation).getBytes(UTF_8));
        if (sending.idempotencyKey() != null) {
            record.headers().add(OperationKey.HEADER, sending.idempotencyKey().getBytes(UTF_8));
        }
        try {
            producer.send(record).get();
        } catch (ExecutionException | KafkaException failed) {
            throw new UnpublishedException(failed);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new UnpublishedException(interrupted);
        }
    }

    @Override
    public void close() {
        producer.close(Duration.ofSeconds(5));
    }
}
