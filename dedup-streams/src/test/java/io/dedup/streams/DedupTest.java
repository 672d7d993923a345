// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import static io.dedup.key.KeyExtractors.header;
import static io.dedup.streams.DedupFixture.KEY_HEADER;
import static io.dedup.streams.DedupFixture.NOW;
import static io.dedup.streams.DedupFixture.header;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.dedup.Action;
import io.dedup.DedupHeaders;
import io.dedup.Mode;
import io.dedup.Scope;
import io.dedup.Verdict;
import io.dedup.config.DedupConfig;
import io.dedup.config.DedupConfigException;
import io.dedup.key.Fingerprinter;
import io.dedup.key.KeyExtractors;
import io.dedup.streams.errors.DedupProcessingExceptionHandler;
import io.dedup.streams.errors.DedupTimestampExtractor;
import io.dedup.streams.errors.RefusedRecordException;
import io.dedup.streams.metrics.DedupMetrics;
import io.dedup.streams.store.StoreEngine;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Stream;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.errors.LogAndContinueProcessingExceptionHandler;
import org.apache.kafka.streams.errors.StreamsException;
import org.apache.kafka.streams.errors.TopologyException;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.test.TestRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class DedupTest {
    private static final long T = NOW.toEpochMilli();
    private static final Duration TTL = Duration.ofMinutes(10);
    private static final long DAY = Duration.ofDays(1).toMillis();
    private static final Dedup DEDUP = Dedup.by(header(KEY_HEADER)).within(TTL);

    @Test
    void apply_sameKeyTwice_onlyTheFirstComesOut() {
        try (DedupFixture topology = DedupFixture.of(DEDUP)) {
            // When
            topology.send("a", "1", T)
                    .send("b", "2", T)
                    .send("a", "3", T)
                    .send("c", "4", T)
                    .send("b", "5", T + 1);
            // Then
            assertThat(topology.out()).containsExactly("1", "2", "4");
            assertThat(topology.metric("firsts-total")).isEqualTo(3);
            assertThat(topology.metric("duplicates-total")).isEqualTo(2);
            assertThat(topology.total("stream-task-metrics", "dropped-records-total"))
                    .isZero();
        }
    }

    @Test
    void apply_first_comesOutExactlyAsItCame() {
        try (DedupFixture topology = DedupFixture.of(DEDUP)) {
            // Given
            RecordHeaders headers = new RecordHeaders();
            headers.add(KEY_HEADER, new byte[] {(byte) 0xff, 0}).add("trace", "x".getBytes(UTF_8));
            TestRecord<String, String> record = new TestRecord<>("k", "v", headers, T - 5);
            // When
            topology.send(record);
            // Then
            assertThat(topology.read("out")).containsExactly(record);
        }
    }

    static Stream<Arguments> engines() {
        return Stream.of(arguments(StoreEngine.rocksDb()), arguments(StoreEngine.memory()));
    }

    @ParameterizedTest
    @MethodSource("engines")
    void apply_boundaryOfTheTtl_isIncludedInBothDirections(StoreEngine engine) {
        try (DedupFixture topology = DedupFixture.of(DEDUP.withStore(engine).withAllowedLateness(Duration.ofDays(1)))) {
            // Given
            long ttl = TTL.toMillis();
            topology.send("a", "first", T);
            // When
            topology.send("a", "at the ttl", T + ttl)
                    .send("a", "before, at the ttl", T - ttl)
                    .send("a", "before, beyond the ttl", T - ttl - 1)
                    .send("a", "beyond the ttl", T + ttl + 1);
            // Then
            assertThat(topology.out()).containsExactly("first", "before, beyond the ttl", "beyond the ttl");
        }
    }

    @Test
    void apply_nullKeysAndTombstones_areJudgedLikeAnyRecord() {
        try (DedupFixture topology = DedupFixture.of(DEDUP.withFingerprint(Fingerprinter.wholeValue()))) {
            // When
            topology.send(null, "a", null, T).send(null, "a", null, T + 1).send(null, "a", "v", T + 2);
            // Then
            assertThat(topology.read("out")).singleElement().satisfies(record -> {
                assertThat(record.key()).isNull();
                assertThat(record.value()).isNull();
            });
            assertThat(topology.metric("duplicates-total")).isEqualTo(1);
            assertThat(topology.metric("conflicts-total")).isEqualTo(1);
        }
    }

    @Test
    void apply_oneRecordAYearAhead_nothingIsForgotten() {
        try (DedupFixture topology = DedupFixture.of(DEDUP)) {
            // Given
            topology.send("a", "first", T);
            // When
            topology.send("broken clock", "future", T + 365 * DAY).send("a", "duplicate", T + 1);
            // Then
            assertThat(topology.out()).containsExactly("first");
            assertThat(topology.metric("duplicates-total")).isEqualTo(1);
            assertThat(topology.metric("future-total")).isEqualTo(1);
        }
    }

    @Test
    void apply_oneRecordAYearAheadInABacklog_makesNobodyLate() {
        try (DedupFixture topology = DedupFixture.of(DEDUP)) {
            // Given
            long hoursAgo = T - Duration.ofHours(5).toMillis();
            topology.send("a", "1", hoursAgo);
            // When
            topology.send("broken clock", "future", T + 365 * DAY).send(null, "no key either", T + 365 * DAY);
            topology.send("b", "2", hoursAgo + 1).send("a", "again", hoursAgo + 2);
            // Then
            assertThat(topology.out()).containsExactly("1", "2");
            assertThat(topology.metric("late-total")).isZero();
        }
    }

    @Test
    void apply_oneRecordSomewhatAhead_makesNobodyLate() {
        try (DedupFixture topology = DedupFixture.of(DEDUP)) {
            // Given
            topology.send("a", "1", T);
            // When
            topology.send("ahead", "2", T + Duration.ofMinutes(59).toMillis());
            topology.send("c", "3", T + 1).send("a", "again", T + 2);
            topology.send("ahead", "again", T + Duration.ofMinutes(51).toMillis());
            // Then
            assertThat(topology.out()).containsExactly("1", "2", "3");
            assertThat(topology.metric("duplicates-total")).isEqualTo(2);
        }
    }

    @Test
    void apply_aWeekLate_isJudgedLateEveryTimeAndNeverForwarded() {
        try (DedupFixture topology = DedupFixture.of(DEDUP)) {
            // Given
            topology.send("a", "first", T);
            // When
            topology.send("late", "1", T - 7 * DAY).send("late", "2", T - 7 * DAY);
            // Then
            assertThat(topology.out()).containsExactly("first");
            assertThat(topology.read("dead")).extracting(TestRecord::value).containsExactly("1", "2");
            assertThat(topology.metric("late-total")).isEqualTo(2);
        }
    }

    @Test
    void apply_withinTheLateness_isJudgedExactly() {
        try (DedupFixture topology = DedupFixture.of(DEDUP.withAllowedLateness(Duration.ofDays(2)))) {
            // Given
            topology.send("a", "1", T - 2 * DAY).send("b", "2", T);
            // When
            topology.send("a", "again", T - 2 * DAY + 1).send("c", "3", T - 2 * DAY);
            // Then
            assertThat(topology.out()).containsExactly("1", "2", "3");
        }
    }

    /** What provokes each verdict after a first of key "a" at T; key source and fingerprint as in {@link #judging}. */
    static Stream<Arguments> verdictsAndActions() {
        return Stream.of(Verdict.values())
                .filter(verdict -> !verdict.isAccepted())
                .flatMap(verdict -> verdict.actions().stream()
                        .filter(action -> action != Action.REPLAY_OUTCOME) // see OutcomeTest
                        .map(action -> arguments(verdict, action)));
    }

    @ParameterizedTest
    @MethodSource("verdictsAndActions")
    void on_everyVerdictAndAction_recordGoesWhereItIsSent(Verdict verdict, Action action) {
        Dedup dedup = action == Action.DUPLICATES_TOPIC
                ? judging().withDuplicatesTopic("dups")
                : judging().on(verdict, action);
        try (DedupFixture topology = DedupFixture.of(dedup)) {
            // Given
            topology.send("a", "payload", T);
            assertThat(topology.out()).hasSize(1);
            // When
            if (action == Action.FAIL) {
                assertThatThrownBy(() -> provoke(topology, verdict))
                        .isInstanceOf(StreamsException.class)
                        .hasRootCauseInstanceOf(RefusedRecordException.class)
                        .rootCause()
                        .hasMessageContaining("in-0@1")
                        .hasMessageContaining(verdict.text())
                        .hasMessageContaining("commits nothing");
                return;
            }
            provoke(topology, verdict);
            // Then
            assertThat(topology.metric(DedupMetrics.nameOf(verdict) + "-total")).isEqualTo(1);
            for (Action place : List.of(Action.FORWARD, Action.DUPLICATES_TOPIC, Action.DEAD_LETTER)) {
                List<TestRecord<String, String>> there = topology.read(topic(place));
                if (place == action) {
                    assertThat(there).singleElement().satisfies(record -> assertMarked(record, verdict));
                } else {
                    assertThat(there).as(place.text()).isEmpty();
                }
            }
        }
    }

    private static Dedup judging() {
        return DEDUP.withFingerprint(Fingerprinter.wholeValue()).withTtlHeader("ttl");
    }

    private static void provoke(DedupFixture topology, Verdict verdict) {
        switch (verdict) {
            case DUPLICATE -> topology.send("a", "payload", T + 7);
            case CONFLICT -> topology.send("a", "other payload", T + 7);
            case MISSING_KEY -> topology.send(null, "payload", T + 7);
            case INVALID_TTL -> {
                RecordHeaders headers = new RecordHeaders();
                headers.add(KEY_HEADER, "b".getBytes(UTF_8)).add("ttl", "soon".getBytes(UTF_8));
                topology.send(new TestRecord<>("k", "payload", headers, T + 7));
            }
            case INVALID_TIMESTAMP -> {
                // As the extractor leaves it, since the test driver takes no negative time.
                RecordHeaders headers = new RecordHeaders();
                headers.add(KEY_HEADER, "b".getBytes(UTF_8)).add(DedupTimestampExtractor.INVALID, "-1".getBytes(UTF_8));
                topology.send(new TestRecord<>("k", "payload", headers, T + 7));
            }
            case LATE -> topology.send("b", "payload", T - DAY);
            case FUTURE -> topology.send("b", "payload", T + DAY);
            case FIRST, REPLAY -> throw new IllegalArgumentException("always forwarded");
        }
    }

    private static String topic(Action action) {
        return switch (action) {
            case FORWARD -> "out";
            case DUPLICATES_TOPIC -> "dups";
            case DEAD_LETTER -> "dead";
            case DROP, FAIL, REPLAY_OUTCOME -> throw new IllegalArgumentException("goes nowhere");
        };
    }

    private static void assertMarked(TestRecord<String, String> record, Verdict verdict) {
        boolean hasFirst = verdict == Verdict.DUPLICATE || verdict == Verdict.CONFLICT;
        assertThat(record.key()).isEqualTo("k");
        assertThat(record.value()).endsWith("payload");
        assertThat(header(record, DedupHeaders.REASON))
                .isEqualTo(
                        switch (verdict) {
                            case MISSING_KEY -> "missing-key:absent";
                            case INVALID_TTL -> "invalid-ttl:not-a-number";
                            default -> verdict.text();
                        });
        assertThat(header(record, DedupHeaders.KEY_SOURCE)).isEqualTo("header:" + KEY_HEADER);
        assertThat(header(record, DedupHeaders.FIRST_TOPIC)).isEqualTo(hasFirst ? "in" : null);
        assertThat(header(record, DedupHeaders.FIRST_PARTITION)).isEqualTo(hasFirst ? "0" : null);
        assertThat(header(record, DedupHeaders.FIRST_OFFSET)).isEqualTo(hasFirst ? "0" : null);
        assertThat(header(record, DedupHeaders.FIRST_TIMESTAMP)).isEqualTo(hasFirst ? String.valueOf(T) : null);
    }

    @Test
    void deadLetter_fromTheFuture_isStampedNowAndKeepsItsOwnTimeInAHeader() {
        try (DedupFixture topology = DedupFixture.of(DEDUP)) {
            // When
            topology.send("a", "future", T + 365 * DAY);
            // Then
            assertThat(topology.read("dead")).singleElement().satisfies(letter -> {
                // Without a timestamp the producer takes the time of sending.
                assertThat(letter.timestamp()).isNull();
                assertThat(header(letter, DedupHeaders.TIMESTAMP)).isEqualTo(String.valueOf(T + 365 * DAY));
                assertThat(header(letter, "__streams.errors.topic")).isEqualTo("in");
                assertThat(header(letter, "__streams.errors.offset")).isEqualTo("0");
                assertThat(header(letter, KEY_HEADER)).isEqualTo("a");
            });
        }
    }

    @Test
    void deadLetter_missingKey_carriesTheDetail() {
        try (DedupFixture topology = DedupFixture.of(DEDUP)) {
            // When
            topology.send("", "empty", T).send("x".repeat(256), "long", T).send("x".repeat(255), "fits", T);
            // Then
            assertThat(topology.read("dead"))
                    .extracting(letter -> header(letter, DedupHeaders.REASON))
                    .containsExactly("missing-key:empty", "missing-key:too-long");
            assertThat(topology.out()).containsExactly("fits");
        }
    }

    /** Kafka lets go of the bytes it has read as soon as a sink has sent something. */
    @Test
    void deadLetter_afterASiblingHasSent_keepsItsPayload() {
        // Given
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> in = builder.stream("in", Consumed.with(Serdes.String(), Serdes.String()));
        in.to("audit");
        DEDUP.apply(in).to("out");
        try (DedupFixture topology = DedupFixture.of(builder.build(), Map.of())) {
            // When
            topology.send(null, "payload", T);
            // Then
            assertThat(topology.read("audit")).hasSize(1);
            assertThat(topology.read("dead")).singleElement().satisfies(letter -> {
                assertThat(letter.key()).isEqualTo("k");
                assertThat(letter.value()).isEqualTo("payload");
            });
        }
    }

    @Test
    void deadLetter_sentAgainWithAKey_comesOutWithoutTheOldMarks() {
        try (DedupFixture topology = DedupFixture.of(DEDUP)) {
            // Given
            topology.send(null, "payload", T);
            TestRecord<String, String> letter = topology.read("dead").get(0);
            letter.headers().add(KEY_HEADER, "a".getBytes(UTF_8));
            // When
            topology.send(new TestRecord<>(letter.key(), letter.value(), letter.headers(), T));
            // Then
            assertThat(topology.read("out")).singleElement().satisfies(record -> {
                assertThat(record.headers()).noneMatch(h -> h.key().startsWith("__dedup."));
                assertThat(header(record, KEY_HEADER)).isEqualTo("a");
            });
        }
    }

    @Test
    void apply_behindAnotherOperator_keepsTheOthersMarks() {
        // Given
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> in = builder.stream("in", Consumed.with(Serdes.String(), Serdes.String()));
        KStream<String, String> observed =
                DEDUP.withName("observer").withMode(Mode.OBSERVE).apply(in);
        Dedup.by(KeyExtractors.jsonPointer("/id"))
                .withName("second")
                .apply(observed)
                .to("out");
        try (DedupFixture topology = DedupFixture.of(builder.build(), Map.of())) {
            // When
            topology.send("a", "{\"id\":1}", T).send("a", "{\"id\":2}", T);
            // Then
            assertThat(topology.read("out"))
                    .extracting(record -> header(record, DedupHeaders.NODE))
                    .containsExactly(null, "observer");
        }
    }

    @Test
    void on_duplicateOfAnOutOfOrderFirst_namesItsCoordinates() {
        try (DedupFixture topology = DedupFixture.of(DEDUP.withDuplicatesTopic("dups"))) {
            // Given
            topology.send("x", "1", T).send("a", "2", T + 1000);
            // When
            topology.send("a", "earlier", T + 1);
            // Then
            assertThat(topology.read("dups")).singleElement().satisfies(record -> {
                assertThat(header(record, DedupHeaders.FIRST_OFFSET)).isEqualTo("1");
                assertThat(record.timestamp()).isEqualTo(T + 1);
            });
            assertThat(topology.out()).containsExactly("1", "2");
        }
    }

    @Test
    void withMode_observe_everythingIsForwardedMarkedAndCounted() {
        try (DedupFixture topology = DedupFixture.of(judging().withMode(Mode.OBSERVE))) {
            // Given
            topology.send("a", "payload", T);
            // When
            for (Verdict verdict :
                    List.of(Verdict.DUPLICATE, Verdict.CONFLICT, Verdict.MISSING_KEY, Verdict.LATE, Verdict.FUTURE)) {
                provoke(topology, verdict);
                assertThat(topology.metric(DedupMetrics.nameOf(verdict) + "-total"))
                        .isEqualTo(1);
            }
            // Then
            assertThat(topology.read("out"))
                    .extracting(record -> header(record, DedupHeaders.REASON))
                    .containsExactly(null, "duplicate", "conflict", "missing-key:absent", "late", "future");
        }
    }

    @Test
    void withMode_off_everythingIsForwardedUntouched() {
        try (DedupFixture topology = DedupFixture.of(judging().withMode(Mode.OFF))) {
            // When
            topology.send("a", "1", T).send("a", "2", T).send(null, "3", T).send("b", "4", T + DAY);
            // Then
            assertThat(topology.read("out")).extracting(TestRecord::value).containsExactly("1", "2", "3", "4");
            assertThat(topology.metric("firsts-total")).isZero();
        }
    }

    @Test
    void withScope_topicAndNone_decideWhetherTopicsShareKeys() {
        assertThat(mergedTopics(Scope.topic())).containsExactly("1", "2");
        assertThat(mergedTopics(Scope.none())).containsExactly("1");
        assertThat(mergedTopics(Scope.named("billing"))).containsExactly("1");
    }

    private static List<String> mergedTopics(Scope scope) {
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> merged =
                builder.stream(List.of("in", "in2"), Consumed.with(Serdes.String(), Serdes.String()));
        DEDUP.withScope(scope).apply(merged).to("out");
        try (DedupFixture topology = DedupFixture.of(builder.build(), Map.of())) {
            topology.send("a", "1", T);
            topology.driver()
                    .createInputTopic("in2", new StringSerializer(), new StringSerializer())
                    .pipeInput(new TestRecord<>("k", "2", new RecordHeaders().add(KEY_HEADER, "a".getBytes(UTF_8)), T));
            return topology.out();
        }
    }

    @Test
    void apply_severalRecordsMadeOfOne_secondOfAKeyIsADuplicate() {
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> lines = builder.stream("in", Consumed.with(Serdes.String(), Serdes.String()))
                .flatMapValues(value -> List.of(value.split(" ")));
        Dedup.by(KeyExtractors.parse("value:/id"))
                .within(TTL)
                .apply(lines)
                .to("out", Produced.with(Serdes.String(), Serdes.String()));
        try (DedupFixture topology =
                DedupFixture.of(builder.build(), Map.of("default.value.serde", Serdes.StringSerde.class))) {
            // When
            topology.send(null, "{\"id\":1} {\"id\":2} {\"id\":1}", T).send(null, "{\"id\":2} {\"id\":3}", T);
            // Then
            assertThat(topology.out()).containsExactly("{\"id\":1}", "{\"id\":2}", "{\"id\":3}");
            assertThat(topology.metric("replays-total")).isZero();
        }
    }

    @Test
    void apply_recordsOfAPunctuator_areJudgedWithoutCoordinates() {
        Topology topology = new Topology()
                .addSource("source", new StringDeserializer(), new StringDeserializer(), "in")
                .addProcessor("ticker", Ticker::new, "source")
                .addProcessor("dedup", DEDUP.withDuplicatesTopic("unused").supplier("out", "dups"), "ticker")
                .addSink("out", "out", new StringSerializer(), new StringSerializer(), "dedup")
                .addSink("dups", "dups", new StringSerializer(), new StringSerializer(), "dedup");
        try (DedupFixture fixture = DedupFixture.of(topology, Map.of())) {
            // When
            fixture.driver().advanceWallClockTime(Duration.ofSeconds(1));
            fixture.driver().advanceWallClockTime(Duration.ofSeconds(1));
            // Then
            assertThat(fixture.out()).containsExactly("tick");
            assertThat(fixture.read("dups")).singleElement().satisfies(record -> {
                assertThat(header(record, DedupHeaders.REASON)).isEqualTo("duplicate");
                assertThat(header(record, DedupHeaders.FIRST_OFFSET)).isNull();
            });
        }
    }

    private static final class Ticker implements Processor<String, String, String, String> {
        @Override
        public void init(ProcessorContext<String, String> context) {
            context.schedule(
                    Duration.ofSeconds(1),
                    PunctuationType.WALL_CLOCK_TIME,
                    time -> context.forward(
                            new Record<>("k", "tick", T, new RecordHeaders().add(KEY_HEADER, "tick".getBytes(UTF_8)))));
        }

        @Override
        public void process(Record<String, String> record) {
            throw new AssertionError("nothing is sent");
        }
    }

    @Test
    void supplier_processorApi_bringsItsOwnStoreAndForwardsToAllChildren() {
        Topology topology = new Topology()
                .addSource("source", new StringDeserializer(), new StringDeserializer(), "in")
                .addProcessor("dedup", DEDUP.<String, String>supplier(), "source")
                .addSink("one", "out", new StringSerializer(), new StringSerializer(), "dedup")
                .addSink("two", "out2", new StringSerializer(), new StringSerializer(), "dedup");
        try (DedupFixture fixture = DedupFixture.of(topology, Map.of())) {
            // When
            fixture.send("a", "1", T).send("a", "2", T).send(null, "3", T);
            // Then
            assertThat(fixture.out()).containsExactly("1");
            assertThat(fixture.read("out2")).extracting(TestRecord::value).containsExactly("1");
            assertThat(fixture.read("dead")).extracting(TestRecord::value).containsExactly("3");
        }
    }

    @Test
    void supplier_duplicatesRoutedWithoutNamingTheChild_isRefused() {
        assertThatIllegalStateException()
                .isThrownBy(() -> DEDUP.withDuplicatesTopic("dups").supplier())
                .withMessageContaining("supplier(forwardedTo, duplicatesTo)");
        assertThatIllegalStateException()
                .isThrownBy(() -> DedupFixture.of(DEDUP.on(Verdict.DUPLICATE, Action.DUPLICATES_TOPIC)))
                .withMessageContaining("withDuplicatesTopic");
    }

    @Test
    void apply_streamWithItsOwnSerdes_keepsThemWithoutAnyDefault() {
        // Given
        Properties noDefaults = DedupFixture.properties(Map.of());
        StreamsBuilder builder = new StreamsBuilder();
        KStream<Long, Integer> in = builder.stream("in", Consumed.with(Serdes.Long(), Serdes.Integer()));
        // When
        DEDUP.withDuplicatesTopic("dups").apply(in).to("out");
        // Then
        try (TopologyTestDriver driver = new TopologyTestDriver(builder.build(), noDefaults, NOW)) {
            var input = driver.createInputTopic(
                    "in", Serdes.Long().serializer(), Serdes.Integer().serializer());
            input.pipeInput(keyed(1L, 10));
            input.pipeInput(keyed(1L, 11));
            assertThat(driver.createOutputTopic(
                                    "out",
                                    Serdes.Long().deserializer(),
                                    Serdes.Integer().deserializer())
                            .readKeyValue())
                    .satisfies(read -> assertThat(read.value).isEqualTo(10));
            assertThat(driver.createOutputTopic(
                                    "dups",
                                    Serdes.Long().deserializer(),
                                    Serdes.Integer().deserializer())
                            .readKeyValue())
                    .satisfies(read -> assertThat(read.value).isEqualTo(11));
        }
    }

    private static TestRecord<Long, Integer> keyed(long key, int value) {
        return new TestRecord<>(key, value, new RecordHeaders().add(KEY_HEADER, "a".getBytes(UTF_8)), T);
    }

    @ParameterizedTest
    @EnumSource(Optimization.class)
    void apply_groupedAfterwards_addsNoRepartitionTopic(Optimization optimization) {
        // Given
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> in = builder.stream("in", Consumed.with(Serdes.String(), Serdes.String()));
        // When
        DEDUP.apply(in).groupByKey().count().toStream().to("out", Produced.with(Serdes.String(), Serdes.Long()));
        // Then
        Topology topology = builder.build(optimization.properties());
        assertThat(topology.describe().toString()).doesNotContain("repartition");
        try (DedupFixture fixture = DedupFixture.of(topology, Map.of())) {
            fixture.send("a", "1", T).send("a", "1", T).send("b", "1", T);
            assertThat(fixture.driver()
                            .createOutputTopic(
                                    "out",
                                    new StringDeserializer(),
                                    Serdes.Long().deserializer())
                            .readValuesToList())
                    .containsExactly(1L, 2L);
        }
    }

    @ParameterizedTest
    @EnumSource(Optimization.class)
    void apply_afterANewKeyAndBeforeTwoGroupings_staysBetweenThem(Optimization optimization) {
        // Given
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> in = builder.stream("in", Consumed.with(Serdes.String(), Serdes.String()));
        // When
        KStream<String, String> unique = DEDUP.apply(in.selectKey((key, value) -> value));
        unique.groupByKey().count().toStream().to("out", Produced.with(Serdes.String(), Serdes.Long()));
        unique.groupByKey().reduce((a, b) -> a + b).toStream().to("out2");
        // Then
        try (DedupFixture fixture = DedupFixture.of(
                builder.build(optimization.properties()),
                Map.of(
                        "default.key.serde",
                        Serdes.StringSerde.class,
                        "default.value.serde",
                        Serdes.StringSerde.class))) {
            fixture.send("a", "x", T).send("a", "x", T).send("b", "x", T);
            assertThat(fixture.driver()
                            .createOutputTopic(
                                    "out",
                                    new StringDeserializer(),
                                    Serdes.Long().deserializer())
                            .readValuesToList())
                    .containsExactly(1L, 2L);
            assertThat(fixture.read("out2")).extracting(TestRecord::value).containsExactly("x", "xx");
        }
    }

    enum Optimization {
        NONE,
        ALL;

        Properties properties() {
            Properties properties = new Properties();
            properties.put(
                    StreamsConfig.TOPOLOGY_OPTIMIZATION_CONFIG,
                    this == ALL ? StreamsConfig.OPTIMIZE : StreamsConfig.NO_OPTIMIZATION);
            return properties;
        }
    }

    @Test
    void apply_typedValuesAndAKeyInside_usesTheStreamsSerde() {
        try (DedupFixture topology = DedupFixture.of(Dedup.by(KeyExtractors.jsonPointer("/id"))
                .within(TTL)
                .withFingerprint(Fingerprinter.fields(List.of("/amount"))))) {
            // When
            topology.send(null, "{\"id\":\"p1\",\"amount\":5}", T)
                    .send(null, "{\"amount\":5.0,\"id\":\"p1\"}", T)
                    .send(null, "{\"id\":\"p1\",\"amount\":6}", T)
                    .send(null, "oops", T);
            // Then
            assertThat(topology.out()).hasSize(1);
            assertThat(topology.read("dead"))
                    .extracting(letter -> header(letter, DedupHeaders.REASON))
                    .containsExactly("conflict", "missing-key:invalid-json");
        }
    }

    @Test
    void apply_twoOperators_needTwoNames() {
        // Given
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> in = builder.stream("in", Consumed.with(Serdes.String(), Serdes.String()));
        // When
        DEDUP.withName("one").apply(in).to("out");
        DEDUP.withName("two").within(Duration.ofSeconds(1)).apply(in).to("out2");
        // Then
        try (DedupFixture fixture = DedupFixture.of(builder.build(), Map.of())) {
            fixture.send("a", "1", T).send("a", "2", T + 1001);
            assertThat(fixture.out()).containsExactly("1");
            assertThat(fixture.read("out2")).extracting(TestRecord::value).containsExactly("1", "2");
        }
        assertThatThrownBy(() -> {
                    StreamsBuilder clashing = new StreamsBuilder();
                    KStream<String, String> stream = clashing.stream("in");
                    DEDUP.apply(stream);
                    DEDUP.apply(stream);
                    clashing.build();
                })
                .isInstanceOf(TopologyException.class)
                .hasMessageContaining("dedup");
    }

    static Stream<Arguments> unsuitableHandlers() {
        return Stream.of(
                arguments(Map.of(), DEDUP, "DEDUP-108"),
                arguments(
                        Map.of("processing.exception.handler", LogAndContinueProcessingExceptionHandler.class),
                        DEDUP,
                        "DEDUP-108"),
                arguments(
                        Map.of(
                                "processing.exception.handler",
                                "org.apache.kafka.streams.errors.LogAndContinueProcessingExceptionHandler"),
                        onlyFailing(),
                        "DEDUP-108"),
                arguments(
                        Map.of("processing.exception.handler", DedupProcessingExceptionHandler.class.getName()),
                        DEDUP,
                        "DEDUP-103"));
    }

    private static Dedup onlyFailing() {
        return DEDUP.on(Verdict.CONFLICT, Action.FAIL)
                .on(Verdict.MISSING_KEY, Action.FAIL)
                .on(Verdict.INVALID_TIMESTAMP, Action.FAIL)
                .on(Verdict.LATE, Action.FAIL)
                .on(Verdict.FUTURE, Action.FAIL);
    }

    @ParameterizedTest
    @MethodSource("unsuitableHandlers")
    void start_applicationThatWouldNotDealWithRefusedRecords_isRefused(
            Map<String, Object> configs, Dedup dedup, String code) {
        // Given
        StreamsBuilder builder = new StreamsBuilder();
        dedup.apply(builder.stream("in", Consumed.with(Serdes.String(), Serdes.String())))
                .to("out");
        Properties properties = new Properties();
        properties.putAll(configs);
        // Then
        assertThatThrownBy(() -> new TopologyTestDriver(builder.build(), properties, NOW))
                .hasRootCauseInstanceOf(DedupConfigException.class)
                .rootCause()
                .hasMessageContaining(code)
                .hasMessageContaining(code.equals("DEDUP-108") ? "processing.exception.handler" : "topic.name");
    }

    @Test
    void start_failingWithoutAnyHandler_isFine() {
        StreamsBuilder builder = new StreamsBuilder();
        onlyFailing()
                .apply(builder.stream("in", Consumed.with(Serdes.String(), Serdes.String())))
                .to("out");
        try (TopologyTestDriver driver = new TopologyTestDriver(builder.build(), new Properties(), NOW)) {
            var input = driver.createInputTopic("in", new StringSerializer(), new StringSerializer());
            assertThatThrownBy(() -> input.pipeInput("k", "v", T)).hasRootCauseInstanceOf(RefusedRecordException.class);
        }
    }

    @Test
    void handler_exceptionOfAnotherProcessor_goesToTheConfiguredHandler() {
        // Given
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> in = builder.stream("in", Consumed.with(Serdes.String(), Serdes.String()));
        DEDUP.apply(in)
                .mapValues(value -> {
                    if (value.equals("bad")) {
                        throw new IllegalStateException("cannot map");
                    }
                    return value;
                })
                .to("out", Produced.with(Serdes.String(), Serdes.String()));
        Topology topology = builder.build();
        // Then
        try (DedupFixture failing = DedupFixture.of(topology, Map.of())) {
            assertThatThrownBy(() -> failing.send("a", "bad", T)).hasRootCauseMessage("cannot map");
        }
        try (DedupFixture resuming = DedupFixture.of(
                topology,
                Map.of(
                        DedupConfig.PROCESSING_EXCEPTION_HANDLER,
                        LogAndContinueProcessingExceptionHandler.class.getName()))) {
            resuming.send("a", "bad", T).send("b", "good", T).send(null, "no key", T);
            assertThat(resuming.out()).containsExactly("good");
            assertThat(resuming.read("dead"))
                    .extracting(letter -> header(letter, DedupHeaders.REASON))
                    .containsExactly(null, "missing-key:absent");
        }
    }

    @Test
    void handler_otherProcessorsDeadLetters_goToKafkasOwnTopic() {
        // Given
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> in = builder.stream("in", Consumed.with(Serdes.String(), Serdes.String()));
        DEDUP.apply(in).foreach((key, value) -> {
            throw new IllegalStateException("cannot");
        });
        Map<String, Object> twoTopics = Map.of(
                DedupConfig.DEAD_LETTER_TOPIC,
                "refused",
                DedupConfig.PROCESSING_EXCEPTION_HANDLER,
                LogAndContinueProcessingExceptionHandler.class);
        try (DedupFixture topology = DedupFixture.of(builder.build(), twoTopics)) {
            // When
            topology.send("a", "fails", T).send(null, "no key", T);
            // Then
            assertThat(topology.read("dead")).extracting(TestRecord::value).containsExactly("fails");
            assertThat(topology.read("refused")).extracting(TestRecord::value).containsExactly("no key");
        }
    }

    @Test
    void handler_classThatDoesNotExist_isNamedWithItsKey() {
        // Given
        Map<String, Object> unknown = Map.of(DedupConfig.PROCESSING_EXCEPTION_HANDLER, "no.such.Handler");
        // Then
        assertThatThrownBy(() -> DedupFixture.of(new StreamsBuilder().build(), unknown))
                .rootCause()
                .isInstanceOf(ClassNotFoundException.class);
        assertThatThrownBy(() -> new DedupProcessingExceptionHandler().configure(unknown))
                .isInstanceOf(DedupConfigException.class)
                .hasMessageContaining("DEDUP-102 dedup.processing.exception.handler=no.such.Handler");
    }

    @Test
    void configured_properties_describeTheSameOperator() {
        // Given
        Map<String, String> properties = Map.of(
                "dedup.key", "header:" + KEY_HEADER,
                "dedup.ttl.ms", "600000",
                "dedup.on.duplicate", "duplicates-topic",
                "dedup.duplicates.topic", "dups",
                "dedup.dead.letter.topic", "letters",
                "dedup.store", "memory");
        StreamsBuilder builder = new StreamsBuilder();
        Dedup.configured(DedupConfig.of(properties))
                .apply(builder.stream("in", Consumed.with(Serdes.String(), Serdes.String())))
                .to("out");
        // When
        try (DedupFixture fixture = DedupFixture.of(builder.build(), properties)) {
            fixture.send("a", "1", T)
                    .send("a", "2", T + 600_000)
                    .send("a", "3", T + 600_001)
                    .send(null, "4", T);
            // Then
            assertThat(fixture.out()).containsExactly("1", "3");
            assertThat(fixture.read("dups")).extracting(TestRecord::value).containsExactly("2");
            assertThat(fixture.read("letters")).extracting(TestRecord::value).containsExactly("4");
        }
    }

    @Test
    void configured_duplicatesToBeAnsweredWithOutcomes_applyIsRefused() {
        // Given
        Dedup dedup = Dedup.configured(
                DedupConfig.of(Map.of("dedup.on.duplicate", "replay-outcome", "dedup.dead.letter.topic", "dead")));
        KStream<String, String> in = new StreamsBuilder().stream("in");
        // Then
        assertThatIllegalStateException().isThrownBy(() -> dedup.apply(in)).withMessageContaining("use mapOnce");
        assertThatIllegalStateException()
                .isThrownBy(() -> dedup.withMode(Mode.OBSERVE).apply(in))
                .withMessageContaining("use mapOnce");
        assertThatIllegalStateException().isThrownBy(dedup::supplier).withMessageContaining("use mapOnce");
    }
}
