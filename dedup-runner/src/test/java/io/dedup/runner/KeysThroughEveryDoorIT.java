// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dedup.DedupHeaders;
import io.dedup.config.DedupConfig;
import io.dedup.consumer.ConsumerListener;
import io.dedup.consumer.DedupConsumerInterceptor;
import io.dedup.consumer.IdempotentConsumer;
import io.dedup.handler.IdempotentHandler;
import io.dedup.runner.KeyCases.Case;
import io.dedup.runner.KeyCases.Sent;
import io.dedup.store.memory.MemoryIdempotencyStore;
import io.dedup.streams.errors.DedupProcessingExceptionHandler;
import io.dedup.testing.TestServers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.test.TestRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The same records get the same answer from the relay, an interceptor and a consumer. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class KeysThroughEveryDoorIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @SuppressWarnings("NullAway.Init") // started before the tests
    private static TestServers.Kafka broker;

    @SuppressWarnings("NullAway.Init") // started before the tests
    private static Admin admin;

    @TempDir
    Path directory;

    @BeforeAll
    static void start() {
        broker = TestServers.kafka();
        admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()));
    }

    @AfterAll
    static void stop() {
        admin.close();
        broker.close();
    }

    static List<Case> cases() {
        return KeyCases.all();
    }

    /** It forwards everything in mode observe, and marks what it would not have forwarded. */
    @ParameterizedTest
    @MethodSource("cases")
    void relay_anyRecord_isDecidedAsInTheTable(Case sent) {
        DedupConfig config = DedupConfig.of(
                settings(sent, Map.of("dedup.routes", "in->out", "dedup.mode", "observe", "dedup.store", "memory")));
        Properties properties = new Properties();
        properties.put("application.id", "door");
        properties.put("bootstrap.servers", "unused:1");
        properties.put("state.dir", directory.toString());
        properties.put("processing.exception.handler", DedupProcessingExceptionHandler.class);
        properties.put("errors.dead.letter.queue.topic.name", "dead");
        try (var driver = new TopologyTestDriver(RelayTopology.build(config), properties)) {
            var in = driver.createInputTopic("in", new ByteArraySerializer(), new ByteArraySerializer());
            var out = driver.createOutputTopic("out", new ByteArrayDeserializer(), new ByteArrayDeserializer());
            for (Sent record : sent.records()) {
                in.pipeInput(new TestRecord<>(record.key(), record.value(), record.headers(), 0L));
            }
            List<String> reasons = out.readRecordsToList().stream()
                    .map(record -> reason(record.headers().lastHeader(DedupHeaders.REASON)))
                    .toList();
            assertThat(reasons)
                    .isEqualTo(sent.records().stream()
                            .map(record -> isMarked(record) ? record.verdict() : "")
                            .toList());
        }
    }

    private static boolean isMarked(Sent record) {
        return !record.verdict().equals("first") && !record.verdict().equals("forwarded");
    }

    private static String reason(@Nullable Header header) {
        return header == null ? "" : new String(header.value(), java.nio.charset.StandardCharsets.UTF_8);
    }

    /** It can pass a record on or leave it out. */
    @ParameterizedTest
    @MethodSource("cases")
    void interceptor_anyRecord_isDecidedAsInTheTable(Case sent) {
        Map<String, String> more = Map.of(
                "dedup.consumer.store", "memory:1000",
                "group.id", sent.name(),
                "isolation.level", "read_committed",
                "dedup.on.missing.key", "drop",
                "dedup.on.conflict", "drop");
        Map<String, String> settings = settings(sent, more);
        settings.remove("dedup.dead.letter.topic");
        try (DedupConsumerInterceptor interceptor = new DedupConsumerInterceptor()) {
            interceptor.configure(settings);
            List<ConsumerRecord<Object, Object>> records = new ArrayList<>();
            for (Sent record : sent.records()) {
                records.add(new ConsumerRecord<>(
                        "in",
                        0,
                        records.size(),
                        0,
                        TimestampType.CREATE_TIME,
                        0,
                        0,
                        record.key(),
                        record.value(),
                        record.headers(),
                        Optional.empty()));
            }
            TopicPartition partition = new TopicPartition("in", 0);
            ConsumerRecords<Object, Object> passed = interceptor.onConsume(new ConsumerRecords<>(
                    Map.of(partition, records), Map.of(partition, new OffsetAndMetadata(records.size()))));
            assertThat(passed.records(partition))
                    .extracting(ConsumerRecord::offset)
                    .containsExactlyElementsOf(IntStream.range(0, records.size())
                            .filter(i -> !isMarked(sent.records().get(i)))
                            .mapToObj(Long::valueOf)
                            .toList());
        }
    }

    /** A consumer has no policy for tombstones: its operation sees that there is no value. */
    static List<Case> casesOfConsumers() {
        return KeyCases.all().stream()
                .filter(each -> !each.settings().containsKey("dedup.on.tombstone"))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("casesOfConsumers")
    void consumer_anyRecord_isDecidedAsInTheTable(Case sent) throws Exception {
        String topic = "door-" + sent.name().replaceAll("\\W", "-");
        admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1), new NewTopic(topic + "-dead", 1, (short) 1)))
                .all()
                .get();
        send(topic, sent.records());
        DedupConfig config = DedupConfig.of(settings(sent, Map.of()));
        Map<Long, String> verdicts = new ConcurrentHashMap<>();
        List<Throwable> ends = Collections.synchronizedList(new ArrayList<>());
        Map<String, Object> configs = Map.of(
                "bootstrap.servers", broker.bootstrapServers(), "group.id", topic, "auto.offset.reset", "earliest");
        try (IdempotentHandler<Void> handler = IdempotentHandler.on(MemoryIdempotencyStore.holding(1_000), "door")
                        .build();
                IdempotentConsumer consumer = IdempotentConsumer.subscribing(configs, topic)
                        .withKey(config.keyExtractor())
                        .withFingerprint(config.fingerprinter())
                        .withScope(config.scope())
                        .withDeadLetters(topic + "-dead")
                        .onEnd(failure -> failure.ifPresent(ends::add))
                        .onEvent(new ConsumerListener() {
                            @Override
                            public void deadLettered(
                                    ConsumerRecord<byte[], byte[]> record, String reason, @Nullable Throwable failure) {
                                verdicts.put(record.offset(), reason);
                            }
                        })
                        .start(handler, (record, execution) -> verdicts.put(record.offset(), "first"))) {
            await().atMost(PATIENCE)
                    .until(() -> committed(topic) == sent.records().size());
            assertThat(consumer.failure()).isEmpty();
        }
        assertThat(ends).isEmpty();
        assertThat(IntStream.range(0, sent.records().size())
                        .mapToObj(i -> verdicts.getOrDefault((long) i, "duplicate"))
                        .toList())
                .isEqualTo(sent.records().stream().map(Sent::verdict).toList());
    }

    private static void send(String topic, List<Sent> records) throws Exception {
        Map<String, Object> configs = Map.of("bootstrap.servers", broker.bootstrapServers());
        try (var producer = new KafkaProducer<>(configs, new ByteArraySerializer(), new ByteArraySerializer())) {
            for (Sent record : records) {
                producer.send(new ProducerRecord<>(topic, 0, null, record.key(), record.value(), record.headers()))
                        .get();
            }
        }
    }

    private static long committed(String group) throws Exception {
        OffsetAndMetadata offset = admin.listConsumerGroupOffsets(group)
                .partitionsToOffsetAndMetadata()
                .get()
                .get(new TopicPartition(group, 0));
        return offset == null ? 0 : offset.offset();
    }

    private static Map<String, String> settings(Case sent, Map<String, String> more) {
        Map<String, String> settings = new HashMap<>(sent.settings());
        settings.put("dedup.dead.letter.topic", "dead");
        settings.putAll(more);
        return settings;
    }
}
