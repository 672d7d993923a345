// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import static io.dedup.key.KeyExtractors.header;
import static io.dedup.streams.DedupFixture.KEY_HEADER;
import static io.dedup.streams.DedupFixture.NOW;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.dedup.DedupHeaders;
import io.dedup.IdempotencyKey;
import io.dedup.Mode;
import io.dedup.Partitioning;
import io.dedup.Scope;
import io.dedup.config.DedupConfig;
import io.dedup.streams.internal.Marks;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.LogAndContinueProcessingExceptionHandler;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.test.TestRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Commands from the control topic. */
class ControlTest {
    private static final long T = NOW.toEpochMilli();
    private static final Dedup DEDUP =
            Dedup.by(header(KEY_HEADER)).within(Duration.ofMinutes(10)).withControlTopic("control");

    @ParameterizedTest
    @EnumSource(Partitioning.class)
    void forget_rememberedKey_theNextOneIsAFirst(Partitioning partitioning) {
        try (DedupFixture fixture = DedupFixture.of(topology(DEDUP.withPartitioning(partitioning)), Map.of())) {
            // Given
            fixture.send("a", "1", T).send("b", "1", T).send("a", "dropped", T + 1);
            // When
            command(fixture, "forget", "in", "a");
            fixture.send("a", "2", T + 2).send("b", "dropped", T + 2).send("a", "dropped", T + 3);
            // Then
            assertThat(fixture.out()).containsExactly("1", "1", "2");
            assertThat(fixture.metric("forgets-total")).isEqualTo(1);
            assertThat(fixture.metric("keys-remembered")).isEqualTo(2);
        }
    }

    @Test
    void forget_firstsInSeveralBuckets_allAreForgotten() {
        try (DedupFixture fixture = DedupFixture.of(DEDUP)) {
            // Given
            long later = T + 600_001;
            fixture.send("a", "1", T).send("a", "2", later);
            // When
            command(fixture, "forget", "in", "a");
            fixture.send("a", "3", T).send("a", "4", later);
            // Then
            assertThat(fixture.out()).containsExactly("1", "2", "3", "4");
        }
    }

    @Test
    void forget_keyNobodyKnows_nothingHappens() {
        try (DedupFixture fixture = DedupFixture.of(DEDUP)) {
            command(fixture, "forget", "in", "nobody");
            command(fixture, "forget", "another topic", "a");
            assertThat(fixture.metric("forgets-total")).isZero();
            assertThat(fixture.metric("bad-commands-total")).isZero();
        }
    }

    @Test
    void forget_scopeIsNotTheTopic_topicDoesNotMatter() {
        try (DedupFixture fixture = DedupFixture.of(DEDUP.withScope(Scope.named("payments")))) {
            fixture.send("a", "1", T);
            command(fixture, "forget", "whatever", "a");
            fixture.send("a", "2", T);
            assertThat(fixture.out()).containsExactly("1", "2");
        }
    }

    /** A broker deletes by these times, whatever the records' own times are. */
    @Test
    void changelog_oldRecordsReleasedOrForgotten_everythingIsStampedWithTheClock() {
        Map<String, Object> configs = Map.of(
                "application.id",
                "app",
                "dedup.processing.exception.handler",
                LogAndContinueProcessingExceptionHandler.class);
        StreamsBuilder builder = new StreamsBuilder();
        DEDUP.apply(builder.stream("in", Consumed.with(Serdes.String(), Serdes.String())))
                .foreach((key, value) -> {
                    if (value.equals("fails")) {
                        throw new IllegalStateException("and is skipped");
                    }
                });
        try (DedupFixture fixture = DedupFixture.of(builder.build(), configs)) {
            // When
            long past = T - Duration.ofDays(200).toMillis();
            fixture.send("a", "1", past).send("b", "fails", past);
            command(fixture, "forget", "in", "a");
            // Then
            assertThat(fixture.driver()
                            .createOutputTopic(
                                    "app-dedup-seen-changelog",
                                    new ByteArrayDeserializer(),
                                    new ByteArrayDeserializer())
                            .readRecordsToList())
                    .hasSize(3) // a first; a first and its release; a forget
                    .allSatisfy(record -> assertThat(record.timestamp()).isEqualTo(T));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "remember, in, header:idempotency-key, a",
        ", in, header:idempotency-key, a",
        "forget, , header:x, a",
        "forget, in, , a",
        "forget, in, header:idempotency-key, "
    })
    void command_notUnderstood_isCountedAndHasNoEffect(
            @Nullable String command, @Nullable String topic, @Nullable String source, @Nullable String key) {
        try (DedupFixture fixture = DedupFixture.of(DEDUP)) {
            // Given
            fixture.send("a", "1", T);
            // When
            RecordHeaders headers = new RecordHeaders();
            add(headers, DedupHeaders.COMMAND, command);
            add(headers, DedupHeaders.TOPIC, topic);
            add(headers, DedupHeaders.KEY_SOURCE, source);
            pipe(fixture, key == null ? null : key.getBytes(UTF_8), headers);
            fixture.send("a", "2", T);
            // Then
            assertThat(fixture.out()).containsExactly("1");
            assertThat(fixture.metric("bad-commands-total")).isEqualTo(1);
            assertThat(fixture.metric("missing-keys-total")).isZero();
        }
    }

    /** Should the commands be read again from the beginning, they do no harm to what was sent again because of them. */
    @Test
    void forget_sentLongBeforeTheFirstWasRemembered_doesNothing() {
        try (DedupFixture fixture = DedupFixture.of(DEDUP.withMaxFuture(Duration.ofMinutes(1)))) {
            fixture.send("a", "1", T);
            command(fixture, "forget", "in", "a", T - 60_001);
            fixture.send("a", "dropped", T);
            assertThat(fixture.metric("forgets-total")).isZero();
            command(fixture, "forget", "in", "a", T - 60_000);
            fixture.send("a", "2", T);
            assertThat(fixture.out()).containsExactly("1", "2");
        }
    }

    @Test
    void command_modeOff_isObeyedAndNotForwarded() {
        try (DedupFixture fixture = DedupFixture.of(DEDUP.withMode(Mode.OFF))) {
            command(fixture, "forget", "in", "a");
            assertThat(fixture.out()).isEmpty();
        }
    }

    @Test
    void forget_processorApi_theControlTopicIsAnotherParent() {
        Topology topology = new Topology()
                .addSource("orders", new StringDeserializer(), new StringDeserializer(), "in")
                .addSource("commands", new ByteArrayDeserializer(), new ByteArrayDeserializer(), "control")
                .addProcessor("dedup", DEDUP.<String, String>supplier(), "orders", "commands")
                .addSink("sink", "out", new StringSerializer(), new StringSerializer(), "dedup");
        try (DedupFixture fixture = DedupFixture.of(topology, Map.of())) {
            fixture.send("a", "1", T);
            command(fixture, "forget", "in", "a");
            fixture.send("a", "2", T);
            assertThat(fixture.out()).containsExactly("1", "2");
        }
    }

    @Test
    void withControlTopic_severalOperators_eachObeys() {
        // Given
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> in = builder.stream("in", Consumed.with(Serdes.String(), Serdes.String()));
        DEDUP.withName("one").apply(in).to("out", Produced.with(Serdes.String(), Serdes.String()));
        DEDUP.withName("two").apply(in).to("out", Produced.with(Serdes.String(), Serdes.String()));
        try (DedupFixture fixture = DedupFixture.of(builder.build(), Map.of())) {
            // When
            fixture.send("a", "1", T);
            command(fixture, "forget", "in", "a");
            fixture.send("a", "2", T);
            // Then
            assertThat(fixture.out()).containsExactly("1", "1", "2", "2");
        }
    }

    @Test
    void withControlTopic_operatorsOnOtherStreams_areReadTogether() {
        // Given
        StreamsBuilder builder = new StreamsBuilder();
        for (String name : List.of("one", "two")) {
            DEDUP.withName(name)
                    .apply(builder.stream(name + "-in", Consumed.with(Serdes.String(), Serdes.String())))
                    .to("out", Produced.with(Serdes.String(), Serdes.String()));
        }
        // When
        String description = builder.build().describe().toString();
        // Then
        assertThat(description).containsOnlyOnce("(topics: [control])").doesNotContain("Sub-topology: 1");
    }

    @Test
    void withControlTopic_everythingElseToo_andOptimised_stillObeys() {
        // Given
        Properties optimised = new Properties();
        optimised.put("topology.optimization", "all");
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> in = builder.stream("in", Consumed.with(Serdes.String(), Serdes.String()));
        KStream<String, String> answers = DEDUP.withPartitioning(Partitioning.BY_KEY)
                .withTtlHeader("ttl")
                .mapOnce(in, value -> "answer " + value, Serdes.String());
        answers.to("out", Produced.with(Serdes.String(), Serdes.String()));
        answers.groupByKey(Grouped.with("one", Serdes.String(), Serdes.String()))
                .count();
        answers.groupByKey(Grouped.with("two", Serdes.String(), Serdes.String()))
                .count();
        DEDUP.withName("audited").withPartitionAudit(1).apply(in).foreach((key, value) -> {});
        try (DedupFixture fixture = DedupFixture.of(builder.build(optimised), Map.of())) {
            // When
            fixture.send("a", "1", T);
            command(fixture, "forget", "in", "a");
            fixture.send("a", "2", T).send("a", "3", T);
            // Then
            assertThat(fixture.out()).containsExactly("answer 1", "answer 2", "answer 2");
            assertThat(fixture.metric("forgets-total")).isEqualTo(2);
        }
    }

    @Test
    void withControlTopic_nameThatCannotBe_isRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> DEDUP.withControlTopic(" "));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> topology(DEDUP.withControlTopic("in")))
                .withMessage(
                        "topic must not be one that the stream is made of, since it holds records or commands: in");
    }

    @Test
    void configured_controlTopic_isTaken() {
        Dedup dedup = Dedup.configured(
                DedupConfig.of(Map.of("dedup.control.topic", "control", "dedup.dead.letter.topic", "dead")));
        assertThat(topology(dedup).describe().toString()).contains("dedup-control-control (topics: [control])");
    }

    @Test
    void dedupControl_forget_goesToEveryPartitionOfTheControlTopic() {
        MockProducer<byte[], byte[]> producer = producer(true);
        // When
        new DedupControl(producer, "control", Clock.fixed(NOW, ZoneOffset.UTC))
                .forget("in", IdempotencyKey.of("header:id", new byte[] {1, 2}));
        // Then
        assertThat(producer.history()).extracting(ProducerRecord::partition).containsExactlyInAnyOrder(0, 1);
        assertThat(producer.history()).allSatisfy(record -> {
            assertThat(record.key()).containsExactly(1, 2);
            assertThat(Marks.text(record.headers(), DedupHeaders.COMMAND)).isEqualTo("forget");
            assertThat(Marks.text(record.headers(), DedupHeaders.TOPIC)).isEqualTo("in");
            assertThat(Marks.text(record.headers(), DedupHeaders.KEY_SOURCE)).isEqualTo("header:id");
            assertThat(Marks.text(record.headers(), DedupHeaders.TIMESTAMP)).isEqualTo(String.valueOf(T));
        });
    }

    @Test
    void dedupControl_onePartitionRefuses_saysSo() {
        MockProducer<byte[], byte[]> producer = producer(false);
        CompletableFuture<Void> forgetting = CompletableFuture.runAsync(() ->
                new DedupControl(producer, "control").forget("in", IdempotencyKey.of("header:id", new byte[] {1, 2})));
        // When
        await().until(producer::completeNext);
        await().until(() -> producer.errorNext(new TopicAuthorizationException("control")));
        // Then
        assertThatThrownBy(forgetting::join)
                .cause()
                .isInstanceOf(KafkaException.class)
                .hasMessageContaining("control")
                .hasRootCauseInstanceOf(TopicAuthorizationException.class);
    }

    private static MockProducer<byte[], byte[]> producer(boolean autoComplete) {
        Node node = new Node(1, "localhost", 1);
        List<PartitionInfo> partitions = List.of(
                new PartitionInfo("control", 0, node, new Node[0], new Node[0]),
                new PartitionInfo("control", 1, node, new Node[0], new Node[0]));
        Cluster cluster = new Cluster("c", List.of(node), partitions, Set.of(), Set.of());
        return new MockProducer<>(cluster, autoComplete, null, new ByteArraySerializer(), new ByteArraySerializer()) {
            @Override
            public synchronized void flush() {
                if (autoComplete) {
                    super.flush();
                }
            }
        };
    }

    private static void command(DedupFixture fixture, String command, String topic, String key) {
        command(fixture, command, topic, key, null);
    }

    private static void command(DedupFixture fixture, String command, String topic, String key, @Nullable Long sentAt) {
        RecordHeaders headers = new RecordHeaders();
        add(headers, DedupHeaders.TIMESTAMP, sentAt == null ? null : sentAt.toString());
        add(headers, DedupHeaders.COMMAND, command);
        add(headers, DedupHeaders.TOPIC, topic);
        add(headers, DedupHeaders.KEY_SOURCE, "header:" + KEY_HEADER);
        pipe(fixture, key.getBytes(UTF_8), headers);
    }

    private static void add(RecordHeaders headers, String name, @Nullable String value) {
        if (value != null) {
            headers.add(name, value.getBytes(UTF_8));
        }
    }

    private static void pipe(DedupFixture fixture, byte @Nullable [] key, RecordHeaders headers) {
        fixture.driver()
                .createInputTopic("control", new ByteArraySerializer(), new ByteArraySerializer())
                .pipeInput(new TestRecord<>(key, null, headers, T + 9_999_999L));
    }

    private static Topology topology(Dedup dedup) {
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> in = builder.stream("in", Consumed.with(Serdes.String(), Serdes.String()));
        dedup.apply(in).to("out", Produced.with(Serdes.String(), Serdes.String()));
        return builder.build();
    }
}
