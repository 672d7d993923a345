// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import static io.dedup.key.KeyExtractors.header;
import static io.dedup.streams.DedupFixture.KEY_HEADER;
import static io.dedup.streams.DedupFixture.header;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.dedup.Action;
import io.dedup.DedupHeaders;
import io.dedup.Mode;
import io.dedup.Scope;
import io.dedup.Verdict;
import io.dedup.key.Fingerprinter;
import io.dedup.key.KeyExtractors;
import io.dedup.streams.errors.DedupTimestampExtractor;
import io.dedup.streams.errors.RefusedRecordException;
import io.dedup.streams.metrics.DedupMetrics;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.errors.StreamsException;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.test.TestRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Where records go by their verdicts: actions, dead letters, modes and scopes. */
class DedupActionsTest extends OperatorFixture {
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
}
