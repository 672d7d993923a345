// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import static io.dedup.key.KeyExtractors.header;
import static io.dedup.streams.DedupFixture.KEY_HEADER;
import static io.dedup.streams.DedupFixture.NOW;
import static io.dedup.streams.DedupFixture.header;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.dedup.Action;
import io.dedup.DedupHeaders;
import io.dedup.FailurePolicy;
import io.dedup.Mode;
import io.dedup.Partitioning;
import io.dedup.Verdict;
import io.dedup.key.Fingerprinter;
import io.dedup.streams.errors.RefusedRecordException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.LogAndContinueProcessingExceptionHandler;
import org.apache.kafka.streams.errors.StreamsException;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.processor.api.FixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorContext;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorSupplier;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.test.TestRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Duplicates are answered with the outcome of their first, and nothing runs twice. */
class OutcomeTest {
    private static final long T = NOW.toEpochMilli();
    private static final Dedup DEDUP = Dedup.by(header(KEY_HEADER)).within(Duration.ofMinutes(10));

    private final AtomicInteger runs = new AtomicInteger();

    @ParameterizedTest
    @EnumSource(Partitioning.class)
    void mapOnce_duplicate_getsTheVerySameOutcomeAndTheMapperDoesNotRun(Partitioning partitioning) {
        try (DedupFixture fixture = DedupFixture.of(topology(DEDUP.withPartitioning(partitioning)), Map.of())) {
            // When
            fixture.send("k1", "a", "one", T).send("k2", "a", "two", T + 5).send("k1", "b", "three", T + 6);
            // Then
            assertThat(fixture.read("out"))
                    .satisfiesExactly(
                            first -> {
                                assertThat(first.value()).isEqualTo("1:one");
                                assertThat(header(first, DedupHeaders.REASON)).isNull();
                                assertThat(header(first, DedupHeaders.REPLAYED)).isNull();
                            },
                            again -> {
                                assertThat(again.key()).isEqualTo("k2");
                                assertThat(again.value()).isEqualTo("1:one");
                                assertThat(again.timestamp()).isEqualTo(T + 5);
                                assertThat(header(again, KEY_HEADER)).isEqualTo("a");
                                assertThat(header(again, DedupHeaders.REPLAYED)).isEqualTo("true");
                                assertThat(header(again, DedupHeaders.REASON)).isEqualTo("duplicate");
                                assertThat(header(again, DedupHeaders.FIRST_OFFSET))
                                        .isEqualTo("0");
                            },
                            other -> assertThat(other.value()).isEqualTo("2:three"));
            assertThat(fixture.metric("duplicates-total")).isEqualTo(1);
        }
    }

    @Test
    void mapOnce_outcomeIsNull_duplicateGetsNullToo() {
        try (DedupFixture fixture = DedupFixture.of(topology(DEDUP), Map.of())) {
            // When
            fixture.send("a", "nothing", T).send("a", "nothing", T);
            // Then
            assertThat(fixture.read("out")).extracting(TestRecord::value).containsExactly((String) null, (String) null);
            assertThat(runs).hasValue(1);
        }
    }

    @Test
    void mapOnce_otherPayload_isAConflictThatNamesTheFirst() {
        try (DedupFixture fixture =
                DedupFixture.of(topology(DEDUP.withFingerprint(Fingerprinter.wholeValue())), Map.of())) {
            // When
            fixture.send("a", "one", T).send("a", "other", T).send("a", "one", T);
            // Then
            assertThat(fixture.out()).containsExactly("1:one", "1:one");
            assertThat(fixture.read("dead")).singleElement().satisfies(letter -> {
                assertThat(letter.value()).isEqualTo("other");
                assertThat(header(letter, DedupHeaders.REASON)).isEqualTo("conflict");
                assertThat(header(letter, DedupHeaders.FIRST_OFFSET)).isEqualTo("0");
            });
        }
    }

    @Test
    void mapOnce_outcomeTooLarge_isDeadLetteredAndNotRemembered() {
        try (DedupFixture fixture = DedupFixture.of(topology(DEDUP.withOutcomeMaxBytes(5)), Map.of())) {
            // When
            fixture.send("a", "fit", T).send("b", "long", T).send("b", "ok", T);
            // Then
            assertThat(fixture.out()).containsExactly("1:fit", "3:ok");
            assertThat(fixture.read("dead")).singleElement().satisfies(letter -> {
                assertThat(letter.value()).isEqualTo("long");
                assertThat(header(letter, DedupHeaders.REASON)).isEqualTo("outcome-too-large");
                assertThat(header(letter, DedupHeaders.DETAIL)).contains("6 bytes", "dedup.outcome.max.bytes is 5");
            });
            assertThat(fixture.metric("no-outcomes-total")).isEqualTo(1);
        }
    }

    @Test
    void mapOnce_outcomeTooLargeAndToFail_stopsTheApplication() {
        Dedup dedup = DEDUP.withOutcomeMaxBytes(2).onNoOutcome(Action.FAIL);
        try (DedupFixture fixture = DedupFixture.of(topology(dedup), Map.of())) {
            assertThatThrownBy(() -> fixture.send("a", "long", T))
                    .isInstanceOf(StreamsException.class)
                    .rootCause()
                    .isInstanceOf(RefusedRecordException.class)
                    .hasMessageContaining("in-0@0")
                    .hasMessageContaining("outcome-too-large")
                    .hasMessageContaining("commits nothing");
        }
    }

    @Test
    void mapOnce_firstRememberedWithoutOutcome_duplicateIsDeadLettered() {
        Dedup keeping = DEDUP.onFailure(FailurePolicy.KEEP).withOutcomeMaxBytes(5);
        try (DedupFixture fixture = DedupFixture.of(topology(keeping), Map.of())) {
            // When
            fixture.send("a", "long", T).send("a", "long", T);
            // Then
            assertThat(fixture.out()).isEmpty();
            assertThat(fixture.read("dead"))
                    .extracting(letter -> header(letter, DedupHeaders.REASON))
                    .containsExactly("outcome-too-large", "duplicate:no-outcome");
            assertThat(runs).hasValue(1);
        }
    }

    @ParameterizedTest
    @EnumSource(FailurePolicy.class)
    void mapOnce_mapperThrowsAndIsSkipped_keyIsReleasedOrKept(FailurePolicy policy) {
        Map<String, ?> skipping =
                Map.of("dedup.processing.exception.handler", LogAndContinueProcessingExceptionHandler.class);
        try (DedupFixture fixture = DedupFixture.of(topology(DEDUP.onFailure(policy)), skipping)) {
            // When
            fixture.send("a", "boom", T).send("a", "fine", T);
            // Then
            if (policy == FailurePolicy.RELEASE) {
                assertThat(fixture.out()).containsExactly("2:fine");
            } else {
                assertThat(fixture.out()).isEmpty();
                assertThat(fixture.read("dead"))
                        .extracting(letter -> header(letter, DedupHeaders.REASON))
                        .contains("duplicate:no-outcome");
            }
        }
    }

    @Test
    void mapOnce_whatFollowsFailsAndIsSkipped_theNextOneRunsTheMapperAgain() {
        Map<String, ?> skipping =
                Map.of("dedup.processing.exception.handler", LogAndContinueProcessingExceptionHandler.class);
        StreamsBuilder builder = new StreamsBuilder();
        answers(DEDUP.onFailure(FailurePolicy.RELEASE), builder)
                .peek((key, value) -> {
                    if (value.startsWith("1:")) {
                        throw new IllegalStateException("the first answer cannot be sent");
                    }
                })
                .to("out", Produced.with(Serdes.String(), Serdes.String()));
        try (DedupFixture fixture = DedupFixture.of(builder.build(), skipping)) {
            // When
            fixture.send("a", "one", T).send("a", "one", T).send("a", "one", T);
            // Then
            assertThat(fixture.out()).containsExactly("2:one", "2:one");
        }
    }

    /** Request and reply: the answer needs what is in the headers, and may need a store. */
    @Test
    void mapOnce_processor_seesHeadersAndStoresAndRunsOnce() {
        // Given
        StoreBuilder<KeyValueStore<String, String>> seen =
                Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore("seen"), Serdes.String(), Serdes.String());
        FixedKeyProcessorSupplier<String, String, String> answering = new FixedKeyProcessorSupplier<>() {
            @Override
            public FixedKeyProcessor<String, String, String> get() {
                return new Answering(1);
            }

            @Override
            public Set<StoreBuilder<?>> stores() {
                return Set.of(seen);
            }
        };
        try (DedupFixture fixture = DedupFixture.of(answeredBy(answering), Map.of())) {
            // When
            fixture.send(request("a", "c-1")).send(request("a", "c-2")).send(request("b", "c-3"));
            // Then
            assertThat(fixture.read("out"))
                    .extracting(TestRecord::value, record -> header(record, "correlation-id"))
                    .containsExactly(
                            tuple("answer to c-1", "c-1"),
                            tuple("answer to c-1", "c-2"),
                            tuple("answer to c-3", "c-3"));
            assertThat(fixture.driver().getKeyValueStore("seen").approximateNumEntries())
                    .isEqualTo(2);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 2})
    void mapOnce_processorForwardsNotOneOutcome_isAFailure(int outcomes) {
        StoreBuilder<KeyValueStore<String, String>> seen =
                Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore("seen"), Serdes.String(), Serdes.String());
        FixedKeyProcessorSupplier<String, String, String> answering = new FixedKeyProcessorSupplier<>() {
            @Override
            public FixedKeyProcessor<String, String, String> get() {
                return new Answering(outcomes);
            }

            @Override
            public Set<StoreBuilder<?>> stores() {
                return Set.of(seen);
            }
        };
        try (DedupFixture fixture = DedupFixture.of(answeredBy(answering), Map.of())) {
            assertThatThrownBy(() -> fixture.send(request("a", "c-1")))
                    .hasRootCauseInstanceOf(IllegalStateException.class)
                    .hasRootCauseMessage(
                            "A processor of mapOnce forwards one outcome for each record, and has forwarded "
                                    + outcomes);
        }
    }

    private static TestRecord<String, String> request(String key, String correlation) {
        RecordHeaders headers = new RecordHeaders();
        headers.add(KEY_HEADER, key.getBytes(UTF_8)).add("correlation-id", correlation.getBytes(UTF_8));
        return new TestRecord<>("k", "v", headers, T);
    }

    private static Topology answeredBy(FixedKeyProcessorSupplier<String, String, String> answering) {
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> in = builder.stream("in", Consumed.with(Serdes.String(), Serdes.String()));
        DEDUP.mapOnce(in, answering, Serdes.String()).to("out", Produced.with(Serdes.String(), Serdes.String()));
        return builder.build();
    }

    /** Answers with what is in a header, and notes it in a store. */
    private static final class Answering implements FixedKeyProcessor<String, String, String> {
        private final int outcomes;
        private @Nullable FixedKeyProcessorContext<String, String> context;

        Answering(int outcomes) {
            this.outcomes = outcomes;
        }

        @Override
        public void init(FixedKeyProcessorContext<String, String> newContext) {
            context = newContext;
        }

        @Override
        public void process(FixedKeyRecord<String, String> record) {
            FixedKeyProcessorContext<String, String> target = Objects.requireNonNull(context);
            String correlation =
                    new String(record.headers().lastHeader("correlation-id").value(), UTF_8);
            KeyValueStore<String, String> seen = target.getStateStore("seen");
            seen.put(correlation, record.value());
            for (int i = 0; i < outcomes; i++) {
                target.forward(record.withValue("answer to " + correlation));
            }
        }
    }

    @Test
    void mapOnce_observe_everythingIsMappedAndMarked() {
        try (DedupFixture fixture =
                DedupFixture.of(topology(DEDUP.withMode(Mode.OBSERVE).withOutcomeMaxBytes(1)), Map.of())) {
            // When
            fixture.send("a", "one", T).send("a", "one", T).send(null, "none", T);
            // Then
            assertThat(fixture.read("out"))
                    .satisfiesExactly(
                            first -> {
                                assertThat(first.value()).isEqualTo("1:one");
                                assertThat(header(first, DedupHeaders.REASON)).isNull();
                            },
                            again -> {
                                assertThat(again.value()).isEqualTo("2:one");
                                assertThat(header(again, DedupHeaders.REASON)).isEqualTo("duplicate");
                                assertThat(header(again, DedupHeaders.REPLAYED)).isNull();
                            },
                            keyless -> assertThat(keyless.value()).isEqualTo("3:none"));
        }
    }

    @Test
    void mapOnce_storedOutcomeCannotBeRead_duplicateIsDeadLettered() {
        // Given
        Serde<String> writeOnly = Serdes.serdeFrom(new StringSerializer(), (topic, bytes) -> {
            throw new SerializationException("another format");
        });
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> in = builder.stream("in", Consumed.with(Serdes.String(), Serdes.String()));
        DEDUP.mapOnce(in, value -> value, writeOnly).to("out", Produced.with(Serdes.String(), Serdes.String()));
        try (DedupFixture fixture = DedupFixture.of(builder.build(), Map.of())) {
            // When
            fixture.send("a", "one", T).send("a", "one", T);
            // Then
            assertThat(fixture.out()).containsExactly("one");
            assertThat(fixture.read("dead")).singleElement().satisfies(letter -> {
                assertThat(header(letter, DedupHeaders.REASON)).isEqualTo("duplicate:unreadable-outcome");
                assertThat(header(letter, DedupHeaders.DETAIL)).contains("another format");
            });
        }
    }

    @Test
    void mapOnce_serde_isGivenTheChangelogAsItsTopic() {
        // Given
        List<String> topics = new ArrayList<>();
        Serde<String> telling = Serdes.serdeFrom(
                (topic, text) -> {
                    topics.add(topic);
                    return text.getBytes(UTF_8);
                },
                (topic, bytes) -> {
                    topics.add(topic);
                    return new String(bytes, UTF_8);
                });
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> in = builder.stream("in", Consumed.with(Serdes.String(), Serdes.String()));
        DEDUP.mapOnce(in, value -> value, telling).to("out", Produced.with(Serdes.String(), Serdes.String()));
        try (DedupFixture fixture = DedupFixture.of(builder.build(), Map.of("application.id", "app"))) {
            // When
            fixture.send("a", "one", T).send("a", "one", T);
            // Then
            assertThat(topics).containsExactly("app-dedup-seen-changelog", "app-dedup-seen-changelog");
        }
    }

    @Test
    void mapOnce_firstClaimsToBeAReplay_doesNotComeOutAsOne() {
        try (DedupFixture fixture = DedupFixture.of(topology(DEDUP), Map.of())) {
            RecordHeaders headers = new RecordHeaders();
            headers.add(KEY_HEADER, "a".getBytes(UTF_8)).add(DedupHeaders.REPLAYED, "true".getBytes(UTF_8));
            fixture.send(new TestRecord<>("k", "one", headers, T));
            assertThat(header(fixture.read("out").get(0), DedupHeaders.REPLAYED))
                    .isNull();
        }
    }

    /** The changelog takes one record of a megabyte. */
    @Test
    void mapOnce_keyUsedAgainAndAgainWithLargeOutcomes_whatIsStoredStaysSmall() {
        String large = "x".repeat(60_000);
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> in = builder.stream("in", Consumed.with(Serdes.String(), Serdes.String()));
        DEDUP.withTtlHeader("ttl")
                .mapOnce(in, value -> value + large, Serdes.String())
                .to("out", Produced.with(Serdes.String(), Serdes.String()));
        try (DedupFixture fixture = DedupFixture.of(builder.build(), Map.of("application.id", "app"))) {
            // When
            for (int i = 0; i < 16; i++) {
                RecordHeaders headers = new RecordHeaders();
                headers.add(KEY_HEADER, "a".getBytes(UTF_8)).add("ttl", "10".getBytes(UTF_8));
                fixture.send(new TestRecord<>("k", "v" + i, headers, T + 100L * i));
            }
            // Then
            assertThat(fixture.out()).hasSize(16);
            assertThat(fixture.driver()
                            .createOutputTopic(
                                    "app-dedup-seen-changelog",
                                    new ByteArrayDeserializer(),
                                    new ByteArrayDeserializer())
                            .readValuesToList())
                    .allSatisfy(value -> assertThat(value).hasSizeLessThan(264 * 1024));
        }
    }

    @Test
    void mapOnce_duplicatesWantedElsewhereToo_isRefused() {
        KStream<String, String> in = new StreamsBuilder().stream("in");
        for (Dedup dedup : List.of(DEDUP.withDuplicatesTopic("dups"), DEDUP.on(Verdict.DUPLICATE, Action.FORWARD))) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> dedup.mapOnce(in, value -> value, Serdes.String()))
                    .withMessageContaining("mapOnce");
        }
    }

    @Test
    void settings_nonsense_isRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> DEDUP.withOutcomeMaxBytes(-1));
        assertThatIllegalArgumentException().isThrownBy(() -> DEDUP.onNoOutcome(Action.DROP));
    }

    /** The outcome says how many times the mapper has run so far. */
    private @Nullable String run(String value) {
        int run = runs.incrementAndGet();
        return switch (value) {
            case "nothing" -> null;
            case "boom" -> throw new IllegalStateException("the mapper fails");
            default -> run + ":" + value;
        };
    }

    @SuppressWarnings("NullAway") // Kafka's mapper may return null and does not say so
    private KStream<String, String> answers(Dedup dedup, StreamsBuilder builder) {
        KStream<String, String> in = builder.stream("in", Consumed.with(Serdes.String(), Serdes.String()));
        return dedup.mapOnce(in, value -> run(value), Serdes.String());
    }

    private Topology topology(Dedup dedup) {
        StreamsBuilder builder = new StreamsBuilder();
        answers(dedup, builder).to("out", Produced.with(Serdes.String(), Serdes.String()));
        return builder.build();
    }
}
