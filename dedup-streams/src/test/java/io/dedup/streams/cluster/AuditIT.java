// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.cluster;

import static io.dedup.key.KeyExtractors.header;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dedup.streams.Dedup;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The audit finds keys on two partitions, which the operator cannot. */
class AuditIT {
    @TempDir
    Path directory;

    private final TestCluster cluster = TestCluster.shared();

    @Test
    void audit_keysOnTwoPartitions_areCounted() throws Exception {
        // Given
        String id = "audit";
        Dedup dedup =
                Dedup.by(header(TestCluster.KEY_HEADER)).within(DedupApp.TTL).withPartitionAudit(1);
        List<String> keys = IntStream.range(0, 30).mapToObj(i -> "k" + i).toList();
        long now = System.currentTimeMillis();
        cluster.createTopics(id, 2);
        try (RunningApp app = RunningApp.start(id, DedupApp.topology(id, dedup), directory, Map.of())) {
            // When
            cluster.sendAll(id + "-in", 2, now, keys);
            cluster.sendAll(id + "-in", 2, now, keys);
            cluster.awaitProcessed(id, id + "-in");
            cluster.awaitRepartitioned(id);
            // Then
            assertThat(app.metric("split-keys-total")).isZero();
            // When
            for (String key : keys.subList(0, 10)) {
                cluster.send(id + "-in", 1 - Math.floorMod(key.hashCode(), 2), now, key, key);
            }
            cluster.awaitProcessed(id, id + "-in");
            cluster.awaitRepartitioned(id);
            // Then
            await().atMost(TestCluster.PATIENCE)
                    .untilAsserted(
                            () -> assertThat(app.metric("split-keys-total")).isEqualTo(10));
        }
        assertThat(cluster.read(id + "-out")).as("what was missed").hasSize(40);
    }
}
