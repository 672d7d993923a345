// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/** Topics with settings of their own on a broker, and records in them. Thread-safe. */
final class TopicsFixture implements AutoCloseable {
    private final String bootstrapServers;
    private final Admin admin;

    TopicsFixture(String bootstrapServers) {
        this.bootstrapServers = bootstrapServers;
        this.admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers));
    }

    Admin admin() {
        return admin;
    }

    /** A configuration that relays {@code ID-in} to {@code ID-out}. */
    Path file(Path directory, String id, String... more) throws IOException {
        return RelayFile.write(
                directory,
                id,
                List.of(
                        "application.id=" + id,
                        "bootstrap.servers=" + bootstrapServers,
                        "state.dir=" + directory.resolve("state"),
                        // A relay that fails is missed by its group when its session ends.
                        "session.timeout.ms=6000",
                        "heartbeat.interval.ms=1000",
                        "commit.interval.ms=100",
                        "dedup.routes=" + id + "-in->" + id + "-out"),
                more);
    }

    void topic(String name, int partitions, Map<String, String> configs) throws Exception {
        admin.createTopics(List.of(new NewTopic(name, partitions, (short) 1).configs(configs)))
                .all()
                .get();
    }

    void alter(String topic, String key, String value) throws Exception {
        AlterConfigOp set = new AlterConfigOp(new ConfigEntry(key, value), AlterConfigOp.OpType.SET);
        admin.incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.TOPIC, topic), List.of(set)))
                .all()
                .get();
    }

    Map<String, String> settings(String topic) throws Exception {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        Map<String, String> settings = new TreeMap<>();
        admin.describeConfigs(List.of(resource))
                .all()
                .get()
                .getOrDefault(resource, new Config(List.of()))
                .entries()
                .forEach(entry -> settings.put(entry.name(), entry.value()));
        return settings;
    }

    /** Sends a record with that idempotency key and as its key, unless it is null. */
    void send(String topic, @Nullable String recordKey, String idempotencyKey, byte[] value) throws Exception {
        send(new ProducerRecord<>(topic, recordKey == null ? null : recordKey.getBytes(UTF_8), value), idempotencyKey);
    }

    void send(ProducerRecord<byte[], byte[]> record, String idempotencyKey) throws Exception {
        record.headers().add("idempotency-key", idempotencyKey.getBytes(UTF_8));
        Map<String, Object> configs =
                Map.of("bootstrap.servers", bootstrapServers, "max.request.size", 30 << 20, "compression.type", "gzip");
        try (var producer = new KafkaProducer<>(configs, new ByteArraySerializer(), new ByteArraySerializer())) {
            producer.send(record).get();
        }
    }

    List<ConsumerRecord<byte[], byte[]>> read(String topic) {
        Map<String, Object> configs =
                Map.of("bootstrap.servers", bootstrapServers, "isolation.level", "read_committed");
        try (var consumer = new KafkaConsumer<>(configs, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = consumer.partitionsFor(topic).stream()
                    .map(info -> new TopicPartition(topic, info.partition()))
                    .toList();
            consumer.assign(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            consumer.seekToBeginning(partitions);
            List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
            while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.getOrDefault(p, 0L))) {
                consumer.poll(Duration.ofMillis(100)).forEach(records::add);
            }
            return records;
        }
    }

    static String header(ConsumerRecord<byte[], byte[]> record, String name) {
        Header header = record.headers().lastHeader(name);
        return header == null ? "" : new String(header.value(), UTF_8);
    }

    @Override
    public void close() {
        admin.close();
    }
}
