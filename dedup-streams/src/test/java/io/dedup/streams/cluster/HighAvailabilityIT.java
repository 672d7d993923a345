// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Several threads on two instances with standby copies, under both of Kafka's group protocols. */
@Execution(ExecutionMode.CONCURRENT)
class HighAvailabilityIT {
    private static final int PARTITIONS = 4;

    @TempDir
    Path directory;

    private final TestCluster cluster = TestCluster.shared();

    @ParameterizedTest
    @ValueSource(strings = {"classic", "streams"})
    void failover_threadsAndStandbys_everyKeyComesOutExactlyOnce(String protocol) throws Exception {
        // Given
        String id = "available-" + protocol;
        cluster.createTopics(id, PARTITIONS);
        Map<String, Object> settings = settings(id, protocol);
        long now = System.currentTimeMillis();
        RunningApp one = RunningApp.start(id, DedupApp.topology(id, DedupApp.TTL), directory.resolve("one"), settings);
        try (RunningApp two =
                RunningApp.start(id, DedupApp.topology(id, DedupApp.TTL), directory.resolve("two"), settings)) {
            cluster.sendAll(id + "-in", PARTITIONS, now, keys("a"));
            cluster.awaitProcessed(id, id + "-in");
            await().atMost(TestCluster.PATIENCE).untilAsserted(() -> {
                assertThat(one.activeTasks()).isPositive();
                assertThat(two.activeTasks()).isPositive();
                assertThat(one.activeTasks() + two.activeTasks()).isEqualTo(PARTITIONS);
                assertThat(one.standbyTasks() + two.standbyTasks()).isEqualTo(PARTITIONS);
            });
            // When
            cluster.sendAll(id + "-in", PARTITIONS, now + 1, keys("b"));
            one.close();
            cluster.sendAll(id + "-in", PARTITIONS, now + 2, keys("a"));
            cluster.sendAll(id + "-in", PARTITIONS, now + 2, keys("b"));
            cluster.awaitProcessed(id, id + "-in");
            assertThat(two.activeTasks()).isEqualTo(PARTITIONS);
        }
        // Then
        assertThat(cluster.read(id + "-out").stream().map(ConsumerRecord::value))
                .hasSize(100)
                .containsAll(keys("a"))
                .containsAll(keys("b"));
    }

    private Map<String, Object> settings(String id, String protocol) throws Exception {
        if (protocol.equals("classic")) {
            return Map.of("num.stream.threads", 2, "num.standby.replicas", 1);
        }
        // There the broker assigns, and standbys are a setting of the group.
        ConfigResource group = new ConfigResource(ConfigResource.Type.GROUP, id);
        cluster.admin()
                .incrementalAlterConfigs(Map.of(
                        group,
                        List.of(new AlterConfigOp(
                                new ConfigEntry("streams.num.standby.replicas", "1"), AlterConfigOp.OpType.SET))))
                .all()
                .get();
        return Map.of("num.stream.threads", 2, "group.protocol", "streams");
    }

    private static List<String> keys(String prefix) {
        return IntStream.range(0, 50).mapToObj(i -> prefix + i).toList();
    }
}
