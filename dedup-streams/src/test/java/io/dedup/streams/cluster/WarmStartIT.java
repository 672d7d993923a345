// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.cluster;

import static io.dedup.key.KeyExtractors.header;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.dedup.DedupHeaders;
import io.dedup.Partitioning;
import io.dedup.Scope;
import io.dedup.key.Fingerprinter;
import io.dedup.streams.Dedup;
import io.dedup.streams.WarmStart;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.processor.WallclockTimestampExtractor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The operator is introduced to topics that have long been processed. */
@Execution(ExecutionMode.CONCURRENT)
class WarmStartIT {
    private static final long HOUR = Duration.ofHours(1).toMillis();
    private static final Dedup DEDUP = Dedup.by(header(TestCluster.KEY_HEADER)).within(Duration.ofHours(1));

    @TempDir
    Path directory;

    private final TestCluster cluster = TestCluster.shared();
    private final long now = System.currentTimeMillis();

    @ParameterizedTest
    @EnumSource(Partitioning.class)
    void fromProcessed_whatTheGroupHasProcessed_isRememberedBeforeTheFirstRecord(Partitioning partitioning)
            throws Exception {
        // Given
        String id = "warm-" + partitioning.name().toLowerCase(Locale.ROOT);
        Dedup dedup = DEDUP.withPartitioning(partitioning);
        cluster.createTopics(id, 2);
        cluster.sendAll(id + "-in", 2, now - 9 * HOUR, List.of("long ago"));
        cluster.sendAll(id + "-in", 2, now - HOUR, keys("done"));
        cluster.send(id + "-in", 0, now - HOUR, null, "no key");
        commitEverything(id, id + "-in");
        cluster.sendAll(id + "-in", 2, now, keys("done"));
        cluster.sendAll(id + "-in", 2, now, List.of("long ago", "new"));
        cluster.send(id + "-in", 0, now - 8 * HOUR, "late", "late");
        // When
        WarmStart.Seeded seeded =
                WarmStart.of(dedup, properties(id)).fromProcessed(id + "-in").orElseThrow();
        // Then
        assertThat(seeded.remembered()).isEqualTo(50);
        assertThat(seeded.read()).isEqualTo(51);
        try (RunningApp app = RunningApp.start(id, DedupApp.topology(id, dedup), directory, Map.of())) {
            cluster.awaitProcessed(id, id + "-in");
            cluster.awaitRepartitioned(id);
            assertThat(app.metric("keys-remembered")).isEqualTo(52);
            assertThatIllegalStateException()
                    .isThrownBy(() -> WarmStart.of(dedup, properties(id)).fromProcessed(id + "-in"))
                    .withMessageContaining("is running");
        }
        assertThat(values(id + "-out")).containsExactlyInAnyOrder("long ago", "new");
        assertThat(cluster.read(id + "-dead"))
                .singleElement()
                .satisfies(letter -> assertThat(TestCluster.header(letter, DedupHeaders.REASON))
                        .isEqualTo("late"));
        // Then it is not done again
        assertThat(WarmStart.of(dedup, properties(id)).fromProcessed(id + "-in"))
                .isEmpty();
    }

    @Test
    void fromOutput_whatHasComeOut_isRemembered() {
        // Given
        String id = "warm-output";
        cluster.createTopics(id, 2);
        cluster.sendAll(id + "-out", 2, now - 5, List.of("done"));
        cluster.sendAll(id + "-in", 2, now, List.of("done", "new"));
        // When
        assertThat(WarmStart.of(DEDUP, properties(id)).fromOutput(id + "-out", id + "-in"))
                .hasValue(new WarmStart.Seeded(1, 1));
        try (RunningApp app = RunningApp.start(id, DedupApp.topology(id, DEDUP), directory, Map.of())) {
            cluster.awaitProcessed(id, id + "-in");
            // Then
            assertThat(app.metric("replays-total")).isZero();
        }
        assertThat(values(id + "-out")).containsExactlyInAnyOrder("done", "new");
    }

    @Test
    void fromProcessedBy_severalTopicsInOneScope_areAllRemembered() {
        // Given
        String id = "warm-merged";
        Dedup dedup = DEDUP.withScope(Scope.named("all"));
        cluster.createTopics(id, 1);
        cluster.createTopic(id + "-other", 1, Map.of());
        cluster.sendAll(id + "-other", 1, now - 5, List.of("other"));
        cluster.sendAll(id + "-in", 1, now - 5, List.of("one"));
        commitEverything(id + "-legacy", id + "-other");
        commitEverything(id + "-legacy", id + "-in");
        // When
        WarmStart.of(dedup, properties(id)).fromProcessedBy(id + "-legacy", id + "-in", id + "-other");
        // Then
        cluster.sendAll(id + "-in", 1, now, List.of("other", "one", "new"));
        try (RunningApp app = RunningApp.start(id, DedupApp.topology(id, dedup), directory, Map.of())) {
            cluster.awaitProcessed(id, id + "-in");
            assertThat(app.metric("duplicates-total"))
                    .as("the application goes on where the other group has stopped")
                    .isEqualTo(2);
        }
        assertThat(values(id + "-out")).containsExactly("new");
    }

    @Test
    void fromProcessed_readAgainFromTheBeginning_isNotForwardedAgain() {
        // Given
        String id = "warm-rewound";
        cluster.createTopics(id, 1);
        cluster.sendAll(id + "-in", 1, now - 5, List.of("one", "two"));
        commitEverything(id, id + "-in");
        WarmStart.of(DEDUP, properties(id)).fromProcessed(id + "-in");
        // When
        commit(id, Map.of(new TopicPartition(id + "-in", 0), new OffsetAndMetadata(0)));
        try (RunningApp app = RunningApp.start(id, DedupApp.topology(id, DEDUP), directory, Map.of())) {
            cluster.awaitProcessed(id, id + "-in");
            // Then
            assertThat(app.metric("duplicates-total")).isEqualTo(2);
            assertThat(app.metric("replays-total")).isZero();
        }
        assertThat(values(id + "-out")).isEmpty();
    }

    @Test
    void fromProcessed_lastRecordIsAheadOfTheClock_horizonCountsFromNow() {
        // Given
        String id = "warm-ahead";
        Dedup dedup = DEDUP.withAllowedLateness(Duration.ZERO);
        cluster.createTopics(id, 1);
        cluster.send(id + "-in", 0, now - HOUR / 2, "k", "done");
        cluster.send(id + "-in", 0, now + HOUR * 5 / 6, "ahead", "ahead");
        commitEverything(id, id + "-in");
        // When
        WarmStart.of(dedup, properties(id)).fromProcessed(id + "-in");
        cluster.send(id + "-in", 0, System.currentTimeMillis(), "k", "again");
        try (RunningApp app = RunningApp.start(id, DedupApp.topology(id, dedup), directory, Map.of())) {
            cluster.awaitProcessed(id, id + "-in");
            // Then
            assertThat(app.metric("duplicates-total")).isEqualTo(1);
        }
    }

    @Test
    void seed_fingerprints_areTakenOnlyOfWhatTheOperatorSees() {
        // Given
        Dedup strict = DEDUP.withFingerprint(Fingerprinter.wholeValue());
        Dedup knowing = strict.withSerdes(Serdes.String(), Serdes.String());
        for (Map.Entry<String, Dedup> operator :
                Map.of("output", strict, "unsure", strict, "sure", knowing).entrySet()) {
            String id = "warm-print-" + operator.getKey();
            String processed = id + (operator.getKey().equals("output") ? "-out" : "-in");
            cluster.createTopics(id, 1);
            cluster.send(processed, 0, now - 5, "k", "one");
            WarmStart warmStart = WarmStart.of(operator.getValue(), properties(id));
            // When
            if (operator.getKey().equals("output")) {
                warmStart.fromOutput(processed, id + "-in");
            } else {
                commitEverything(id, id + "-in");
                warmStart.fromProcessed(id + "-in");
            }
            cluster.send(id + "-in", 0, now, "k", "other");
            try (RunningApp app =
                    RunningApp.start(id, DedupApp.topology(id, operator.getValue()), directory.resolve(id), Map.of())) {
                cluster.awaitProcessed(id, id + "-in");
                // Then
                assertThat(app.metric("conflicts-total"))
                        .as(operator.getKey())
                        .isEqualTo(operator.getKey().equals("sure") ? 1 : 0);
                assertThat(app.metric("firsts-total")).as(operator.getKey()).isZero();
            }
        }
    }

    @Test
    void fromProcessed_topicsOfDifferentSizes_everyTaskHasItsPart() {
        // Given
        String id = "warm-sizes";
        cluster.createTopics(id, 2);
        cluster.createTopic(id + "-wide", 3, Map.of());
        cluster.sendAll(id + "-wide", 3, now - 5, keys("w"));
        cluster.sendAll(id + "-in", 2, now - 5, keys("n"));
        commitEverything(id, id + "-wide");
        commitEverything(id, id + "-in");
        // When
        WarmStart.of(DEDUP, properties(id)).fromProcessed(id + "-in", id + "-wide");
        // Then
        cluster.sendAll(id + "-wide", 3, now, keys("w"));
        cluster.sendAll(id + "-in", 2, now, keys("n"));
        StreamsBuilder builder = new StreamsBuilder();
        DEDUP.apply(builder.stream(List.of(id + "-in", id + "-wide"), Consumed.with(Serdes.String(), Serdes.String())))
                .to(id + "-out", Produced.with(Serdes.String(), Serdes.String()));
        try (RunningApp app = RunningApp.start(id, builder.build(), directory, Map.of())) {
            cluster.awaitProcessed(id, id + "-in");
            cluster.awaitProcessed(id, id + "-wide");
            assertThat(app.metric("duplicates-total")).isEqualTo(100);
        }
        assertThat(values(id + "-out")).isEmpty();
    }

    @Test
    void seed_nothingToSeedFromOrOtherPartitions_isRefusedWithWhatToDo() {
        // Given
        String id = "warm-refused";
        cluster.createTopics(id, 2);
        cluster.createTopic(id + "-three", 3, Map.of());
        WarmStart warmStart = WarmStart.of(DEDUP, properties(id));
        // Then
        assertThatIllegalStateException()
                .isThrownBy(() -> warmStart.fromProcessed(id + "-in"))
                .withMessageContaining("fromProcessedBy");
        assertThatIllegalStateException()
                .isThrownBy(() -> warmStart.fromProcessed(id + "-none"))
                .withMessageContaining(id + "-none");
        assertThatIllegalStateException()
                .isThrownBy(() -> warmStart.fromOutput(id + "-three", id + "-in"))
                .withMessageContaining("has 3 partitions and");
        cluster.createTopic(id + "-dedup-seen-changelog", 5, Map.of());
        assertThatIllegalStateException()
                .isThrownBy(() -> warmStart.everywhere().fromOutput(id + "-three", id + "-in"))
                .withMessageContaining("another name");
        commitEverything(id, id + "-three");
        commit(id, Map.of(new TopicPartition(id + "-in", 0), new OffsetAndMetadata(100)));
        assertThatIllegalStateException()
                .isThrownBy(() -> warmStart.fromProcessed(id + "-in"))
                .withMessageContaining("offset 100")
                .withMessageContaining("ends at 0");
        assertThatIllegalStateException()
                .as("one of two topics")
                .isThrownBy(() -> warmStart.fromProcessed(id + "-three", id + "-in"));
        Properties extracting = properties(id);
        extracting.put("default.timestamp.extractor", WallclockTimestampExtractor.class);
        assertThatIllegalStateException()
                .isThrownBy(() -> WarmStart.of(DEDUP, extracting))
                .withMessageContaining("default.timestamp.extractor");
    }

    private static Properties properties(String id) {
        return DedupApp.properties(TestCluster.shared().bootstrapServers(), id, Path.of("unused"));
    }

    private static List<String> keys(String prefix) {
        return IntStream.range(0, 50).mapToObj(i -> prefix + i).toList();
    }

    private List<String> values(String topic) {
        return cluster.read(topic).stream().map(ConsumerRecord::value).toList();
    }

    private void commitEverything(String group, String topic) {
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        cluster.endOffsets(topic).forEach((partition, end) -> offsets.put(partition, new OffsetAndMetadata(end)));
        commit(group, offsets);
    }

    private void commit(String group, Map<TopicPartition, OffsetAndMetadata> offsets) {
        assertThat(cluster.admin()
                        .alterConsumerGroupOffsets(group, offsets)
                        .all()
                        .toCompletionStage())
                .succeedsWithin(TestCluster.PATIENCE);
    }
}
