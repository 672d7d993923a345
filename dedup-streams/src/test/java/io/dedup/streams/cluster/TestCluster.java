// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dedup.testing.TestServers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.jspecify.annotations.Nullable;

/** The one broker that all cluster tests of this JVM share, and what they do with it. */
final class TestCluster {
    static final String KEY_HEADER = "idempotency-key";
    static final Duration PATIENCE = Duration.ofSeconds(90);

    private static @Nullable TestCluster shared;

    private final TestServers.Kafka broker;
    private final Admin admin;
    private final KafkaProducer<String, String> producer;

    private TestCluster(TestServers.Kafka broker) {
        this.broker = broker;
        this.admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()));
        this.producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", broker.bootstrapServers()), new StringSerializer(), new StringSerializer());
    }

    /** Starts the broker at the first call; it stops with the JVM. */
    static synchronized TestCluster shared() {
        TestCluster cluster = shared;
        if (cluster == null) {
            // Often enough that a test can wait for what retention deletes.
            TestServers.Kafka broker = TestServers.kafka(Map.of(
                    "log.retention.check.interval.ms", "500",
                    "log.initial.task.delay.ms", "500",
                    "log.cleaner.backoff.ms", "500",
                    // A killed member is missed as soon as in a classic group.
                    "group.streams.min.session.timeout.ms", "6000",
                    "group.streams.session.timeout.ms", "6000",
                    "group.streams.min.heartbeat.interval.ms", "1000",
                    "group.streams.heartbeat.interval.ms", "1000"));
            Runtime.getRuntime().addShutdownHook(new Thread(broker::close));
            cluster = new TestCluster(broker);
            shared = cluster;
        }
        return cluster;
    }

    String bootstrapServers() {
        return broker.bootstrapServers();
    }

    Admin admin() {
        return admin;
    }

    /** Creates {@code ID-in}, {@code ID-out} and {@code ID-dead}, which keep what is old. */
    void createTopics(String id, int partitions) {
        for (String topic : List.of("-in", "-out", "-dead")) {
            createTopic(id + topic, partitions, Map.of("retention.ms", "-1"));
        }
    }

    /** Waits until the broker has deleted whatever its retention lets go now. */
    void awaitRetention(String canary) throws Exception {
        // As a changelog: such topics are left to another thread of the broker than those that are only deleted from.
        createTopic(canary, 1, Map.of("retention.ms", "1000", "cleanup.policy", "compact,delete"));
        // The second one was there for the whole of the pass that deleted it.
        for (int pass = 0; pass < 2; pass++) {
            send(canary, 0, 1_000_000_000_000L, "old", "old");
            TopicPartition partition = new TopicPartition(canary, 0);
            await().atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(admin.listOffsets(Map.of(partition, OffsetSpec.earliest()))
                                    .partitionResult(partition)
                                    .get()
                                    .offset())
                            .isEqualTo(endOffsets(canary).get(partition)));
        }
    }

    void createTopic(String topic, int partitions, Map<String, String> configs) {
        try {
            admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1).configs(configs)))
                    .all()
                    .get();
        } catch (InterruptedException | ExecutionException failed) {
            throw new AssertionError("could not create " + topic, failed);
        }
    }

    /** Sends a record and waits until the broker has it. */
    void send(String topic, @Nullable Integer partition, long timestamp, @Nullable String key, String value) {
        RecordHeaders headers = new RecordHeaders();
        if (key != null) {
            headers.add(KEY_HEADER, key.getBytes(UTF_8));
        }
        var acknowledged = producer.send(new ProducerRecord<>(topic, partition, timestamp, key, value, headers));
        assertThat(acknowledged).succeedsWithin(PATIENCE);
    }

    /** Sends many records of the same time and waits once. */
    void sendAll(String topic, int partitions, long timestamp, List<String> keys) {
        List<Future<?>> acknowledged = new ArrayList<>();
        for (String key : keys) {
            RecordHeaders headers = new RecordHeaders();
            headers.add(KEY_HEADER, key.getBytes(UTF_8));
            int partition = Math.floorMod(key.hashCode(), partitions);
            acknowledged.add(producer.send(new ProducerRecord<>(topic, partition, timestamp, key, key, headers)));
        }
        acknowledged.forEach(future -> assertThat(future).succeedsWithin(PATIENCE));
    }

    /** Waits until that application has committed everything that is in the topic now. */
    void awaitProcessed(String applicationId, String topic) {
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(committed(applicationId, topic)).isEqualTo(endOffsets(topic)));
    }

    /** Waits until that application has committed everything that is in its own repartition topics now. */
    void awaitRepartitioned(String applicationId) throws Exception {
        for (String topic : topicsStartingWith(applicationId + "-")) {
            if (topic.endsWith("-repartition")) {
                awaitProcessed(applicationId, topic);
            }
        }
    }

    private Map<TopicPartition, Long> committed(String applicationId, String topic) throws Exception {
        Map<TopicPartition, Long> committed = new HashMap<>();
        for (TopicPartition partition : endOffsets(topic).keySet()) {
            committed.put(partition, 0L);
        }
        Map<TopicPartition, OffsetAndMetadata> offsets = admin.listConsumerGroupOffsets(applicationId)
                .partitionsToOffsetAndMetadata()
                .get();
        offsets.forEach((partition, offset) -> {
            if (partition.topic().equals(topic) && offset != null) {
                committed.put(partition, offset.offset());
            }
        });
        return committed;
    }

    Map<TopicPartition, Long> endOffsets(String topic) {
        return endOffsets(topic, IsolationLevel.READ_UNCOMMITTED);
    }

    private Map<TopicPartition, Long> endOffsets(String topic, IsolationLevel isolation) {
        try {
            List<TopicPartition> partitions =
                    admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().stream()
                            .map(partition -> new TopicPartition(topic, partition.partition()))
                            .toList();
            Map<TopicPartition, ListOffsetsResultInfo> ends = admin.listOffsets(
                            partitions.stream().collect(Collectors.toMap(p -> p, p -> OffsetSpec.latest())),
                            new ListOffsetsOptions(isolation))
                    .all()
                    .get();
            return ends.entrySet().stream()
                    .collect(Collectors.toMap(
                            Map.Entry::getKey, end -> end.getValue().offset()));
        } catch (InterruptedException | ExecutionException failed) {
            throw new AssertionError("could not ask for the end of " + topic, failed);
        }
    }

    /** The names of topics that start so. */
    List<String> topicsStartingWith(String prefix) throws Exception {
        return admin.listTopics().names().get().stream()
                .filter(name -> name.startsWith(prefix))
                .toList();
    }

    /** Waits for transactions that are open, as one of a killed process is until it times out, and reads what is committed. */
    List<ConsumerRecord<String, String>> read(String topic) {
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(endOffsets(topic, IsolationLevel.READ_COMMITTED))
                        .isEqualTo(endOffsets(topic)));
        return read(topic, "read_committed", new StringDeserializer());
    }

    /** Everything that is in the topic now, committed or not. */
    List<ConsumerRecord<String, String>> readUncommitted(String topic) {
        return read(topic, "read_uncommitted", new StringDeserializer());
    }

    /** Everything in a changelog, in bytes, whether it is committed or not. */
    List<ConsumerRecord<byte[], byte[]>> readChangelog(String topic) {
        return read(topic, "read_uncommitted", new ByteArrayDeserializer());
    }

    private <T> List<ConsumerRecord<T, T>> read(String topic, String isolation, Deserializer<T> deserializer) {
        Map<String, Object> config = Map.of(
                "bootstrap.servers", bootstrapServers(), "isolation.level", isolation, "auto.offset.reset", "earliest");
        try (var consumer = new KafkaConsumer<>(config, deserializer, deserializer)) {
            List<TopicPartition> partitions = consumer.partitionsFor(topic).stream()
                    .map(info -> new TopicPartition(topic, info.partition()))
                    .toList();
            consumer.assign(partitions);
            // Under read_committed this is the last stable offset.
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            consumer.seekToBeginning(partitions);
            List<ConsumerRecord<T, T>> records = new ArrayList<>();
            while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
                consumer.poll(Duration.ofMillis(100)).forEach(records::add);
            }
            return records;
        }
    }

    static @Nullable String header(ConsumerRecord<?, ?> record, String name) {
        Header header = record.headers().lastHeader(name);
        return header == null ? null : new String(header.value(), UTF_8);
    }
}
