// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dedup.streams.internal.store.ChangelogFirsts;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.streams.KafkaStreams;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The process is killed in the middle: it has let firsts through and written them down, and has not committed. Every key
 * is sent twice, and once more after the restart.
 */
@Execution(ExecutionMode.CONCURRENT)
class CrashIT {
    private static final int KEYS = 400;
    private static final int STALL_AT = 250;
    /** So many of the firsts are in the changelog by then: keys are long, and a block of them is written when it is full. */
    private static final int WRITTEN = 150;

    @TempDir
    Path directory;

    private final TestCluster cluster = TestCluster.shared();

    @ParameterizedTest
    @ValueSource(
            strings = {"crash-eos-rocksdb", "crash-eos-memory", "crash-eos-kip1071-rocksdb", "crash-eos-kip1071-memory"
            })
    void kill_exactlyOnce_everyKeyComesOutExactlyOnce(String id) throws Exception {
        // Given
        List<String> keys = keys();
        killInTheMiddle(id, "exactly_once_v2", keys);
        // When
        try (RunningApp app = RunningApp.start(id, directory.resolve("state"), Map.of())) {
            cluster.sendAll(id + "-in", 1, now(), keys);
            cluster.awaitProcessed(id, id + "-in");
            assertThat(app.state()).isEqualTo(KafkaStreams.State.RUNNING);
        }
        // Then
        assertThat(shortened(values(cluster.read(id + "-out")))).containsExactlyElementsOf(shortened(keys));
    }

    /** Stores that Kafka rolls back (KIP-892) are not ours, which has to be right beside them. */
    @Tag("needs-kafka-4.4")
    @ParameterizedTest
    @ValueSource(strings = {"crash-eos-transactional-rocksdb", "crash-eos-transactional-memory"})
    void kill_exactlyOnceAndTransactionalStores_everyKeyComesOutExactlyOnce(String id) throws Exception {
        kill_exactlyOnce_everyKeyComesOutExactlyOnce(id);
    }

    @ParameterizedTest
    @ValueSource(strings = {"crash-alos-rocksdb", "crash-alos-memory", "crash-alos-kip1071-rocksdb"})
    void kill_atLeastOnce_nothingIsLost(String id) throws Exception {
        // Given
        List<String> keys = keys();
        killInTheMiddle(id, "at_least_once", keys);
        double replays;
        // When
        Map<String, Object> atLeastOnce = Map.of("processing.guarantee", "at_least_once");
        try (RunningApp app = RunningApp.start(id, directory.resolve("state"), atLeastOnce)) {
            cluster.sendAll(id + "-in", 1, now(), keys);
            cluster.awaitProcessed(id, id + "-in");
            replays = app.metric("replays-total");
        }
        // Then
        List<String> out = values(cluster.read(id + "-out"));
        assertThat(new HashSet<>(out)).containsExactlyInAnyOrderElementsOf(keys);
        // What was remembered and not committed came out again: without the coordinates it would have been dropped.
        assertThat(replays).isGreaterThanOrEqualTo(WRITTEN);
        assertThat(out).hasSize(KEYS + STALL_AT - 1);
    }

    /** The thread dies, not the process: the same task comes back with what was committed of its store. */
    @ParameterizedTest
    @ValueSource(strings = {"crash-thread-rocksdb", "crash-thread-memory"})
    void exception_exactlyOnceAndThreadReplaced_everyKeyComesOutExactlyOnce(String id) {
        // Given
        List<String> keys = keys();
        createTopics(id);
        List<String> twice = new ArrayList<>(keys);
        twice.addAll(keys);
        cluster.sendAll(id + "-in", 1, now(), twice);
        // When
        try (RunningApp app = RunningApp.startThrowingOnce(id, directory.resolve("state"), STALL_AT)) {
            cluster.awaitProcessed(id, id + "-in");
            assertThat(app.state()).isEqualTo(KafkaStreams.State.RUNNING);
            assertThat(app.threadsReplaced()).isEqualTo(1);
        }
        // Then
        assertThat(shortened(values(cluster.read(id + "-out")))).containsExactlyElementsOf(shortened(keys));
    }

    private void createTopics(String id) {
        for (String topic : List.of("-in", "-out", "-dead")) {
            cluster.createTopic(id + topic, 1, Map.of());
        }
    }

    private void killInTheMiddle(String id, String guarantee, List<String> keys) throws Exception {
        createTopics(id);
        List<String> twice = new ArrayList<>(keys);
        twice.addAll(keys);
        cluster.sendAll(id + "-in", 1, now(), twice);
        try (KilledApp app = KilledApp.start(id, directory, guarantee, STALL_AT)) {
            String changelog = id + "-dedup-seen-changelog";
            await().atMost(TestCluster.PATIENCE).untilAsserted(() -> {
                assertThat(cluster.topicsStartingWith(changelog)).hasSize(1);
                assertThat(firstsIn(changelog)).isGreaterThanOrEqualTo(WRITTEN);
                assertThat(cluster.readUncommitted(id + "-out")).hasSize(STALL_AT - 1);
            });
            app.kill();
        }
    }

    private int firstsIn(String changelog) {
        return cluster.readChangelog(changelog).stream()
                .mapToInt(record -> ChangelogFirsts.in(record.key(), record.value()))
                .sum();
    }

    private static long now() {
        return System.currentTimeMillis();
    }

    private static List<String> keys() {
        return IntStream.range(0, KEYS)
                .mapToObj(i -> "key-" + i + "-" + "k".repeat(150))
                .collect(Collectors.toList());
    }

    /** Without what only makes them long: all of them fit into the message of a failure. */
    private static List<String> shortened(List<String> keys) {
        return keys.stream().map(key -> key.substring(4, key.indexOf("-k"))).toList();
    }

    private static List<String> values(List<ConsumerRecord<String, String>> records) {
        return records.stream().map(ConsumerRecord::value).toList();
    }
}
