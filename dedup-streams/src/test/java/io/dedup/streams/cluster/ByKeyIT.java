// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.cluster;

import static io.dedup.key.KeyExtractors.header;
import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.Partitioning;
import io.dedup.streams.Dedup;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Produced;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Duplicates that arrive on different partitions. */
class ByKeyIT {
    private static final int PARTITIONS = 4;
    private static final int KEYS = 60;

    @TempDir
    Path directory;

    private final TestCluster cluster = TestCluster.shared();

    @Test
    void sameKeyOnEveryPartition_comesOutOnceAndIsRememberedAfterARestart() throws Exception {
        // Given
        String id = "by-key";
        long now = System.currentTimeMillis();
        for (String topic : List.of("-in", "-out", "-dead")) {
            cluster.createTopic(id + topic, PARTITIONS, Map.of());
        }
        try (RunningApp app = start(id)) {
            sendToEveryPartition(id, now);
            // When
            awaitOut(id, app);
        }
        Utils.delete(directory.toFile());
        try (RunningApp app = start(id)) {
            sendToEveryPartition(id, now + 1);
            cluster.send(id + "-in", 0, now, "last", "last");
            awaitOut(id, app);
        }
        // Then
        List<String> expected = new ArrayList<>(List.of("last"));
        for (int key = 0; key < KEYS; key++) {
            expected.add("key-" + key);
        }
        List<ConsumerRecord<String, String>> out = cluster.read(id + "-out");
        assertThat(out).extracting(ConsumerRecord::value).containsExactlyInAnyOrderElementsOf(expected);
        assertThat(out)
                .allSatisfy(record -> assertThat(record.headers())
                        .noneMatch(header -> header.key().startsWith("__dedup")));
    }

    private RunningApp start(String id) {
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> in = builder.stream(id + "-in", Consumed.with(Serdes.String(), Serdes.String()));
        Dedup.by(header(TestCluster.KEY_HEADER))
                .withPartitioning(Partitioning.BY_KEY)
                .apply(in)
                .to(id + "-out", Produced.keySerde(Serdes.String()));
        Topology topology = builder.build();
        return RunningApp.start(id, topology, directory.resolve("state"), Map.of());
    }

    private void sendToEveryPartition(String id, long time) {
        for (int key = 0; key < KEYS; key++) {
            for (int partition = 0; partition < PARTITIONS; partition++) {
                cluster.send(id + "-in", partition, time, "key-" + key, "key-" + key);
            }
        }
    }

    private void awaitOut(String id, RunningApp app) {
        cluster.awaitProcessed(id, id + "-in");
        cluster.awaitProcessed(id, id + "-dedup-repartition");
        assertThat(app.state()).isEqualTo(KafkaStreams.State.RUNNING);
    }
}
