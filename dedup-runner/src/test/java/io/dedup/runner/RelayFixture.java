// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dedup.testing.TestServers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** A broker, and relays that run on it. */
final class RelayFixture implements AutoCloseable {
    static final Duration PATIENCE = Duration.ofSeconds(90);

    private final TestServers.Kafka broker = TestServers.kafka();
    private final Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()));

    Admin admin() {
        return admin;
    }

    /** The configuration of a relay, with topics that are looked at every second. */
    Path file(Path directory, String id, String routes, String... more) throws IOException {
        List<String> lines = new ArrayList<>(List.of(
                "application.id=" + id,
                "bootstrap.servers=" + broker.bootstrapServers(),
                "state.dir=" + directory.resolve("state"),
                "metadata.max.age.ms=1000",
                "dedup.routes=" + routes));
        lines.addAll(List.of(more));
        return Files.write(Files.createTempFile(directory, id, ".properties"), lines);
    }

    void topic(String name, int partitions) throws ExecutionException, InterruptedException {
        admin.createTopics(List.of(new NewTopic(name, partitions, (short) 1)))
                .all()
                .get();
    }

    void delete(String topic) throws ExecutionException, InterruptedException {
        admin.deleteTopics(List.of(topic)).all().get();
    }

    /** Deletes a topic that a broker may have created by itself. */
    void deleteIfThere(String topic) throws ExecutionException, InterruptedException {
        if (admin.listTopics().names().get().contains(topic)) {
            delete(topic);
        }
    }

    /** Sends a record whose own key, which chooses the partition, is the idempotency key too. */
    void send(String topic, String... keys) throws ExecutionException, InterruptedException {
        Map<String, Object> configs = Map.of("bootstrap.servers", broker.bootstrapServers());
        try (var producer = new KafkaProducer<>(configs, new ByteArraySerializer(), new ByteArraySerializer())) {
            for (String key : keys) {
                RecordHeaders headers = new RecordHeaders();
                headers.add("idempotency-key", key.getBytes(UTF_8));
                producer.send(new ProducerRecord<>(
                                topic, null, null, key.getBytes(UTF_8), key.getBytes(UTF_8), headers))
                        .get();
            }
        }
    }

    /** The values in a topic. */
    List<String> read(String topic) {
        Map<String, Object> configs =
                Map.of("bootstrap.servers", broker.bootstrapServers(), "isolation.level", "read_committed");
        try (var consumer = new KafkaConsumer<>(configs, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = consumer.partitionsFor(topic).stream()
                    .map(info -> new TopicPartition(topic, info.partition()))
                    .toList();
            consumer.assign(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            consumer.seekToBeginning(partitions);
            List<String> values = new ArrayList<>();
            while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.getOrDefault(p, 0L))) {
                consumer.poll(Duration.ofMillis(100)).forEach(record -> values.add(new String(record.value(), UTF_8)));
            }
            return values;
        }
    }

    /** Starts a relay that ends by itself, and waits until that is in the topic. */
    CompletableFuture<Outcome> running(Path file, String topic, String... values) {
        CompletableFuture<Outcome> ended = CompletableFuture.supplyAsync(() -> Outcome.of("run", file.toString()));
        await().atMost(PATIENCE).ignoreExceptions().untilAsserted(() -> {
            assertThat(ended).isNotDone();
            assertThat(read(topic)).contains(values);
        });
        return ended;
    }

    /** Relays what is there. */
    Outcome untilEnd(Path file, String... more) {
        List<String> arguments = new ArrayList<>(List.of("run", "--until-end"));
        arguments.addAll(List.of(more));
        arguments.add(file.toString());
        return Outcome.of(arguments.toArray(String[]::new));
    }

    @Override
    public void close() {
        admin.close();
        broker.close();
    }
}
