// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.wrap;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.dedup.DedupHeaders;
import io.dedup.config.DedupConfigException;
import io.dedup.streams.errors.DedupProcessingExceptionHandler;
import io.dedup.streams.errors.DedupTimestampExtractor;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.LongDeserializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyConfig;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.errors.LogAndContinueProcessingExceptionHandler;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.processor.WallclockTimestampExtractor;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.test.TestRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Topologies that know nothing of dedup, guarded by properties. */
class DedupTopologyTest {
    private static final Instant NOW = Instant.ofEpochMilli(1_766_000_000_000L);
    private static final long T = NOW.toEpochMilli();

    @Test
    void build_wordCount_countsEveryLineOnce() {
        Topology topology = DedupTopology.build(properties("dedup.wrap.topics", "lines"), Topologies::wordCount);
        try (TopologyTestDriver driver = driver(topology, Map.of())) {
            // When
            send(driver, "lines", "k", "a", "to be or not to be");
            send(driver, "lines", "k", "a", "to be or not to be");
            send(driver, "lines", "k", "b", "to err");
            // Then
            assertThat(driver.createOutputTopic("counts", new StringDeserializer(), new LongDeserializer())
                            .readKeyValuesToMap())
                    .containsEntry("to", 3L)
                    .containsEntry("be", 2L)
                    .containsEntry("err", 1L);
        }
    }

    @Test
    void build_streamTableJoin_joinsEveryOrderOnce() {
        Topology topology = DedupTopology.build(properties("dedup.wrap.topics", "orders"), Topologies::join);
        try (TopologyTestDriver driver = driver(topology, Map.of())) {
            // When
            send(driver, "customers", "c1", null, "Ada");
            send(driver, "customers", "c1", null, "Ada Lovelace");
            send(driver, "orders", "c1", "o1", "book");
            send(driver, "orders", "c1", "o1", "book");
            // Then
            assertThat(read(driver, "joined")).containsExactly("book for Ada Lovelace");
        }
    }

    @Test
    void build_windowedAggregation_countsEveryPaymentOnce() {
        Topology topology = DedupTopology.build(properties("dedup.wrap.nodes", "count-payments"), Topologies::windowed);
        try (TopologyTestDriver driver = driver(topology, Map.of())) {
            // When
            send(driver, "payments", "k", "p1", "5");
            send(driver, "payments", "k", "p1", "5");
            send(driver, "payments", "k", "p2", "7");
            // Then
            assertThat(driver.createOutputTopic("sums", new StringDeserializer(), new LongDeserializer())
                            .readValuesToList())
                    .containsExactly(1L, 2L);
        }
    }

    @Test
    void build_foreach_effectHappensOnce() {
        List<String> charged = new ArrayList<>();
        Topology topology = DedupTopology.build(
                properties("dedup.wrap.nodes", "charge-card"),
                builder -> builder.stream("orders", Consumed.with(Serdes.String(), Serdes.String()))
                        .mapValues(value -> value.toUpperCase(Locale.ROOT))
                        .foreach((key, value) -> charged.add(value), Named.as("charge-card")));
        try (TopologyTestDriver driver = driver(topology, Map.of())) {
            // When
            send(driver, "orders", "k", "a", "one");
            send(driver, "orders", "k", "a", "one");
            send(driver, "orders", "k", null, "no key");
            // Then
            assertThat(charged).containsExactly("ONE");
            assertThat(deadLetters(driver)).singleElement().satisfies(letter -> {
                assertThat(letter.value()).isEqualTo("no key");
                assertThat(header(letter, DedupHeaders.REASON)).isEqualTo("missing-key:absent");
                assertThat(header(letter, DedupHeaders.NODE)).isEqualTo("dedup-charge-card");
            });
        }
    }

    @Test
    void assemble_processorApi_processorKeepsItsStoreAndSeesFirstsOnly() {
        Topology topology = DedupTopology.assemble(properties("dedup.wrap.topics", "orders"), Topologies::counting);
        try (TopologyTestDriver driver = driver(topology, Map.of())) {
            // When
            send(driver, "orders", "k", "a", "x");
            send(driver, "orders", "k", "a", "x");
            send(driver, "orders", "k", "b", "x");
            // Then
            assertThat(read(driver, "numbers")).containsExactly("1", "2");
        }
    }

    @Test
    void build_guardedProcessorFailsAndIsSkipped_keyIsReleased() {
        List<String> seen = new ArrayList<>();
        Topology topology = DedupTopology.build(
                properties("dedup.wrap.topics", "orders"),
                builder -> builder.stream("orders", Consumed.with(Serdes.String(), Serdes.String()))
                        .foreach((key, value) -> {
                            seen.add(value);
                            if (value.equals("fails")) {
                                throw new IllegalStateException("the card reader is off");
                            }
                        }));
        Map<String, ?> skipping =
                Map.of("dedup.processing.exception.handler", LogAndContinueProcessingExceptionHandler.class);
        try (TopologyTestDriver driver = driver(topology, skipping)) {
            // When
            send(driver, "orders", "k", "a", "fails");
            send(driver, "orders", "k", "a", "works");
            send(driver, "orders", "k", "a", "works");
            // Then
            assertThat(seen).containsExactly("fails", "works");
        }
    }

    @Test
    void build_whatFollowsTheGuardedProcessorFailsAndIsSkipped_keyIsReleased() {
        Properties releasing = properties("dedup.wrap.topics", "orders");
        releasing.put("dedup.on.failure", "release");
        Topology topology = DedupTopology.build(
                releasing,
                builder -> builder.stream("orders", Consumed.with(Serdes.String(), Serdes.String()))
                        .mapValues(value -> value)
                        .peek((key, value) -> {
                            if (value.equals("fails")) {
                                throw new IllegalStateException("later");
                            }
                        })
                        .to("out", Produced.with(Serdes.String(), Serdes.String())));
        Map<String, ?> skipping =
                Map.of("dedup.processing.exception.handler", LogAndContinueProcessingExceptionHandler.class);
        try (TopologyTestDriver driver = driver(topology, skipping)) {
            // When
            send(driver, "orders", "k", "a", "fails");
            send(driver, "orders", "k", "a", "works");
            // Then
            assertThat(read(driver, "out")).containsExactly("works");
        }
    }

    /** Kafka Streams would restore the table from its topic, past the guard. */
    @ParameterizedTest
    @ValueSource(strings = {"all", "reuse.ktable.source.topics,merge.repartition.topics"})
    void build_tableThatIsRestoredFromItsSource_isRefused(String optimization) {
        Properties optimized = properties("dedup.wrap.topics", "orders");
        optimized.put("topology.optimization", optimization);
        assertThatThrownBy(() -> DedupTopology.build(
                        optimized,
                        builder -> builder.table("orders", Consumed.with(Serdes.String(), Serdes.String()))
                                .toStream()
                                .to("out", Produced.with(Serdes.String(), Serdes.String()))))
                .isInstanceOf(DedupConfigException.class)
                .hasMessageContaining("DEDUP-110 topology.optimization")
                .hasMessageContaining("past the guard");
        optimized.put("topology.optimization", "merge.repartition.topics");
        assertThat(DedupTopology.build(
                        optimized,
                        builder -> builder.table("orders", Consumed.with(Serdes.String(), Serdes.String()))
                                .toStream()
                                .to("out", Produced.with(Serdes.String(), Serdes.String()))))
                .isNotNull();
    }

    @Test
    void build_noTimestampExtractorIsNamed_isOursUnlessThereIsOne() {
        Properties properties = properties("dedup.wrap.topics", "orders");
        properties.put("default.timestamp.extractor", WallclockTimestampExtractor.class.getName());
        DedupTopology.build(
                properties,
                builder -> builder.stream("orders", Consumed.with(Serdes.String(), Serdes.String()))
                        .foreach((key, value) -> {}));
        assertThat(properties)
                .containsEntry("default.timestamp.extractor", WallclockTimestampExtractor.class.getName());
        Properties unset = properties("dedup.wrap.topics", "orders");
        DedupTopology.build(
                unset,
                builder -> builder.stream("orders", Consumed.with(Serdes.String(), Serdes.String()))
                        .foreach((key, value) -> {}));
        assertThat(unset).containsEntry("default.timestamp.extractor", DedupTimestampExtractor.class.getName());
    }

    @Test
    void build_sourceOfSeveralTopics_onlyTheNamedOneIsGuarded() {
        Topology topology = DedupTopology.build(
                properties("dedup.wrap.topics", "guarded"),
                builder -> builder.stream(List.of("guarded", "free"), Consumed.with(Serdes.String(), Serdes.String()))
                        .mapValues(value -> value)
                        .to("out", Produced.with(Serdes.String(), Serdes.String())));
        try (TopologyTestDriver driver = driver(topology, Map.of())) {
            // When
            for (String topic : List.of("guarded", "free")) {
                send(driver, topic, "k", "a", topic);
                send(driver, topic, "k", "a", topic);
                send(driver, topic, "k", null, topic + " without a key");
            }
            // Then
            assertThat(read(driver, "out")).containsExactly("guarded", "free", "free", "free without a key");
        }
    }

    @Test
    void handler_nodeThatTheWrapperNeverSaw_isRefused() {
        // Given
        Properties properties = properties("dedup.wrap.nodes", "chrage-card");
        properties.put("application.id", "misspelt");
        properties.put("processor.wrapper.class", DedupProcessorWrapper.class.getName());
        StreamsBuilder builder = new StreamsBuilder(new TopologyConfig(new StreamsConfig(properties)));
        Topologies.windowed(builder);
        Topology topology = builder.build();
        // Then
        assertThatThrownBy(() -> new TopologyTestDriver(topology, properties, NOW))
                .isInstanceOf(DedupConfigException.class)
                .hasMessageContaining("DEDUP-109 dedup.wrap.nodes=chrage-card");
    }

    @Test
    void handler_wrapAskedForAndTopologyBuiltWithoutAnything_isRefused() {
        Properties properties = properties("dedup.wrap.topics", "payments");
        properties.put("application.id", "built plainly");
        StreamsBuilder builder = new StreamsBuilder();
        Topologies.windowed(builder);
        assertThatThrownBy(() -> new TopologyTestDriver(builder.build(), properties, NOW))
                .isInstanceOf(DedupConfigException.class)
                .hasMessageContaining("DEDUP-111");
    }

    @Test
    void build_definitionThatDiffersTheSecondTime_isRefused() {
        AtomicInteger calls = new AtomicInteger();
        assertThatThrownBy(() -> DedupTopology.build(
                        properties("dedup.wrap.nodes", "n1"),
                        builder -> builder.stream("in", Consumed.with(Serdes.String(), Serdes.String()))
                                .foreach((key, value) -> {}, Named.as("n" + calls.incrementAndGet()))))
                .isInstanceOf(DedupConfigException.class)
                .hasMessageContaining("DEDUP-110")
                .hasMessageContaining("n1");
    }

    static Stream<Arguments> topologies() {
        return Stream.of(
                arguments("word count", (Consumer<StreamsBuilder>) Topologies::wordCount, "lines"),
                arguments("join", (Consumer<StreamsBuilder>) Topologies::join, "orders"),
                arguments("windowed", (Consumer<StreamsBuilder>) Topologies::windowed, "payments"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("topologies")
    void build_anyTopology_namesAndTopicsStayAsTheyWere(
            String name, Consumer<StreamsBuilder> definition, String topic) {
        // Given
        StreamsBuilder builder = new StreamsBuilder();
        definition.accept(builder);
        String before = builder.build().describe().toString();
        // When
        String after = DedupTopology.build(properties("dedup.wrap.topics", topic), definition)
                .describe()
                .toString();
        // Then
        assertThat(after).isNotEqualTo(before).containsPattern("dedup-[A-Za-z0-9-]+-seen");
        String withoutOurs = after.replaceAll("(, )?dedup-[A-Za-z0-9-]+-seen(, )?", "");
        assertThat(withoutOurs).isEqualTo(before);
    }

    static Stream<Arguments> mistakes() {
        return Stream.of(
                arguments("dedup.wrap.topics", "oders", "DEDUP-109", "Did you mean orders?"),
                arguments("dedup.wrap.topics", "xyzzy", "DEDUP-109", "It reads [customers, orders, straight]"),
                arguments("dedup.wrap.topics", "straight", "DEDUP-110", "straight to the sink"),
                arguments("dedup.wrap.nodes", "charge-cart", "DEDUP-109", "Did you mean charge-card?"),
                arguments("dedup.wrap.nodes", "the-source", "DEDUP-110", "dedup.wrap.topics"),
                arguments("dedup.wrap.nodes", "the-sink", "DEDUP-110", "[the-source]"),
                arguments("dedup.wrap.nodes", "globals", "DEDUP-110", "global store"));
    }

    @ParameterizedTest
    @MethodSource("mistakes")
    void build_whatCannotBeGuarded_isRefusedWithTheFix(String key, String value, String code, String fix) {
        assertThatThrownBy(() -> DedupTopology.build(properties(key, value), builder -> {
                    Topologies.join(builder);
                    builder.stream("straight", Consumed.<byte[], byte[]>as("the-source"))
                            .to("out", Produced.as("the-sink"));
                    builder.stream("orders", Consumed.with(Serdes.String(), Serdes.String()))
                            .foreach((k, v) -> {}, Named.as("charge-card"));
                    builder.addGlobalStore(
                            Stores.keyValueStoreBuilder(
                                    Stores.inMemoryKeyValueStore("g"), Serdes.String(), Serdes.String()),
                            "rates",
                            Consumed.<String, String>as("globals"),
                            Ignoring::new);
                }))
                .isInstanceOf(DedupConfigException.class)
                .hasMessageContaining(code)
                .hasMessageContaining(key + "=" + value)
                .hasMessageContaining(fix);
    }

    @Test
    void build_severalMistakes_areAllReported() {
        Properties properties = properties("dedup.wrap.topics", "nope,neither");
        properties.put("dedup.wrap.nodes", "nothing");
        assertThatThrownBy(() -> DedupTopology.build(properties, Topologies::join))
                .isInstanceOf(DedupConfigException.class)
                .hasMessageContaining("nope")
                .hasMessageContaining("neither")
                .hasMessageContaining("nothing");
    }

    static Stream<Arguments> unavailable() {
        return Stream.of(
                arguments(Map.of("dedup.partitioning", "by-key"), "dedup.partitioning=by-key"),
                arguments(
                        Map.of("dedup.on.duplicate", "duplicates-topic", "dedup.duplicates.topic", "d"),
                        "dedup.on.duplicate=duplicates-topic"),
                arguments(Map.of("dedup.control.topic", "control"), "dedup.control.topic"),
                arguments(Map.of("dedup.audit.share", "0.1"), "dedup.audit.share"),
                arguments(Map.of("processor.wrapper.class", NoWrapper.class), "NoWrapper"),
                arguments(Map.of("dedup.on.duplicate", "replay-outcome"), "replay-outcome"));
    }

    @ParameterizedTest
    @MethodSource("unavailable")
    void build_whatNeedsANodeOfItsOwn_isRefused(Map<String, Object> settings, String named) {
        Properties properties = properties("dedup.wrap.topics", "orders");
        properties.putAll(settings);
        assertThatThrownBy(() -> DedupTopology.build(properties, Topologies::join))
                .isInstanceOf(DedupConfigException.class)
                .hasMessageContaining("DEDUP-107")
                .hasMessageContaining(named);
    }

    @Test
    void build_nothingNamed_isRefused() {
        assertThatThrownBy(() -> DedupTopology.build(properties("dedup.mode", "observe"), Topologies::join))
                .isInstanceOf(DedupConfigException.class)
                .hasMessageContaining("DEDUP-109");
    }

    @Test
    void wrapper_namedInPropertiesAlone_guardsNodesAndRefusesTopics() {
        // Given
        Properties properties = properties("dedup.wrap.nodes", "count-payments");
        properties.put("processor.wrapper.class", DedupProcessorWrapper.class);
        // When
        StreamsBuilder builder = new StreamsBuilder(new TopologyConfig(new StreamsConfig(properties)));
        Topologies.windowed(builder);
        // Then
        assertThat(builder.build().describe().toString()).contains("dedup-count-payments-seen");
        properties.put("dedup.wrap.topics", "payments");
        assertThatThrownBy(() -> new StreamsBuilder(new TopologyConfig(new StreamsConfig(properties))))
                // Kafka puts the message of the cause into its own and drops the cause.
                .hasMessageContaining("DedupConfigException")
                .hasMessageContaining("DedupTopology.build");
    }

    @Test
    void handler_wrapperGivenToTheApplicationAndNotToTheBuilder_isRefused() {
        // Given
        Properties properties = properties("dedup.wrap.nodes", "count-payments");
        properties.put("application.id", "built without it");
        properties.put("processor.wrapper.class", DedupProcessorWrapper.class.getName());
        StreamsBuilder builder = new StreamsBuilder();
        Topologies.windowed(builder);
        // Then
        assertThatThrownBy(() -> new TopologyTestDriver(builder.build(), properties, NOW))
                .isInstanceOf(DedupConfigException.class)
                .hasMessageContaining("DEDUP-111")
                .hasMessageContaining("DedupTopology.build");
    }

    /** Topologies as people write them. */
    private static final class Topologies {
        static void wordCount(StreamsBuilder builder) {
            builder.stream("lines", Consumed.with(Serdes.String(), Serdes.String()))
                    .flatMapValues(line -> Arrays.asList(line.split(" ", -1)))
                    .groupBy((key, word) -> word, Grouped.with(Serdes.String(), Serdes.String()))
                    .count(Materialized.with(Serdes.String(), Serdes.Long()))
                    .toStream()
                    .to("counts", Produced.with(Serdes.String(), Serdes.Long()));
        }

        static void join(StreamsBuilder builder) {
            KTable<String, String> customers =
                    builder.table("customers", Consumed.with(Serdes.String(), Serdes.String()));
            builder.stream("orders", Consumed.with(Serdes.String(), Serdes.String()))
                    .join(
                            customers,
                            (order, customer) -> order + " for " + customer,
                            Joined.with(Serdes.String(), Serdes.String(), Serdes.String()))
                    .to("joined", Produced.with(Serdes.String(), Serdes.String()));
        }

        static void windowed(StreamsBuilder builder) {
            builder.stream("payments", Consumed.with(Serdes.String(), Serdes.String()))
                    .groupByKey(Grouped.with(Serdes.String(), Serdes.String()))
                    .windowedBy(TimeWindows.ofSizeWithNoGrace(Duration.ofMinutes(5)))
                    .count(Named.as("count-payments"), Materialized.with(Serdes.String(), Serdes.Long()))
                    .toStream((window, count) -> window.key())
                    .to("sums", Produced.with(Serdes.String(), Serdes.Long()));
        }

        static void counting(Topology topology) {
            topology.addSource("in", new StringDeserializer(), new StringDeserializer(), "orders")
                    .addProcessor("number", Counting::new, "in")
                    .addStateStore(
                            Stores.keyValueStoreBuilder(
                                    Stores.inMemoryKeyValueStore("numbers"), Serdes.String(), Serdes.Long()),
                            "number")
                    .addSink("out", "numbers", new StringSerializer(), new StringSerializer(), "number");
        }
    }

    private static final class Counting extends ContextualProcessor<String, String, String, String> {
        @Override
        public void process(Record<String, String> record) {
            KeyValueStore<String, Long> store = context().getStateStore("numbers");
            Long before = store.get(record.key());
            long number = before == null ? 1 : before + 1;
            store.put(record.key(), number);
            context().forward(record.withValue(Long.toString(number)));
        }
    }

    private static final class Ignoring extends ContextualProcessor<String, String, Void, Void> {
        @Override
        public void process(Record<String, String> record) {
            // The store is loaded by Kafka Streams itself.
        }
    }

    /** A wrapper of somebody else's. */
    public static final class NoWrapper extends org.apache.kafka.streams.processor.internals.NoOpProcessorWrapper {}

    private static Properties properties(String key, String value) {
        Properties properties = new Properties();
        properties.put("application.id", "guarded");
        properties.put("bootstrap.servers", "unused:1");
        properties.put("processing.exception.handler", DedupProcessingExceptionHandler.class);
        properties.put("errors.dead.letter.queue.topic.name", "dead");
        properties.put(key, value);
        return properties;
    }

    private static TopologyTestDriver driver(Topology topology, Map<String, ?> more) {
        Properties properties = properties("dedup.ttl.ms", "600000");
        properties.putAll(more);
        return new TopologyTestDriver(topology, properties, NOW);
    }

    private static void send(
            TopologyTestDriver driver, String topic, String key, @Nullable String idempotencyKey, String value) {
        RecordHeaders headers = new RecordHeaders();
        if (idempotencyKey != null) {
            headers.add("idempotency-key", idempotencyKey.getBytes(UTF_8));
        }
        driver.createInputTopic(topic, new StringSerializer(), new StringSerializer())
                .pipeInput(new TestRecord<>(key, value, headers, T));
    }

    private static List<String> read(TopologyTestDriver driver, String topic) {
        Deserializer<String> strings = new StringDeserializer();
        return driver.createOutputTopic(topic, strings, strings).readValuesToList();
    }

    private static List<TestRecord<String, String>> deadLetters(TopologyTestDriver driver) {
        return driver.createOutputTopic("dead", new StringDeserializer(), new StringDeserializer())
                .readRecordsToList();
    }

    private static @Nullable String header(TestRecord<?, ?> record, String name) {
        return record.headers().lastHeader(name) == null
                ? null
                : new String(record.headers().lastHeader(name).value(), UTF_8);
    }
}
