// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import static io.dedup.key.KeyExtractors.header;
import static io.dedup.streams.DedupFixture.KEY_HEADER;
import static io.dedup.streams.DedupFixture.NOW;
import static io.dedup.streams.DedupFixture.header;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.dedup.Action;
import io.dedup.DedupHeaders;
import io.dedup.Mode;
import io.dedup.Verdict;
import io.dedup.config.DedupConfig;
import io.dedup.config.DedupConfigException;
import io.dedup.streams.errors.DedupProcessingExceptionHandler;
import io.dedup.streams.errors.RefusedRecordException;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Stream;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.errors.LogAndContinueProcessingExceptionHandler;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.test.TestRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The exception handlers that an application needs, and operators by configuration. */
class DedupHandlersTest extends OperatorFixture {
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
