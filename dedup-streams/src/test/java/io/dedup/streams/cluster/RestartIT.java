// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.DedupHeaders;
import io.dedup.key.Fingerprinter;
import io.dedup.key.KeyExtractors;
import io.dedup.streams.Dedup;
import io.dedup.streams.store.StoreEngine;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Produced;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What is remembered survives a restart. */
@Execution(ExecutionMode.CONCURRENT)
class RestartIT {
    private static final long WEEK = Duration.ofDays(7).toMillis();

    @TempDir
    Path directory;

    private final TestCluster cluster = TestCluster.shared();

    enum LocalState {
        KEPT,
        LOST
    }

    @ParameterizedTest
    @EnumSource(LocalState.class)
    void restart_stateDirectoryKeptOrLost_stillRemembers(LocalState localState) throws Exception {
        // Given
        String id = "restart-" + localState.name().toLowerCase(Locale.ROOT);
        long now = System.currentTimeMillis();
        createTopics(id);
        runOnce(id, () -> cluster.sendAll(id + "-in", 2, now, List.of("a", "b", "c")));
        if (localState == LocalState.LOST) {
            deleteState();
        }
        // When
        runOnce(id, () -> cluster.sendAll(id + "-in", 2, now + 1, List.of("a", "b", "c", "d")));
        // Then
        assertThat(cluster.read(id + "-out"))
                .extracting(ConsumerRecord::value)
                .containsExactlyInAnyOrder("a", "b", "c", "d");
    }

    @ParameterizedTest
    @EnumSource(LocalState.class)
    void restart_firstRecordAfterwardsIsAWeekLate_isLateAndNotForwarded(LocalState localState) throws Exception {
        // Given
        String id = "late-" + localState.name().toLowerCase(Locale.ROOT);
        long now = System.currentTimeMillis();
        createTopics(id);
        runOnce(id, () -> cluster.send(id + "-in", 0, now, "a", "a"));
        if (localState == LocalState.LOST) {
            deleteState();
        }
        // When
        runOnce(id, () -> cluster.send(id + "-in", 0, now - WEEK, "old", "old"));
        // Then
        assertThat(cluster.read(id + "-out")).extracting(ConsumerRecord::value).containsExactly("a");
        assertThat(cluster.read(id + "-dead")).singleElement().satisfies(letter -> {
            assertThat(letter.value()).isEqualTo("old");
            assertThat(TestCluster.header(letter, DedupHeaders.REASON)).isEqualTo("late");
        });
    }

    /** Another TTL means other buckets and other segments; what was remembered must be found all the same. */
    @ParameterizedTest
    @EnumSource(LocalState.class)
    void restart_otherTtl_stillRemembers(LocalState localState) throws Exception {
        // Given
        String id = "ttl-" + localState.name().toLowerCase(Locale.ROOT);
        long now = System.currentTimeMillis();
        createTopics(id);
        List<String> keys = List.of("a", "b", "c", "d", "e", "f");
        runOnce(id, () -> cluster.sendAll(id + "-in", 2, now, keys));
        for (Duration other : List.of(DedupApp.TTL.multipliedBy(7), DedupApp.TTL.dividedBy(3))) {
            if (localState == LocalState.LOST) {
                deleteState();
            }
            // When
            try (RunningApp app = RunningApp.startWithTtl(id, directory.resolve("state"), other)) {
                cluster.sendAll(id + "-in", 2, now + 1, keys);
                cluster.awaitProcessed(id, id + "-in");
                assertThat(app.state()).isEqualTo(KafkaStreams.State.RUNNING);
            }
            // Then
            assertThat(cluster.read(id + "-out"))
                    .as("after TTL %s", other)
                    .extracting(ConsumerRecord::value)
                    .containsExactlyInAnyOrderElementsOf(keys);
        }
    }

    /** After a clean stop nothing is read back: what is on disk and what its offset says agree. */
    @ParameterizedTest
    @CsvSource({"exactly_once_v2, 1", "at_least_once, 0"})
    void restart_stateKeptAndChangelogEmptied_stillRemembers(String guarantee, int markers) throws Exception {
        // Given
        String id = "emptied-" + guarantee;
        String changelog = id + "-dedup-seen-changelog";
        long now = System.currentTimeMillis();
        createTopics(id);
        Map<String, Object> overrides = Map.of("processing.guarantee", guarantee);
        for (int run = 0; run < 2; run++) {
            // When
            try (RunningApp app = RunningApp.start(id, directory.resolve("state"), overrides)) {
                cluster.sendAll(id + "-in", 2, now, List.of("a", "b", "c", "d", "e", "f"));
                cluster.awaitProcessed(id, id + "-in");
                assertThat(app.state()).isEqualTo(KafkaStreams.State.RUNNING);
            }
            Map<TopicPartition, RecordsToDelete> everything = new HashMap<>();
            cluster.endOffsets(changelog)
                    .forEach((partition, end) ->
                            everything.put(partition, RecordsToDelete.beforeOffset(Math.max(0, end - markers))));
            cluster.admin().deleteRecords(everything).all().get();
        }
        // Then
        assertThat(cluster.read(id + "-out"))
                .extracting(ConsumerRecord::value)
                .containsExactlyInAnyOrder("a", "b", "c", "d", "e", "f");
    }

    /** What helps where memory does not suffice: the changelog is the same for both. */
    @ParameterizedTest
    @CsvSource({"memory, rocksdb", "rocksdb, memory"})
    void restart_otherEngine_stillRemembers(String before, String after) throws Exception {
        // Given
        String id = "engine-" + before;
        long now = System.currentTimeMillis();
        createTopics(id);
        for (String engine : List.of(before, after)) {
            Topology topology = DedupApp.topology(
                    id, Dedup.by(KeyExtractors.header(TestCluster.KEY_HEADER)).withStore(StoreEngine.named(engine)));
            // When
            try (RunningApp app = RunningApp.start(id, topology, directory.resolve("state"), Map.of())) {
                cluster.sendAll(id + "-in", 2, now, List.of("a", "b", "c"));
                cluster.awaitProcessed(id, id + "-in");
                assertThat(app.state()).isEqualTo(KafkaStreams.State.RUNNING);
            }
        }
        // Then
        assertThat(cluster.read(id + "-out"))
                .extracting(ConsumerRecord::value)
                .containsExactlyInAnyOrder("a", "b", "c");
    }

    /** Fingerprints and outcomes are part of what is remembered. */
    @ParameterizedTest
    @EnumSource(LocalState.class)
    void restart_fingerprintsAndOutcomes_stillKnown(LocalState localState) throws Exception {
        // Given
        String id = "outcomes-" + localState.name().toLowerCase(Locale.ROOT);
        long now = System.currentTimeMillis();
        AtomicInteger runs = new AtomicInteger();
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> in = builder.stream(id + "-in", Consumed.with(Serdes.String(), Serdes.String()));
        Dedup.by(KeyExtractors.header(TestCluster.KEY_HEADER))
                .within(DedupApp.TTL)
                .withFingerprint(Fingerprinter.wholeValue())
                .mapOnce(in, value -> runs.incrementAndGet() + ":" + value, Serdes.String())
                .to(id + "-out", Produced.with(Serdes.String(), Serdes.String()));
        Topology topology = builder.build();
        createTopics(id);
        try (RunningApp app = RunningApp.start(id, topology, directory.resolve("state"), Map.of())) {
            cluster.send(id + "-in", 0, now, "a", "one");
            cluster.awaitProcessed(id, id + "-in");
            assertThat(app.metric("firsts-total")).isEqualTo(1);
        }
        if (localState == LocalState.LOST) {
            deleteState();
        }
        // When
        try (RunningApp app = RunningApp.start(id, topology, directory.resolve("state"), Map.of())) {
            cluster.send(id + "-in", 0, now, "a", "one");
            cluster.send(id + "-in", 0, now, "a", "other");
            cluster.awaitProcessed(id, id + "-in");
            assertThat(app.metric("firsts-total")).isZero();
        }
        // Then
        assertThat(runs).hasValue(1);
        assertThat(cluster.read(id + "-out"))
                .satisfiesExactly(first -> assertThat(first.value()).isEqualTo("1:one"), again -> {
                    assertThat(again.value()).isEqualTo("1:one");
                    assertThat(TestCluster.header(again, DedupHeaders.REPLAYED)).isEqualTo("true");
                });
        assertThat(cluster.read(id + "-dead")).singleElement().satisfies(letter -> {
            assertThat(letter.value()).isEqualTo("other");
            assertThat(TestCluster.header(letter, DedupHeaders.REASON)).isEqualTo("conflict");
            assertThat(TestCluster.header(letter, DedupHeaders.FIRST_OFFSET)).isEqualTo("0");
        });
    }

    private void createTopics(String id) {
        for (String topic : List.of("-in", "-out", "-dead")) {
            cluster.createTopic(id + topic, 2, Map.of());
        }
    }

    private void runOnce(String id, Runnable sending) {
        try (RunningApp app = RunningApp.start(id, directory.resolve("state"), Map.of())) {
            sending.run();
            cluster.awaitProcessed(id, id + "-in");
            assertThat(app.state()).isEqualTo(KafkaStreams.State.RUNNING);
        }
    }

    private void deleteState() throws IOException {
        Utils.delete(directory.resolve("state").toFile());
    }
}
