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

import io.dedup.Action;
import io.dedup.DedupHeaders;
import io.dedup.Verdict;
import io.dedup.key.Fingerprinter;
import io.dedup.key.KeyExtractors;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyTestDriver;
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
import org.junit.jupiter.params.provider.EnumSource;

/** The operator in topologies of both APIs, with serdes and repartitions of others. */
class DedupInTopologyTest extends OperatorFixture {
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
}
