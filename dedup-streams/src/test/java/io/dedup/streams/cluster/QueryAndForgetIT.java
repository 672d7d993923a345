// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.cluster;

import static io.dedup.key.KeyExtractors.header;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dedup.Coordinates;
import io.dedup.IdempotencyKey;
import io.dedup.Partitioning;
import io.dedup.streams.Dedup;
import io.dedup.streams.DedupControl;
import io.dedup.streams.KeyStatus;
import io.dedup.streams.KeyStatus.NotRemembered;
import io.dedup.streams.KeyStatus.Remembered;
import io.dedup.streams.KeyStatus.Unknown;
import io.dedup.streams.RememberedKeys;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.streams.Topology;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Asking across instances whether a key is remembered, and forgetting one. */
class QueryAndForgetIT {
    private static final int PARTITIONS = 4;

    @TempDir
    Path directory;

    private final TestCluster cluster = TestCluster.shared();

    @ParameterizedTest
    @EnumSource(Partitioning.class)
    void ask_twoInstances_findsEveryKeyAndForgetsOne(Partitioning partitioning) throws Exception {
        // Given
        String id = "ask-" + partitioning.name().toLowerCase(Locale.ROOT);
        Dedup dedup = Dedup.by(header(TestCluster.KEY_HEADER))
                .within(DedupApp.TTL)
                .withPartitioning(partitioning)
                .withControlTopic(id + "-control");
        Topology topology = DedupApp.topology(id, dedup);
        cluster.createTopics(id, PARTITIONS);
        cluster.createTopic(id + "-control", PARTITIONS, Map.of());
        List<String> keys = IntStream.range(0, 40).mapToObj(i -> "k" + i).toList();
        long now = System.currentTimeMillis();
        Map<Integer, RememberedKeys> instances = new HashMap<>();
        RememberedKeys.Remote remote =
                (host, topic, key, at) -> instances.get(host.port()).askHere(topic, key, at);
        try (RunningApp one = start(id, topology, 1);
                RunningApp two = start(id, topology, 2)) {
            instances.put(1, RememberedKeys.of(one.streams(), dedup));
            instances.put(2, RememberedKeys.of(two.streams(), dedup));
            int tasks = partitioning == Partitioning.BY_KEY ? 2 * PARTITIONS : PARTITIONS;
            await().atMost(TestCluster.PATIENCE).untilAsserted(() -> {
                assertThat(one.activeTasks()).isPositive();
                assertThat(two.activeTasks()).isPositive();
                assertThat(one.activeTasks() + two.activeTasks()).isEqualTo(tasks);
            });
            cluster.sendAll(id + "-in", PARTITIONS, now, keys);
            cluster.awaitProcessed(id, id + "-in");
            cluster.awaitRepartitioned(id);
            RememberedKeys asked = instances.get(1);
            // Then
            for (String key : keys) {
                KeyStatus status = asked.ask(id + "-in", key(key), Instant.ofEpochMilli(now), remote);
                assertThat(status).isInstanceOfSatisfying(Remembered.class, remembered -> {
                    assertThat(remembered.since()).isEqualTo(Instant.ofEpochMilli(now));
                    assertThat(remembered.until())
                            .isEqualTo(Instant.ofEpochMilli(now).plus(DedupApp.TTL));
                    Coordinates at = remembered.first().coordinates();
                    assertThat(at).isNotNull();
                    assertThat(at.topic()).isEqualTo(id + "-in");
                    assertThat(at.partition()).isEqualTo(Math.floorMod(key.hashCode(), PARTITIONS));
                });
            }
            assertThat(asked.ask(id + "-in", key("nobody"), Instant.ofEpochMilli(now), remote))
                    .isEqualTo(new NotRemembered());
            assertThat(asked.ask(
                            id + "-in", key("k0"), Instant.ofEpochMilli(now).plus(DedupApp.TTL.plusMillis(1)), remote))
                    .isEqualTo(new NotRemembered());
            assertThat(keys.stream()
                            .filter(key ->
                                    asked.askHere(id + "-in", key(key), Instant.ofEpochMilli(now)) instanceof Unknown))
                    .as("keys that are with the other instance")
                    .isNotEmpty()
                    .allSatisfy(key -> assertThat(
                                    asked.ask(id + "-in", key(key), Instant.ofEpochMilli(now), (host, t, k, at) -> {
                                        throw new IOException("unreachable");
                                    }))
                            .isInstanceOfSatisfying(Unknown.class, unknown -> {
                                assertThat(unknown.reason()).contains("unreachable");
                                assertThat(unknown.hosts())
                                        .allSatisfy(
                                                host -> assertThat(host.port()).isEqualTo(2));
                            }));
            // When
            forget(id, "k7");
            await().atMost(TestCluster.PATIENCE)
                    .untilAsserted(() -> assertThat(asked.ask(id + "-in", key("k7"), Instant.ofEpochMilli(now), remote))
                            .isEqualTo(new NotRemembered()));
            cluster.sendAll(id + "-in", PARTITIONS, now + 1, keys);
            cluster.awaitProcessed(id, id + "-in");
            cluster.awaitRepartitioned(id);
        }
        assertThat(instances.get(1).askHere(id + "-in", key("k0"), Instant.ofEpochMilli(now)))
                .as("a closed instance")
                .isInstanceOfSatisfying(
                        Unknown.class, unknown -> assertThat(unknown.reason()).contains("not running"));
        // When
        forget(id, "k8");
        for (int instance = 1; instance <= 2; instance++) {
            Utils.delete(directory.resolve("state" + instance).toFile());
        }
        try (RunningApp one = start(id, topology, 1)) {
            cluster.awaitProcessed(id, id + "-control");
            cluster.sendAll(id + "-in", PARTITIONS, now + 2, keys);
            cluster.awaitProcessed(id, id + "-in");
            cluster.awaitRepartitioned(id);
            assertThat(one.metric("bad-commands-total")).isZero();
        }
        // Then
        assertThat(cluster.read(id + "-out").stream().map(ConsumerRecord::value).sorted())
                .hasSize(42)
                .containsAll(keys)
                .containsSequence("k7", "k7")
                .containsSequence("k8", "k8");
    }

    private RunningApp start(String id, Topology topology, int instance) {
        return RunningApp.start(
                id,
                topology,
                directory.resolve("state" + instance),
                Map.of("application.server", "localhost:" + instance));
    }

    private void forget(String id, String key) {
        Map<String, Object> configs = Map.of("bootstrap.servers", cluster.bootstrapServers());
        try (var producer = new KafkaProducer<>(configs, new ByteArraySerializer(), new ByteArraySerializer())) {
            new DedupControl(producer, id + "-control").forget(id + "-in", key(key));
        }
    }

    private static IdempotencyKey key(String key) {
        return IdempotencyKey.of("header:" + TestCluster.KEY_HEADER, key.getBytes(UTF_8));
    }
}
