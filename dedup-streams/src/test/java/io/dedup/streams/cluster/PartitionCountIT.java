// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNoException;
import static org.awaitility.Awaitility.await;

import io.dedup.Partitioning;
import io.dedup.key.KeyExtractors;
import io.dedup.streams.Dedup;
import io.dedup.streams.WarmStart;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** With other partitions, keys would be looked for where they are not: the application does not start. */
@Execution(ExecutionMode.CONCURRENT)
class PartitionCountIT {
    @TempDir
    Path directory;

    private final TestCluster cluster = TestCluster.shared();

    @ParameterizedTest
    @EnumSource(Partitioning.class)
    void start_morePartitionsThanBefore_isRefusedAndAWarmStartUnderANewNameHelps(Partitioning partitioning)
            throws Exception {
        // Given
        String id = "grown-" + partitioning.name().toLowerCase(Locale.ROOT);
        Dedup dedup = Dedup.by(KeyExtractors.header(TestCluster.KEY_HEADER)).withPartitioning(partitioning);
        Topology topology = DedupApp.topology(id, dedup);
        cluster.createTopics(id, 1);
        long now = System.currentTimeMillis();
        try (RunningApp app = RunningApp.start(id, topology, directory.resolve("one"), Map.of())) {
            cluster.sendAll(id + "-in", 1, now, List.of("a"));
            cluster.awaitProcessed(id, id + "-in");
            cluster.awaitRepartitioned(id);
            assertThat(app.metric("firsts-total")).isEqualTo(1);
        }
        // When
        cluster.admin()
                .createPartitions(Map.of(id + "-in", NewPartitions.increaseTo(2)))
                .all()
                .get();
        cluster.send(id + "-in", 1, now, "a", "a");
        // Then
        Properties properties = DedupApp.properties(cluster.bootstrapServers(), id, directory.resolve("two"));
        assertThat(failureOf(topology, properties))
                .hasMessageContaining("partitions")
                .hasMessageContaining(id + "-dedup");
        assertThat(cluster.read(id + "-out")).hasSize(1);
        // When it is given a new name and memory, and duplicates come on another partition
        Dedup renamed = dedup.withName("again");
        WarmStart warmStart = WarmStart.of(renamed, properties).everywhere();
        await().atMost(TestCluster.PATIENCE)
                .untilAsserted(() -> assertThatNoException()
                        .as("until the group has missed the stopped instance")
                        .isThrownBy(() -> warmStart.fromProcessed(id + "-in")));
        try (RunningApp app =
                RunningApp.start(id, DedupApp.topology(id, renamed), directory.resolve("three"), Map.of())) {
            cluster.send(id + "-in", 0, now, "b", "b");
            cluster.awaitProcessed(id, id + "-in");
            cluster.awaitRepartitioned(id);
            assertThat(app.metric("duplicates-total")).isEqualTo(1);
        }
        assertThat(cluster.read(id + "-out")).extracting(ConsumerRecord::value).containsExactlyInAnyOrder("a", "b");
    }

    /** One task has to read the keys of a partition and the commands for them. */
    @Test
    void start_controlTopicWithMorePartitionsThanTheInput_theRepartitionTopicHasAsMany() throws Exception {
        String id = "controlled";
        cluster.createTopics(id, 1);
        cluster.createTopics(id + "-control", 3);
        Dedup dedup = Dedup.by(KeyExtractors.header(TestCluster.KEY_HEADER))
                .withPartitioning(Partitioning.BY_KEY)
                .withControlTopic(id + "-control-in");
        try (RunningApp app = RunningApp.start(id, DedupApp.topology(id, dedup), directory.resolve("one"), Map.of())) {
            cluster.send(id + "-in", 0, System.currentTimeMillis(), "a", "a");
            cluster.awaitProcessed(id, id + "-in");
            cluster.awaitRepartitioned(id);
            assertThat(app.metric("firsts-total")).isEqualTo(1);
        }
        String repartition = id + "-dedup-repartition";
        assertThat(cluster.admin()
                        .describeTopics(List.of(repartition))
                        .allTopicNames()
                        .get())
                .hasEntrySatisfying(
                        repartition, topic -> assertThat(topic.partitions()).hasSize(3));
    }

    /** What stops the application at its start. */
    private static Throwable failureOf(Topology topology, Properties properties) {
        CompletableFuture<Throwable> failure = new CompletableFuture<>();
        try (KafkaStreams streams = new KafkaStreams(topology, properties)) {
            streams.setUncaughtExceptionHandler(thrown -> {
                failure.complete(thrown);
                return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
            });
            streams.start();
            await().atMost(TestCluster.PATIENCE)
                    .untilAsserted(() -> assertThat(streams.state()).isEqualTo(KafkaStreams.State.ERROR));
        }
        return failure.join();
    }
}
