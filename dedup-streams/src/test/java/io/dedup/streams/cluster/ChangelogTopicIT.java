// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dedup.key.KeyExtractors;
import io.dedup.streams.Dedup;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How the changelog topic is set up, and stays right. */
@Execution(ExecutionMode.CONCURRENT)
class ChangelogTopicIT {
    private static final Dedup DEDUP = Dedup.by(KeyExtractors.header(TestCluster.KEY_HEADER));

    @TempDir
    Path directory;

    private final TestCluster cluster = TestCluster.shared();

    @Test
    void start_newTopic_isDeletedFromAndHasWhatWasAsked() throws Exception {
        // Given
        String id = "changelog-new";
        createTopics(id);
        Dedup dedup = DEDUP.within(Duration.ofMinutes(10)).withChangelog(Map.of("min.insync.replicas", "2"));
        // When
        run(id, dedup, List.of("a"));
        // Then
        Config config = changelog(id);
        assertThat(config.get("cleanup.policy").value()).isEqualTo("delete");
        assertThat(config.get("min.insync.replicas").value()).isEqualTo("2");
        assertThat(Long.parseLong(config.get("segment.ms").value()))
                .isLessThan(Duration.ofHours(1).toMillis());
    }

    @Test
    void start_ttlWasRaised_retentionFollows() throws Exception {
        // Given
        String id = "changelog-raised";
        createTopics(id);
        run(id, DEDUP.within(Duration.ofHours(1)), List.of("a"));
        long before = Long.parseLong(changelog(id).get("retention.ms").value());
        // When
        run(id, DEDUP.within(Duration.ofDays(7)), List.of("a"));
        // Then
        awaitChangelog(id, "retention.ms", Long.toString(retentionOf(Duration.ofDays(7))));
        assertThat(before).isLessThan(Duration.ofDays(2).toMillis());
        assertThat(cluster.read(id + "-out")).extracting(ConsumerRecord::value).containsExactly("a");
    }

    /** Every batch has the same key. */
    @ParameterizedTest
    @ValueSource(strings = {"-dedup-seen-changelog", "-dedup-audit-seen-changelog"})
    void start_topicIsCompacted_isNotAnyMore(String store) throws Exception {
        // Given
        String id = "changelog-compacted" + store.length();
        createTopics(id);
        cluster.createTopic(id + store, 1, Map.of("cleanup.policy", "compact,delete", "retention.ms", "-1"));
        // When
        run(id, DEDUP.within(Duration.ofHours(1)).withPartitionAudit(1), List.of("a"));
        // Then
        await().atMost(TestCluster.PATIENCE)
                .untilAsserted(() -> assertThat(
                                config(id + store).get("cleanup.policy").value())
                        .isEqualTo("delete"));
        assertThat(config(id + store).get("retention.ms").value()).isEqualTo("-1");
    }

    private static long retentionOf(Duration ttl) {
        long ahead = Duration.ofHours(1).toMillis();
        long additional = Duration.ofDays(1).toMillis();
        return 2 * ttl.toMillis() + ahead + additional;
    }

    private void run(String id, Dedup dedup, List<String> keys) {
        try (RunningApp app =
                RunningApp.start(id, DedupApp.topology(id, dedup), directory.resolve("state"), Map.of())) {
            cluster.sendAll(id + "-in", 1, System.currentTimeMillis(), keys);
            cluster.awaitProcessed(id, id + "-in");
            assertThat(app.threadsReplaced()).isZero();
        }
    }

    private void awaitChangelog(String id, String name, String value) {
        await().atMost(TestCluster.PATIENCE)
                .untilAsserted(() -> assertThat(changelog(id).get(name).value()).isEqualTo(value));
    }

    private Config changelog(String id) throws Exception {
        return config(id + "-dedup-seen-changelog");
    }

    private Config config(String name) throws Exception {
        ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, name);
        return cluster.admin().describeConfigs(List.of(topic)).all().get().get(topic);
    }

    private void createTopics(String id) {
        for (String topic : List.of("-in", "-out", "-dead")) {
            cluster.createTopic(id + topic, 1, Map.of());
        }
    }
}
