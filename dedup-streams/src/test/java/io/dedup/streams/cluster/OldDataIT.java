// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.cluster;

import static io.dedup.key.KeyExtractors.header;
import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.Partitioning;
import io.dedup.streams.Dedup;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.Topology;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Records whose event time is months past are remembered as well as fresh ones. */
class OldDataIT {
    private static final Duration HALF_A_YEAR = Duration.ofDays(182);

    @TempDir
    Path directory;

    private final TestCluster cluster = TestCluster.shared();

    @ParameterizedTest
    @EnumSource(Partitioning.class)
    void replay_halfAYearOld_isRememberedWithoutTheLocalState(Partitioning partitioning) throws Exception {
        // Given
        String id = "old-" + partitioning.name().toLowerCase(Locale.ROOT);
        Topology topology = DedupApp.topology(
                id,
                Dedup.by(header(TestCluster.KEY_HEADER))
                        .within(Duration.ofHours(1))
                        .withPartitioning(partitioning));
        List<String> keys = IntStream.range(0, 50).mapToObj(i -> "k" + i).toList();
        long past = System.currentTimeMillis() - HALF_A_YEAR.toMillis();
        cluster.createTopics(id, 2);
        run(id, topology, () -> cluster.sendAll(id + "-in", 2, past, keys));
        // When
        cluster.awaitRetention(id + "-canary");
        Utils.delete(directory.resolve("state").toFile());
        run(id, topology, () -> cluster.sendAll(id + "-in", 2, past + 1, keys));
        // Then
        assertThat(cluster.read(id + "-out"))
                .extracting(ConsumerRecord::value)
                .containsExactlyInAnyOrderElementsOf(keys);
    }

    private void run(String id, Topology topology, Runnable sending) throws Exception {
        // Transaction markers have the time of now, and would keep the changelog from being deleted whatever its
        // records say.
        Map<String, String> markerless = Map.of("processing.guarantee", "at_least_once", "commit.interval.ms", "100");
        try (RunningApp app = RunningApp.start(id, topology, directory.resolve("state"), markerless)) {
            sending.run();
            cluster.awaitProcessed(id, id + "-in");
            cluster.awaitRepartitioned(id);
            assertThat(app.state()).isEqualTo(KafkaStreams.State.RUNNING);
        }
    }
}
