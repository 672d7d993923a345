// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dedup.streams.errors.DedupProcessingExceptionHandler;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.function.UnaryOperator;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.test.TestRecord;
import org.jspecify.annotations.Nullable;

/** A topology {@code in -> dedup -> out} in Kafka's test driver, with topics for dead letters and duplicates. */
public final class DedupFixture implements AutoCloseable {
    public static final Instant NOW = Instant.ofEpochMilli(1_766_000_000_000L);
    public static final String KEY_HEADER = "idempotency-key";

    private final TopologyTestDriver driver;

    private DedupFixture(TopologyTestDriver driver) {
        this.driver = driver;
    }

    public static DedupFixture of(Dedup dedup) {
        return of(dedup, UnaryOperator.identity());
    }

    /** With something between the operator and the topic {@code out}. */
    public static DedupFixture of(Dedup dedup, UnaryOperator<KStream<String, String>> downstream) {
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> in = builder.stream("in", Consumed.with(Serdes.String(), Serdes.String()));
        downstream.apply(dedup.apply(in)).to("out");
        return of(builder.build(), Map.of());
    }

    public static DedupFixture of(Topology topology, Map<String, ?> overrides) {
        return new DedupFixture(new TopologyTestDriver(topology, properties(overrides), NOW));
    }

    static Properties properties(Map<String, ?> overrides) {
        Properties properties = new Properties();
        properties.put("processing.exception.handler", DedupProcessingExceptionHandler.class);
        properties.put("errors.dead.letter.queue.topic.name", "dead");
        // Tests of other processes have applications of the same name.
        properties.put(
                "state.dir",
                Path.of(
                                System.getProperty("java.io.tmpdir"),
                                "dedup-" + ProcessHandle.current().pid())
                        .toString());
        properties.putAll(overrides);
        return properties;
    }

    TopologyTestDriver driver() {
        return driver;
    }

    DedupFixture send(@Nullable String idempotencyKey, String value, long timestamp) {
        return send("k", idempotencyKey, value, timestamp);
    }

    DedupFixture send(@Nullable String key, @Nullable String idempotencyKey, @Nullable String value, long timestamp) {
        Headers headers = new RecordHeaders();
        if (idempotencyKey != null) {
            headers.add(KEY_HEADER, idempotencyKey.getBytes(UTF_8));
        }
        return send(new TestRecord<>(key, value, headers, timestamp));
    }

    DedupFixture send(TestRecord<String, String> record) {
        driver.createInputTopic("in", new StringSerializer(), new StringSerializer())
                .pipeInput(record);
        return this;
    }

    /** The values that came out since the last call. */
    List<String> out() {
        return read("out").stream().map(TestRecord::value).toList();
    }

    List<TestRecord<String, String>> read(String topic) {
        return driver.createOutputTopic(topic, new StringDeserializer(), new StringDeserializer())
                .readRecordsToList();
    }

    /** The total of a metric of the group {@code stream-dedup-metrics}, over all tasks. */
    double metric(String name) {
        return total("stream-dedup-metrics", name);
    }

    double total(String group, String name) {
        return driver.metrics().entrySet().stream()
                .filter(metric -> metric.getKey().group().equals(group)
                        && metric.getKey().name().equals(name))
                .mapToDouble(metric -> (double) metric.getValue().metricValue())
                .sum();
    }

    static @Nullable String header(TestRecord<?, ?> record, String name) {
        Header header = record.headers().lastHeader(name);
        return header == null ? null : new String(header.value(), UTF_8);
    }

    @Override
    public void close() {
        driver.close();
    }
}
