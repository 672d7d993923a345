// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is remembered moves with its partition. */
class RebalanceIT {
    private static final int PARTITIONS = 4;

    @TempDir
    Path directory;

    private final TestCluster cluster = TestCluster.shared();

    @Test
    void rebalance_secondInstanceJoinsAndFirstLeaves_stillRemembers() {
        // Given
        String id = "rebalance";
        for (String topic : List.of("-in", "-out", "-dead")) {
            cluster.createTopic(id + topic, PARTITIONS, Map.of());
        }
        List<String> expected = new ArrayList<>(keys("a"));
        long now = System.currentTimeMillis();
        RunningApp one = RunningApp.start(id, directory.resolve("one"), Map.of());
        cluster.sendAll(id + "-in", PARTITIONS, now, keys("a"));
        cluster.awaitProcessed(id, id + "-in");
        assertThat(one.activeTasks()).isEqualTo(PARTITIONS);
        try (RunningApp two = RunningApp.start(id, directory.resolve("two"), Map.of())) {
            // When
            await().atMost(TestCluster.PATIENCE).untilAsserted(() -> {
                assertThat(two.activeTasks()).isPositive();
                assertThat(one.activeTasks() + two.activeTasks()).isEqualTo(PARTITIONS);
            });
            cluster.sendAll(id + "-in", PARTITIONS, now + 1, keys("a"));
            cluster.sendAll(id + "-in", PARTITIONS, now + 2, keys("b"));
            expected.addAll(keys("b"));
            cluster.awaitProcessed(id, id + "-in");
            one.close();
            await().atMost(TestCluster.PATIENCE)
                    .untilAsserted(() -> assertThat(two.activeTasks()).isEqualTo(PARTITIONS));
            cluster.sendAll(id + "-in", PARTITIONS, now + 3, keys("a"));
            cluster.sendAll(id + "-in", PARTITIONS, now + 4, keys("b"));
            cluster.awaitProcessed(id, id + "-in");
        }
        // Then
        assertThat(cluster.read(id + "-out"))
                .extracting(ConsumerRecord::value)
                .containsExactlyInAnyOrderElementsOf(expected);
    }

    private static List<String> keys(String prefix) {
        return IntStream.range(0, 50).mapToObj(i -> prefix + i).collect(Collectors.toList());
    }
}
