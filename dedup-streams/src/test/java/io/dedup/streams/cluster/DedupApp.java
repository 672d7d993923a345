// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.cluster;

import static io.dedup.key.KeyExtractors.header;

import io.dedup.streams.Dedup;
import io.dedup.streams.errors.DedupProcessingExceptionHandler;
import io.dedup.streams.store.StoreEngine;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Produced;

/**
 * The application under test, {@code in -> dedup -> out}: run inside a test, or as a process of its own that can be
 * killed.
 */
final class DedupApp {
    static final Duration TTL = Duration.ofHours(1);

    private DedupApp() {}

    /** Runs until killed: {@code BOOTSTRAP APPLICATION_ID STATE_DIR GUARANTEE STALL_AT}. */
    public static void main(String[] args) throws InterruptedException {
        Properties properties = properties(args[0], args[1], Path.of(args[2]));
        properties.put("processing.guarantee", args[3]);
        int stallAt = Integer.parseInt(args[4]);
        KafkaStreams streams =
                new KafkaStreams(topology(args[1], TTL, onFirst(stallAt, DedupApp::standStill)), properties);
        streams.start();
        new CountDownLatch(1).await();
    }

    static Topology topology(String id, Duration ttl) {
        return topology(id, ttl, () -> {});
    }

    /**
     * The topics are {@code ID-in} and {@code ID-out}. An id that ends in {@code -memory} has keys kept in memory; one with {@code
     * -kip1071} in it uses the group protocol of Kafka Streams, and one with {@code -transactional} transactional stores.
     *
     * @param behind what happens behind the operator for every first
     */
    static Topology topology(String id, Duration ttl, Runnable behind) {
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> in = builder.stream(id + "-in", Consumed.with(Serdes.String(), Serdes.String()));
        Dedup.by(header(TestCluster.KEY_HEADER))
                .within(ttl)
                .withStore(StoreEngine.named(id.endsWith("-memory") ? "memory" : "rocksdb"))
                .apply(in)
                .peek((key, value) -> behind.run())
                .to(id + "-out");
        return builder.build();
    }

    /** The same with any operator. */
    static Topology topology(String id, Dedup dedup) {
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> in = builder.stream(id + "-in", Consumed.with(Serdes.String(), Serdes.String()));
        dedup.apply(in).to(id + "-out", Produced.with(Serdes.String(), Serdes.String()));
        return builder.build();
    }

    /** Does something at the first of that number, and only then. */
    static Runnable onFirst(int number, Runnable action) {
        AtomicInteger firsts = new AtomicInteger();
        return () -> {
            if (firsts.incrementAndGet() == number) {
                action.run();
            }
        };
    }

    static Properties properties(String bootstrapServers, String id, Path stateDir) {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", bootstrapServers);
        properties.put("application.id", id);
        properties.put("state.dir", stateDir.toString());
        properties.put("processing.guarantee", "exactly_once_v2");
        properties.put("processing.exception.handler", DedupProcessingExceptionHandler.class);
        properties.put("errors.dead.letter.queue.topic.name", id + "-dead");
        properties.put("processing.exception.handler.global.enabled", "true");
        if (id.contains("-transactional")) {
            properties.put("enable.transactional.statestores", "true");
        }
        if (id.contains("-kip1071")) {
            properties.put("group.protocol", "streams");
        } else {
            // The shortest a broker allows: a killed member is missed sooner.
            properties.put("session.timeout.ms", "6000");
            properties.put("heartbeat.interval.ms", "1000");
        }
        return properties;
    }

    private static void standStill() {
        try {
            new CountDownLatch(1).await();
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }
}
