// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.mode;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/**
 * A plain consumer on one thread: for each poll it asks a filter about every record, sends on what is first, waits until that is
 * sent, and commits.
 */
final class ConsumerMode implements Running {
    private static final Duration POLL = Duration.ofMillis(100);

    private final Task task;
    private final KeyFilter filter;
    private final Thread thread;
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private volatile boolean isStopped;
    private volatile boolean isReady;

    private ConsumerMode(Task task, KeyFilter filter) {
        this.task = task;
        this.filter = filter;
        this.thread = new Thread(this::runToTheEnd, "consumer");
    }

    /** A consumer with that filter. */
    static Mode.Start of(KeyFilter.Opener opener) {
        return task -> {
            ConsumerMode mode = new ConsumerMode(task, opener.open(task));
            mode.thread.start();
            return mode;
        };
    }

    private void runToTheEnd() {
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(task);
                KafkaProducer<byte[], byte[]> producer = producer(task, Map.of());
                filter) {
            consumer.subscribe(List.of(task.input()));
            while (!isStopped) {
                ConsumerRecords<byte[], byte[]> records = consumer.poll(POLL);
                isReady |= !consumer.assignment().isEmpty();
                if (!records.isEmpty()) {
                    List<Future<?>> sent = new ArrayList<>();
                    for (ConsumerRecord<byte[], byte[]> record : records) {
                        if (filter.isFirst(key(record))) {
                            sent.add(producer.send(onward(record, task.output())));
                        }
                    }
                    producer.flush();
                    for (Future<?> acknowledged : sent) {
                        acknowledged.get();
                    }
                    filter.commit();
                    consumer.commitSync();
                }
            }
        } catch (Exception failed) {
            failure.set(failed);
        }
    }

    /** The configuration that all plain consumers share. */
    static Map<String, Object> consumerConfigs(Task task) {
        return Map.of(
                "bootstrap.servers", task.bootstrapServers(),
                "group.id", task.applicationId(),
                "auto.offset.reset", "earliest",
                "enable.auto.commit", false,
                "interceptor.classes", FirstSight.class.getName());
    }

    private static KafkaConsumer<byte[], byte[]> consumer(Task task) {
        return new KafkaConsumer<>(consumerConfigs(task), new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    /**
     * The producer of all plain consumers.
     *
     * @param others settings that are not the defaults
     */
    static KafkaProducer<byte[], byte[]> producer(Task task, Map<String, Object> others) {
        Map<String, Object> configs = new HashMap<>(others);
        configs.put("bootstrap.servers", task.bootstrapServers());
        return new KafkaProducer<>(configs, new ByteArraySerializer(), new ByteArraySerializer());
    }

    private static String key(ConsumerRecord<byte[], byte[]> record) {
        return new String(record.headers().lastHeader(Mode.KEY_HEADER).value(), UTF_8);
    }

    /** The same record for another topic. */
    static ProducerRecord<byte[], byte[]> onward(ConsumerRecord<byte[], byte[]> record, String topic) {
        return new ProducerRecord<>(topic, null, record.timestamp(), record.key(), record.value(), record.headers());
    }

    @Override
    public Optional<Throwable> failure() {
        return Optional.ofNullable(failure.get());
    }

    @Override
    public boolean isReady() {
        return isReady;
    }

    @Override
    public Restored restored() {
        return Restored.NOTHING;
    }

    @Override
    public void close() {
        isStopped = true;
        try {
            thread.join();
        } catch (InterruptedException interrupted) {
            throw new InterruptException(interrupted);
        }
    }
}
