// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.web;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dedup.demo.traffic.Operation;
import io.dedup.demo.traffic.OperationJson;
import io.dedup.demo.traffic.Sending;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Sends operations to their topics and waits for the brokers. Thread-safe. */
final class KafkaPublisher implements Publisher, AutoCloseable {
    private static final int TIMEOUT_MS = 10_000;

    private final Producer<byte[], byte[]> producer;

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
    public void publish(String idempotencyKey, Operation operation) throws UnpublishedException {
        ProducerRecord<byte[], byte[]> record = new ProducerRecord<>(
                operation.topic(),
                operation.customerId().getBytes(UTF_8),
                OperationJson.write(operation).getBytes(UTF_8));
        record.headers().add(Sending.IDEMPOTENCY_KEY, idempotencyKey.getBytes(UTF_8));
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
