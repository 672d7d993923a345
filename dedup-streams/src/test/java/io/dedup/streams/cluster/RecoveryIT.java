// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.dedup.key.KeyExtractors;
import io.dedup.streams.Dedup;
import io.dedup.streams.store.StoreEngine;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.TransactionListing;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Produced;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/**
 * What Kafka Streams recovers from by itself, it recovers from where a write to the changelog fails: no thread dies, and every key
 * comes out once.
 */
@Execution(ExecutionMode.CONCURRENT)
class RecoveryIT {
    private static final int KEYS = 600;
    /** The last of so many firsts is written to the output: before it come several batches, so that it is one of those that fails. */
    private static final int QUIET = 300;

    /** Bytes a second: after what these tests write the broker holds a producer back for ten seconds or more, but not for minutes. */
    private static final double SLOW = 5_000;

    @TempDir
    Path directory;

    private final TestCluster cluster = TestCluster.shared();

    @ParameterizedTest
    @ValueSource(strings = {"fenced-rocksdb", "fenced-memory"})
    void producerIsFenced_goesOnAndEveryKeyComesOutOnce(String id) throws Exception {
        // Given
        createTopics(id);
        try (RunningApp app = RunningApp.start(id, topology(id, () -> {}), directory.resolve("state"), Map.of())) {
            cluster.sendAll(id + "-in", 1, now(), keys(0));
            cluster.awaitProcessed(id, id + "-in");
            // When
            cluster.admin()
                    .fenceProducers(transactions(id).stream()
                            .map(TransactionListing::transactionalId)
                            .toList())
                    .all()
                    .get();
            // Then
            assertThatAllComesOutOnce(app, id, keys(1));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"expired-rocksdb", "expired-memory"})
    void transactionExpires_goesOnAndEveryKeyComesOutOnce(String id) throws Exception {
        // Given
        createTopics(id);
        Runnable stall = DedupApp.onFirst(KEYS + KEYS / 2, () -> awaitNoOpenTransaction(id));
        // When
        Map<String, Object> brief = Map.of("producer.transaction.timeout.ms", "2000", "commit.interval.ms", "1000");
        try (RunningApp app = RunningApp.start(id, topology(id, stall), directory.resolve("state"), brief)) {
            cluster.sendAll(id + "-in", 1, now(), keys(0));
            cluster.awaitProcessed(id, id + "-in");
            // Then
            assertThatAllComesOutOnce(app, id, keys(1));
        }
    }

    /**
     * At least once: what had been let through and not committed may come out again. Under exactly-once Kafka Streams 4.3 cannot
     * commit the failed transaction either, and leaves the thread to the application's handler.
     */
    @ParameterizedTest
    @ValueSource(strings = {"undelivered-rocksdb", "undelivered-memory"})
    void nothingIsDeliveredForLongerThanTheTimeout_goesOnAndNoKeyIsLost(String id) throws Exception {
        // Given
        createTopics(id);
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        log.start();
        Logger streamThread =
                (Logger) LoggerFactory.getLogger("org.apache.kafka.streams.processor.internals.StreamThread");
        streamThread.addAppender(log);
        Map<String, Object> brief = Map.of(
                "processing.guarantee", "at_least_once",
                "commit.interval.ms", "100",
                "producer.delivery.timeout.ms", "2000",
                "producer.request.timeout.ms", "1000",
                "producer.linger.ms", "0");
        try (RunningApp app = RunningApp.start(id, topology(id, () -> {}), directory.resolve("state"), brief)) {
            cluster.sendAll(id + "-in", 1, now(), keys(0));
            cluster.awaitProcessed(id, id + "-in");
            // When
            setQuota(app, SLOW);
            cluster.sendAll(id + "-in", 1, now(), keys(1));
            await().atMost(TestCluster.PATIENCE)
                    .untilAsserted(() -> assertThat(List.copyOf(log.list))
                            .anyMatch(event -> event.getFormattedMessage().contains("are corrupted")
                                    && event.getFormattedMessage().contains("[" + id + "-")));
            setQuota(app, null);
            cluster.sendAll(id + "-in", 1, now(), keys(0));
            cluster.sendAll(id + "-in", 1, now(), keys(1));
            cluster.awaitProcessed(id, id + "-in");
            // Then
            assertThat(app.state()).isEqualTo(KafkaStreams.State.RUNNING);
            assertThat(app.threadsReplaced()).isZero();
            List<String> out = cluster.read(id + "-out").stream()
                    .map(record -> shortened(record.value()))
                    .toList();
            assertThat(new HashSet<>(out)).containsExactlyInAnyOrderElementsOf(written());
            assertThat(out.size()).isLessThanOrEqualTo(written().size() + (int) app.metric("replays-total"));
        } finally {
            streamThread.detachAppender(log);
        }
    }

    /** Sends these, and then everything once more, which has to be known. */
    private void assertThatAllComesOutOnce(RunningApp app, String id, List<String> more) {
        cluster.sendAll(id + "-in", 1, now(), more);
        cluster.sendAll(id + "-in", 1, now(), keys(0));
        cluster.sendAll(id + "-in", 1, now(), more);
        cluster.awaitProcessed(id, id + "-in");
        assertThat(app.state()).isEqualTo(KafkaStreams.State.RUNNING);
        assertThat(app.threadsReplaced()).isZero();
        assertThat(cluster.read(id + "-out"))
                .extracting(ConsumerRecord::value)
                .extracting(RecoveryIT::shortened)
                .containsExactlyInAnyOrderElementsOf(written());
    }

    /** What is written to the output, of both rounds. */
    private static List<String> written() {
        return IntStream.range(0, 2 * KEYS)
                .filter(i -> i % QUIET == QUIET - 1)
                .mapToObj(String::valueOf)
                .toList();
    }

    private Topology topology(String id, Runnable onFirst) {
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> in = builder.stream(id + "-in", Consumed.with(Serdes.String(), Serdes.String()));
        Dedup.by(KeyExtractors.header(TestCluster.KEY_HEADER))
                .within(DedupApp.TTL)
                .withStore(StoreEngine.named(id.endsWith("-memory") ? "memory" : "rocksdb"))
                .apply(in)
                .peek((key, value) -> onFirst.run())
                .filter((key, value) -> isWritten(value))
                .to(id + "-out", Produced.with(Serdes.String(), Serdes.String()));
        return builder.build();
    }

    private static boolean isWritten(String value) {
        return Integer.parseInt(shortened(value)) % QUIET == QUIET - 1;
    }

    /** So long that a few make a batch, and a batch is written at once. */
    private static List<String> keys(int round) {
        return IntStream.range(round * KEYS, (round + 1) * KEYS)
                .mapToObj(i -> i + "-" + "k".repeat(230))
                .toList();
    }

    private static String shortened(String key) {
        return key.substring(0, key.indexOf('-'));
    }

    private List<TransactionListing> transactions(String id) throws Exception {
        return cluster.admin().listTransactions().all().get().stream()
                .filter(listing -> listing.transactionalId().startsWith(id + "-"))
                .toList();
    }

    /** As long as a thread has to stand still for the broker to abort what it had begun. */
    private void awaitNoOpenTransaction(String id) {
        await().atMost(TestCluster.PATIENCE)
                .untilAsserted(() -> assertThat(transactions(id))
                        .isNotEmpty()
                        .noneMatch(listing -> listing.state() == TransactionState.ONGOING));
    }

    /** A producer that is held back by the broker for longer than it tries to deliver gives up. */
    private void setQuota(RunningApp app, @Nullable Double bytesPerSecond) throws Exception {
        List<ClientQuotaAlteration> alterations = app.streams().metadataForLocalThreads().stream()
                .flatMap(thread -> thread.producerClientIds().stream())
                .map(client -> new ClientQuotaAlteration(
                        new ClientQuotaEntity(Map.of(ClientQuotaEntity.CLIENT_ID, client)),
                        List.of(new ClientQuotaAlteration.Op("producer_byte_rate", bytesPerSecond))))
                .toList();
        cluster.admin().alterClientQuotas(alterations).all().get();
    }

    private void createTopics(String id) {
        for (String topic : List.of("-in", "-out", "-dead")) {
            cluster.createTopic(id + topic, 1, Map.of());
        }
    }

    private static long now() {
        return System.currentTimeMillis();
    }
}
