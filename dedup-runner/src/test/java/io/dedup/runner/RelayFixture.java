// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dedup.testing.TestServers;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** A broker, and relays that run on it. */
final class RelayFixture implements AutoCloseable {
    static final Duration PATIENCE = Duration.ofSeconds(90);

    private final TestServers.Kafka broker = TestServers.kafka();
    private final TopicsFixture topics = new TopicsFixture(broker.bootstrapServers());

    Admin admin() {
        return topics.admin();
    }

    String bootstrapServers() {
        return broker.bootstrapServers();
    }

    /** The configuration of a relay, with topics that are looked at every second, and a member that is soon taken for gone. */
    Path file(Path directory, String id, String routes, String... more) throws IOException {
        return RelayFile.write(
                directory,
                id,
                List.of(
                        "application.id=" + id,
                        "bootstrap.servers=" + broker.bootstrapServers(),
                        "state.dir=" + directory.resolve("state"),
                        "metadata.max.age.ms=1000",
                        "session.timeout.ms=10000",
                        "dedup.routes=" + routes),
                more);
    }

    void topic(String name, int partitions) throws Exception {
        topics.topic(name, partitions, Map.of());
    }

    void delete(String topic) throws ExecutionException, InterruptedException {
        admin().deleteTopics(List.of(topic)).all().get();
    }

    /** Sets a setting of a topic. */
    void alter(String topic, String setting, String value) throws ExecutionException, InterruptedException {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        AlterConfigOp change = new AlterConfigOp(new ConfigEntry(setting, value), AlterConfigOp.OpType.SET);
        admin().incrementalAlterConfigs(Map.of(resource, List.of(change))).all().get();
    }

    /** Deletes a topic that a broker may have created by itself. */
    void deleteIfThere(String topic) throws ExecutionException, InterruptedException {
        if (admin().listTopics().names().get().contains(topic)) {
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
        return topics.read(topic).stream()
                .map(record -> new String(record.value(), UTF_8))
                .toList();
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

    /** Waits until these values and no others are in the topic. */
    void awaitRead(String topic, String... values) {
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(read(topic)).containsExactlyInAnyOrder(values));
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
        topics.close();
        broker.close();
    }
}
