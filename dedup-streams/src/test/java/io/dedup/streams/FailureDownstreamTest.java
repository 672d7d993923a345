// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import static io.dedup.key.KeyExtractors.header;
import static io.dedup.streams.DedupFixture.KEY_HEADER;
import static io.dedup.streams.DedupFixture.NOW;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dedup.Action;
import io.dedup.DedupHeaders;
import io.dedup.FailurePolicy;
import io.dedup.Verdict;
import io.dedup.config.DedupConfig;
import io.dedup.config.DedupConfigException;
import io.dedup.streams.errors.DedupProductionExceptionHandler;
import io.dedup.streams.errors.DedupProductionExceptionHandlerTest;
import io.dedup.streams.store.StoreEngine;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.errors.LogAndContinueProcessingExceptionHandler;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.Suppressed.BufferConfig;
import org.apache.kafka.streams.processor.RecordContext;
import org.apache.kafka.streams.test.TestRecord;
import org.junit.jupiter.api.Test;

/** What follows the operator fails, and the application's exception handler goes on. */
class FailureDownstreamTest {
    private static final long T = NOW.toEpochMilli();
    private static final Dedup DEDUP = Dedup.by(header(KEY_HEADER)).within(Duration.ofMinutes(10));
    private static final Map<String, Object> SKIPPING =
            Map.of(DedupConfig.PROCESSING_EXCEPTION_HANDLER, LogAndContinueProcessingExceptionHandler.class.getName());

    @Test
    void skipped_release_retryIsProcessed() {
        try (DedupFixture topology = DedupFixture.of(failingAt("bad", DEDUP), SKIPPING)) {
            // When
            topology.send("a", "bad", T).send("a", "good", T + 1).send("a", "again", T + 2);
            // Then
            assertThat(topology.out()).containsExactly("good");
            assertThat(topology.read("dead")).extracting(TestRecord::value).containsExactly("bad");
            assertThat(topology.metric("firsts-total")).isEqualTo(2);
            assertThat(topology.metric("duplicates-total")).isEqualTo(1);
            assertThat(topology.metric("releases-total")).isEqualTo(1);
        }
    }

    @Test
    void skipped_keep_retryIsADuplicate() {
        try (DedupFixture topology = DedupFixture.of(failingAt("bad", DEDUP.onFailure(FailurePolicy.KEEP)), SKIPPING)) {
            // When
            topology.send("a", "bad", T).send("a", "good", T + 1);
            // Then
            assertThat(topology.out()).isEmpty();
            assertThat(topology.metric("duplicates-total")).isEqualTo(1);
            assertThat(topology.metric("releases-total")).isZero();
        }
    }

    @Test
    void skipped_failureOfAMarkedDuplicate_doesNotReleaseTheFirst() {
        Dedup forwarding = DEDUP.on(Verdict.DUPLICATE, Action.FORWARD);
        try (DedupFixture topology = DedupFixture.of(failingAt("bad", forwarding), SKIPPING)) {
            // When
            topology.send("a", "good", T).send("a", "bad", T + 1).send("a", "third", T + 2);
            // Then
            assertThat(topology.read("out"))
                    .extracting(record -> DedupFixture.header(record, DedupHeaders.REASON))
                    .containsExactly(null, "duplicate");
        }
    }

    @Test
    void skipped_failureOfAnotherRecord_doesNotReleaseThisOne() {
        try (DedupFixture topology = DedupFixture.of(failingAt("bad", DEDUP), SKIPPING)) {
            // When
            topology.send("a", "good", T).send("b", "bad", T).send("a", "again", T + 1);
            // Then
            assertThat(topology.out()).containsExactly("good");
        }
    }

    @Test
    void failing_withoutAHandlerThatSkips_stopsAsEver() {
        try (DedupFixture topology = DedupFixture.of(failingAt("bad", DEDUP), Map.of())) {
            assertThatThrownBy(() -> topology.send("a", "bad", T)).hasRootCauseMessage("bad is bad");
        }
    }

    @Test
    void start_handlerThatSkipsWithoutTellingUs_isRefusedUnlessKeysAreKept() {
        // Given
        Dedup dropping = DEDUP.on(Verdict.CONFLICT, Action.DROP)
                .on(Verdict.MISSING_KEY, Action.DROP)
                .on(Verdict.INVALID_TIMESTAMP, Action.DROP)
                .on(Verdict.LATE, Action.DROP)
                .on(Verdict.FUTURE, Action.DROP);
        Properties unseen = new Properties();
        unseen.put("processing.exception.handler", LogAndContinueProcessingExceptionHandler.class);
        // Then
        assertThatThrownBy(() -> new TopologyTestDriver(failingAt("bad", dropping), unseen, NOW))
                .hasRootCauseInstanceOf(DedupConfigException.class)
                .rootCause()
                .hasMessageContaining("DEDUP-108")
                .hasMessageContaining(DedupConfig.PROCESSING_EXCEPTION_HANDLER);
        try (TopologyTestDriver driver =
                new TopologyTestDriver(failingAt("bad", dropping.onFailure(FailurePolicy.KEEP)), unseen, NOW)) {
            assertThat(driver.getTimestampedWindowStore("dedup-seen")).isNotNull();
        }
    }

    /** A sink has no handler of its own: what it throws passes the operator on its way. */
    @Test
    void skipped_sinkRightBehindTheOperator_retryIsProcessed() {
        // Given
        Topology topology = new Topology();
        topology.addSource("in", new StringDeserializer(), new StringDeserializer(), "in");
        topology.addProcessor("dedup", DEDUP.<String, String>supplier(), "in");
        topology.addSink(
                "out",
                (String key, String value, RecordContext context) -> {
                    if (value.equals("bad")) {
                        throw new IllegalStateException("no topic for it");
                    }
                    return "out";
                },
                new StringSerializer(),
                new StringSerializer(),
                "dedup");
        try (DedupFixture fixture = DedupFixture.of(topology, SKIPPING)) {
            // When
            fixture.send("a", "bad", T).send("a", "good", T + 1).send("a", "again", T + 2);
            // Then
            assertThat(fixture.out()).containsExactly("good");
            assertThat(fixture.metric("releases-total")).isEqualTo(1);
        }
    }

    /** What cannot be written and is skipped by the handler for that went nowhere. */
    @Test
    void skipped_valueCannotBeSerialized_retryIsProcessed() {
        // Given
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> in = builder.stream("in", Consumed.with(Serdes.String(), Serdes.String()));
        Serializer<String> picky = (topic, value) -> {
            if (value.equals("bad")) {
                throw new SerializationException("bad is bad");
            }
            return value.getBytes(UTF_8);
        };
        DEDUP.apply(in).to("out", Produced.with(Serdes.String(), Serdes.serdeFrom(picky, new StringDeserializer())));
        Map<String, Object> skipping = Map.of(
                "production.exception.handler",
                DedupProductionExceptionHandler.class,
                DedupConfig.PRODUCTION_EXCEPTION_HANDLER,
                DedupProductionExceptionHandlerTest.Skipping.class);
        try (DedupFixture fixture = DedupFixture.of(builder.build(), skipping)) {
            // When
            fixture.send("a", "bad", T).send("a", "good", T + 1);
            // Then
            assertThat(fixture.out()).containsExactly("good");
        }
    }

    /** B makes room for itself by sending A on, and that fails: it is not B that has. */
    @Test
    void skipped_failureOfARecordThatWasHeldBack_releasesNoOther() {
        // Given
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> in = builder.stream("in", Consumed.with(Serdes.String(), Serdes.String()));
        DEDUP.onFailure(FailurePolicy.RELEASE)
                .apply(in)
                .groupByKey(Grouped.with(Serdes.String(), Serdes.String()))
                .count()
                .suppress(Suppressed.untilTimeLimit(
                        Duration.ofDays(1), BufferConfig.maxRecords(1).emitEarlyWhenFull()))
                .toStream()
                .foreach((key, count) -> {
                    throw new IllegalStateException(key + " cannot be counted");
                });
        try (DedupFixture fixture = DedupFixture.of(builder.build(), SKIPPING)) {
            // When
            fixture.send("A", "a", "1", T).send("B", "b", "1", T + 1).send("B", "b", "1", T + 2);
            // Then
            assertThat(fixture.metric("releases-total")).isZero();
            assertThat(fixture.metric("duplicates-total")).isEqualTo(1);
        }
    }

    /** What the second operator dead-letters has failed for the first: sent again when it is mended, it is no duplicate. */
    @Test
    void refused_bySecondOperator_keyOfTheFirstIsReleased() {
        // Given
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> in = builder.stream("in", Consumed.with(Serdes.String(), Serdes.String()));
        Dedup second = Dedup.by(header("second")).withName("second").withStore(StoreEngine.memory());
        second.apply(DEDUP.apply(in)).to("out", Produced.with(Serdes.String(), Serdes.String()));
        try (DedupFixture fixture = DedupFixture.of(builder.build(), Map.of())) {
            // When
            fixture.send("a", "without", T);
            RecordHeaders mended = new RecordHeaders();
            mended.add(KEY_HEADER, "a".getBytes(UTF_8)).add("second", "b".getBytes(UTF_8));
            fixture.send(new TestRecord<>("k", "mended", mended, T + 1));
            // Then
            assertThat(fixture.read("dead")).extracting(TestRecord::value).containsExactly("without");
            assertThat(fixture.out()).containsExactly("mended");
        }
    }

    /** The healthy branch would do twice what the other one did not. */
    @Test
    void start_severalThingsFollowAndFailuresAreSkipped_policyHasToBeChosen() {
        assertThatThrownBy(() -> DedupFixture.of(branching(DEDUP), SKIPPING))
                .hasRootCauseInstanceOf(DedupConfigException.class)
                .rootCause()
                .hasMessageContaining("DEDUP-116 dedup.on.failure")
                .hasMessageContaining("release")
                .hasMessageContaining("keep");
        for (FailurePolicy policy : FailurePolicy.values()) {
            DedupFixture.of(branching(DEDUP.onFailure(policy)), SKIPPING).close();
        }
        DedupFixture.of(branching(DEDUP), Map.of()).close();
    }

    private static Topology branching(Dedup dedup) {
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> in = builder.stream("in", Consumed.with(Serdes.String(), Serdes.String()));
        KStream<String, String> unique = dedup.apply(in).peek((key, value) -> {});
        unique.to("out");
        unique.to("out2");
        return builder.build();
    }

    private static Topology failingAt(String bad, Dedup dedup) {
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> in = builder.stream("in", Consumed.with(Serdes.String(), Serdes.String()));
        dedup.apply(in)
                .peek((key, value) -> {
                    if (value.equals(bad)) {
                        throw new IllegalStateException(value + " is bad");
                    }
                })
                .to("out");
        return builder.build();
    }
}
