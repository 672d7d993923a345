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

import io.dedup.Coordinates;
import io.dedup.DedupHeaders;
import io.dedup.Mode;
import io.dedup.Partitioning;
import io.dedup.key.KeyExtractors;
import io.dedup.streams.internal.Origin;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.test.TestRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The operator repartitions by idempotency key; nobody downstream notices. */
class ByKeyTest {
    private static final long T = NOW.toEpochMilli();
    private static final long YEAR = Duration.ofDays(365).toMillis();
    private static final Dedup DEDUP =
            Dedup.by(header(KEY_HEADER)).within(Duration.ofMinutes(10)).withPartitioning(Partitioning.BY_KEY);

    @Test
    void apply_sameKeyUnderOtherRecordKeys_onlyTheFirstComesOutAsItCame() {
        try (DedupFixture topology = DedupFixture.of(topology(DEDUP), Map.of())) {
            // Given
            RecordHeaders headers = new RecordHeaders();
            headers.add(KEY_HEADER, "a".getBytes(UTF_8)).add("trace", "x".getBytes(UTF_8));
            TestRecord<String, String> first = new TestRecord<>("k1", "v", headers, T - 7);
            // When
            topology.send(first).send("k2", "a", "v", T).send(null, "a", "v", T).send(null, "b", null, T + 1);
            // Then
            List<TestRecord<String, String>> out = topology.read("out");
            assertThat(out.get(0)).isEqualTo(first);
            assertThat(out).hasSize(2);
            assertThat(out.get(1).key()).isNull();
            assertThat(out.get(1).value()).isNull();
            assertThat(topology.metric("duplicates-total")).isEqualTo(2);
        }
    }

    /** As partitions of a backlog are that different tasks send through the repartition topic. */
    @Test
    void backlog_partitionsReadOneAfterTheOther_noneIsLate() {
        // Given
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> both =
                builder.stream(List.of("in", "other"), Consumed.with(Serdes.String(), Serdes.String()));
        DEDUP.apply(both).to("out", Produced.with(Serdes.String(), Serdes.String()));
        long threeDaysAgo = T - Duration.ofDays(3).toMillis();
        long step = Duration.ofMinutes(20).toMillis();
        int records = 200;
        try (DedupFixture topology = DedupFixture.of(builder.build(), Map.of())) {
            // When
            for (String topic : List.of("in", "other")) {
                var input = topology.driver().createInputTopic(topic, new StringSerializer(), new StringSerializer());
                for (int i = 0; i < records; i++) {
                    RecordHeaders headers = new RecordHeaders();
                    headers.add(KEY_HEADER, (topic + i).getBytes(UTF_8));
                    input.pipeInput(new TestRecord<>("k", "v", headers, threeDaysAgo + i * step));
                }
            }
            // Then
            assertThat(topology.metric("late-total")).isZero();
            assertThat(topology.read("out")).hasSize(2 * records);
        }
    }

    @Test
    void apply_topology_repartitionsOnceAndUnderAStableName() {
        assertThat(topology(DEDUP.withName("orders")).describe().toString())
                .containsOnlyOnce("orders-repartition-sink (topic: orders-repartition)");
    }

    @Test
    void apply_refused_deadLettersNameWhereTheyCameFrom() {
        try (DedupFixture topology = DedupFixture.of(topology(DEDUP), Map.of())) {
            // When
            topology.send("k", null, "no key", T).send("k", "a", "future", T + YEAR);
            // Then
            assertThat(topology.read("dead"))
                    .satisfiesExactly(
                            missing -> {
                                assertThat(missing.value()).isEqualTo("no key");
                                assertThat(header(missing, DedupHeaders.REASON)).isEqualTo("missing-key:absent");
                                assertThat(header(missing, DedupHeaders.TOPIC)).isEqualTo("in");
                                assertThat(header(missing, DedupHeaders.OFFSET)).isEqualTo("0");
                            },
                            future -> {
                                assertThat(header(future, DedupHeaders.REASON)).isEqualTo("future");
                                assertThat(header(future, DedupHeaders.TIMESTAMP))
                                        .isEqualTo(String.valueOf(T + YEAR));
                                assertThat(header(future, DedupHeaders.OFFSET)).isEqualTo("1");
                            });
        }
    }

    @Test
    void apply_duplicatesTopic_namesTheFirstInTheTopicItCameFrom() {
        try (DedupFixture topology = DedupFixture.of(topology(DEDUP.withDuplicatesTopic("dups")), Map.of())) {
            // When
            topology.send("k1", "a", "1", T).send("k2", "a", "2", T + 3);
            // Then
            assertThat(topology.read("dups")).singleElement().satisfies(record -> {
                assertThat(record.key()).isEqualTo("k2");
                assertThat(record.timestamp()).isEqualTo(T + 3);
                assertThat(header(record, DedupHeaders.FIRST_TOPIC)).isEqualTo("in");
                assertThat(header(record, DedupHeaders.FIRST_OFFSET)).isEqualTo("0");
                assertThat(record.headers().lastHeader(Origin.HEADER)).isNull();
            });
        }
    }

    @Test
    void apply_severalRecordsMadeOfOne_secondOfAKeyIsADuplicate() {
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> parts = builder.stream("in", Consumed.with(Serdes.String(), Serdes.String()))
                .flatMapValues(value -> List.of(value.split(" ")));
        Dedup.by(KeyExtractors.jsonPointer("/id"))
                .withSerdes(Serdes.String(), Serdes.String())
                .withPartitioning(Partitioning.BY_KEY)
                .apply(parts)
                .to("out", Produced.with(Serdes.String(), Serdes.String()));
        Map<String, Object> defaults = Map.of("default.value.serde", Serdes.StringSerde.class);
        try (DedupFixture topology = DedupFixture.of(builder.build(), defaults)) {
            // When
            topology.send("k", null, "{\"id\":1} {\"id\":2} {\"id\":1}", T);
            // Then
            assertThat(topology.out()).containsExactly("{\"id\":1}", "{\"id\":2}");
            assertThat(topology.metric("replays-total")).isZero();
        }
    }

    @Test
    void withMode_observeAndOff_forwardEverythingWithItsOwnTime() {
        for (Mode mode : List.of(Mode.OBSERVE, Mode.OFF)) {
            try (DedupFixture topology = DedupFixture.of(topology(DEDUP.withMode(mode)), Map.of())) {
                // When
                topology.send("k", "a", "1", T).send("k", "a", "2", T + 1).send("k", "b", "3", T + YEAR);
                // Then
                List<TestRecord<String, String>> out = topology.read("out");
                assertThat(out)
                        .extracting(TestRecord::timestamp)
                        .as(mode.text())
                        .containsExactly(T, T + 1, T + YEAR);
                assertThat(out)
                        .allSatisfy(record -> assertThat(record.headers().lastHeader(Origin.HEADER))
                                .isNull());
                assertThat(header(out.get(1), DedupHeaders.REASON))
                        .isEqualTo(mode == Mode.OBSERVE ? "duplicate" : null);
            }
        }
    }

    /** After the operator equal record keys may be on different partitions. */
    @Test
    void apply_groupedAfterwards_repartitionsByRecordKeyAgain() {
        // Given
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> in = builder.stream("in", Consumed.with(Serdes.String(), Serdes.String()));
        // When
        DEDUP.apply(in)
                .groupByKey(Grouped.with("counts", Serdes.String(), Serdes.String()))
                .count()
                .toStream()
                .to("out", Produced.with(Serdes.String(), Serdes.Long()));
        // Then
        Topology topology = builder.build();
        assertThat(topology.describe().toString()).contains("counts-repartition");
        try (DedupFixture fixture = DedupFixture.of(topology, Map.of())) {
            fixture.send("k", "a", "1", T).send("k", "a", "1", T).send("k", "b", "1", T);
            assertThat(fixture.driver()
                            .createOutputTopic(
                                    "out",
                                    new StringDeserializer(),
                                    Serdes.Long().deserializer())
                            .readValuesToList())
                    .containsExactly(1L, 2L);
        }
    }

    @Test
    void apply_behindAnotherOperator_keepsTheOthersMarks() {
        // Given
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> in = builder.stream("in", Consumed.with(Serdes.String(), Serdes.String()));
        KStream<String, String> observed = Dedup.by(header(KEY_HEADER))
                .withName("observer")
                .withMode(Mode.OBSERVE)
                .apply(in);
        Dedup.by(KeyExtractors.jsonPointer("/id"))
                .withPartitioning(Partitioning.BY_KEY)
                .apply(observed)
                .to("out", Produced.keySerde(Serdes.String()));
        try (DedupFixture topology = DedupFixture.of(builder.build(), Map.of())) {
            // When
            topology.send("k", "a", "{\"id\":1}", T).send("k", "a", "{\"id\":2}", T);
            // Then
            assertThat(topology.read("out"))
                    .satisfiesExactly(
                            first ->
                                    assertThat(header(first, DedupHeaders.NODE)).isNull(),
                            second -> {
                                assertThat(header(second, DedupHeaders.NODE)).isEqualTo("observer");
                                assertThat(second.headers().lastHeader(Origin.HEADER))
                                        .isNull();
                            });
        }
    }

    @Test
    void supplier_processorApi_isRefused() {
        assertThatIllegalStateException().isThrownBy(DEDUP::supplier).withMessageContaining("repartition");
    }

    @Test
    void origin_encoded_isReadBack() {
        for (Origin origin :
                List.of(new Origin(new Coordinates("a.b-c_d", 3, 99), T, true), new Origin(null, 0, false))) {
            assertThat(Origin.read(new RecordHeaders().add(Origin.HEADER, origin.encode())))
                    .isEqualTo(origin);
        }
        assertThatThrownBy(() -> Origin.read(new RecordHeaders())).isInstanceOf(SerializationException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x:0", "5", "5:0:x:1:t", "5:0:-1:1:t"})
    void origin_damaged_isRefused(String text) {
        assertThatThrownBy(() -> Origin.read(new RecordHeaders().add(Origin.HEADER, text.getBytes(UTF_8))))
                .isInstanceOf(SerializationException.class);
    }

    private static Topology topology(Dedup dedup) {
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> in = builder.stream("in", Consumed.with(Serdes.String(), Serdes.String()));
        dedup.apply(in).to("out", Produced.keySerde(Serdes.String()));
        return builder.build();
    }
}
