// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dedup.DedupHeaders;
import io.dedup.IdempotencyKey;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;

/**
 * Sends commands to operators with a {@linkplain Dedup#withControlTopic control topic}.
 *
 * <p>A wrongly dropped operation can be sent again once its key is forgotten:
 *
 * <pre>{@code
 * new DedupControl(producer, "orders-dedup-control").forget("orders", IdempotencyKey.of("header:idempotency-key", bytes));
 * }</pre>
 *
 * <p>The command goes to every partition of the control topic, since the idempotency key need not say which task knows it;
 * only the task that owns the key writes its store. It is obeyed when the operator comes to it, so ask {@link
 * RememberedKeys} before the operation is sent again.
 *
 * <p>Thread-safe if the producer is.
 */
public final class DedupControl {
    private final Producer<byte[], byte[]> producer;
    private final String topic;
    private final Clock clock;

    /**
     * Commands through that topic.
     *
     * @param producer not closed here
     */
    public DedupControl(Producer<byte[], byte[]> producer, String topic) {
        this(producer, topic, Clock.systemUTC());
    }

    DedupControl(Producer<byte[], byte[]> producer, String topic, Clock clock) {
        this.producer = producer;
        this.topic = topic;
        this.clock = clock;
    }

    /**
     * Sends the command to forget a key, and waits until the brokers have it. What is remembered more than the operator's
     * allowed time ahead after the command was sent is not forgotten, so a command that is read again much later does nothing.
     *
     * @param operationsTopic the topic of the operation; does not matter where the operator's scope is not the topic
     * @param key with its source as the operator is configured: {@code header:idempotency-key}
     * @throws KafkaException if some partition did not get the command; to send it again does no harm
     */
    public void forget(String operationsTopic, IdempotencyKey key) {
        byte[] sentAt = Long.toString(clock.millis()).getBytes(UTF_8);
        List<Future<?>> sent = new ArrayList<>();
        for (PartitionInfo partition : producer.partitionsFor(topic)) {
            Headers headers = new RecordHeaders();
            headers.add(DedupHeaders.COMMAND, DedupHeaders.FORGET.getBytes(UTF_8));
            headers.add(DedupHeaders.TOPIC, operationsTopic.getBytes(UTF_8));
            headers.add(DedupHeaders.KEY_SOURCE, key.source().getBytes(UTF_8));
            headers.add(DedupHeaders.TIMESTAMP, sentAt);
            sent.add(producer.send(
                    new ProducerRecord<>(topic, partition.partition(), null, key.value(), null, headers)));
        }
        producer.flush();
        sent.forEach(this::await);
    }

    private void await(Future<?> acknowledged) {
        try {
            acknowledged.get();
        } catch (InterruptedException interrupted) {
            throw new InterruptException(interrupted);
        } catch (ExecutionException failed) {
            throw new KafkaException("The command did not reach every partition of " + topic, failed.getCause());
        }
    }
}
