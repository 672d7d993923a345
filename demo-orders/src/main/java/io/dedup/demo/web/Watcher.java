// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.web;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dedup.DedupHeaders;
import io.dedup.demo.traffic.Operation;
import io.dedup.demo.traffic.OperationJson;
import io.dedup.demo.traffic.OperationKey;
import io.dedup.demo.traffic.Topics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads along what is in the topics of the pipeline, from when it was started, on a thread of its own. Thread-safe. */
final class Watcher implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(Watcher.class);
    private static final Duration POLL = Duration.ofMillis(200);
    private static final Duration STOP_WITHIN = Duration.ofSeconds(5);

    private final LiveLog log;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final Thread thread;

    private Watcher(LiveLog log, KafkaConsumer<byte[], byte[]> consumer) {
        this.log = log;
        this.consumer = consumer;
        this.thread = new Thread(this::read, "demo-watcher");
        thread.setDaemon(true);
    }

    /** Begins with what comes from now on. */
    static Watcher start(String bootstrapServers, LiveLog log) {
        Map<String, Object> configs =
                Map.of("bootstrap.servers", bootstrapServers, "isolation.level", "read_committed");
        var consumer = new KafkaConsumer<>(configs, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        List<TopicPartition> partitions = new ArrayList<>();
        List<String> topics = new ArrayList<>(List.of(Topics.DUPLICATES, Topics.DEAD_LETTERS));
        for (String input : Topics.INPUTS) {
            topics.add(input);
            topics.add(Topics.unique(input));
        }
        for (String topic : topics) {
            consumer.partitionsFor(topic)
                    .forEach(info -> partitions.add(new TopicPartition(info.topic(), info.partition())));
        }
        consumer.assign(partitions);
        consumer.seekToEnd(partitions);
        partitions.forEach(consumer::position);
        Watcher watcher = new Watcher(log, consumer);
        watcher.thread.start();
        return watcher;
    }

    private void read() {
        try (consumer) {
            while (true) {
                consumer.poll(POLL).forEach(this::see);
            }
        } catch (WakeupException stopped) {
            LOGGER.debug("Stopped");
        } catch (KafkaException failed) {
            LOGGER.error("The live view shows nothing more", failed);
            log.end();
        }
    }

    private void see(ConsumerRecord<byte[], byte[]> record) {
        Map<String, Object> data = new LinkedHashMap<>();
        Operation operation = operation(record);
        String key = header(record, OperationKey.HEADER);
        data.put("key", key == null ? "" : key);
        data.put("topic", record.topic());
        data.put("partition", record.partition());
        data.put("offset", record.offset());
        if (operation != null) {
            data.put("amountCents", operation.amountCents());
            data.put("currency", operation.currency());
            data.put("id", operation.paymentId() == null ? operation.orderId() : operation.paymentId());
        }
        if (Topics.INPUTS.contains(record.topic())) {
            log.add("record", data);
        } else {
            judged(record, operation, data);
        }
    }

    private void judged(
            ConsumerRecord<byte[], byte[]> record, @Nullable Operation operation, Map<String, Object> data) {
        String reason = header(record, DedupHeaders.REASON);
        boolean deadLetter = record.topic().equals(Topics.DEAD_LETTERS);
        boolean dropped = record.topic().equals(Topics.DUPLICATES);
        String verdict = reason != null ? reason : deadLetter ? "unbookable" : "first";
        String detail = header(record, DedupHeaders.DETAIL);
        data.put("verdict", verdict);
        data.put("booked", !deadLetter && !dropped);
        data.put("detail", detail == null ? "" : detail);
        long cents = operation == null ? 0 : operation.amountCents();
        String currency = operation == null ? "" : operation.currency();
        log.count(verdict, currency, dropped ? cents : 0);
        log.add("verdict", data);
    }

    private static @Nullable Operation operation(ConsumerRecord<byte[], byte[]> record) {
        try {
            return record.value() == null ? null : OperationJson.read(record.value());
        } catch (IllegalArgumentException notAnOperation) {
            LOGGER.debug(
                    "{}-{}@{} is no operation", record.topic(), record.partition(), record.offset(), notAnOperation);
            return null;
        }
    }

    private static @Nullable String header(ConsumerRecord<?, ?> record, String name) {
        Header header = record.headers().lastHeader(name);
        return header == null || header.value() == null ? null : new String(header.value(), UTF_8);
    }

    @Override
    public void close() {
        consumer.wakeup();
        try {
            thread.join(STOP_WITHIN.toMillis());
        } catch (InterruptedException hurried) {
            Thread.currentThread().interrupt();
        }
    }
}
