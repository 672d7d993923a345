// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.DedupHeaders;
import io.dedup.config.ConfigProblem;
import io.dedup.config.ConfigProblem.Code;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is lost and found where sources of a route, records, or what is remembered have gone, on a real broker. */
@Timeout(180) // A relay that never sees the end would run for ever.
class LostTopicsIT {
    @SuppressWarnings("NullAway.Init") // started before the tests
    private static RelayFixture relays;

    @TempDir
    Path directory;

    @BeforeAll
    static void start() {
        relays = new RelayFixture();
    }

    @AfterAll
    static void stop() {
        relays.close();
    }

    @Test
    void run_secondSourceOfARouteIsMissing_isLeftOutAndEveryRouteGoesOn() throws Exception {
        // Given
        String id = "partly";
        relays.topic(id + "-one", 1);
        relays.topic(id + "-two", 1);
        relays.topic(id + "-other", 1);
        relays.send(id + "-one", "a");
        relays.send(id + "-two", "b");
        relays.send(id + "-other", "x");
        String routes = id + "-one+" + id + "-two->" + id + "," + id + "-other->" + id + "-other-out";
        Path file = relays.file(directory, id, routes);
        assertThat(relays.untilEnd(file).exitCode()).isZero();
        relays.delete(id + "-two");
        relays.send(id + "-one", "b", "c");
        relays.send(id + "-other", "y");
        // When
        Outcome refused = relays.untilEnd(file);
        Outcome rest = relays.untilEnd(file, "--leave-out-missing");
        // Then
        assertThat(refused.exitCode()).isEqualTo(ExitCode.CONFIGURATION_INVALID);
        assertThat(rest.exitCode()).as(rest.err()).isZero();
        assertThat(rest.err()).contains("Left out, since it is not there: " + id + "-two of ");
        assertThat(relays.read(id)).containsExactlyInAnyOrder("a", "b", "c");
        assertThat(relays.read(id + "-other-out")).containsExactlyInAnyOrder("x", "y");
    }

    /** Under its name keys are remembered: without it nothing would be found. */
    @Test
    void run_firstSourceOfARouteIsMissing_routeIsLeftOut() throws Exception {
        // Given
        String id = "headless";
        relays.topic(id + "-two", 1);
        relays.topic(id + "-other", 1);
        relays.send(id + "-two", "a");
        relays.send(id + "-other", "x");
        String route = id + "-one+" + id + "-two->" + id;
        // When
        Outcome rest = relays.untilEnd(
                relays.file(directory, id, route + "," + id + "-other->" + id + "-other-out"), "--leave-out-missing");
        // Then
        assertThat(rest.exitCode()).as(rest.err()).isZero();
        assertThat(rest.err()).contains("Left out, since its source is not there: " + route);
        assertThat(relays.read(id + "-other-out")).containsExactly("x");
        assertThat(relays.admin().listTopics().names().get()).doesNotContain(id);
    }

    /** A region that has been quiet so far has nothing committed. */
    @Test
    void warmStart_oneSourceWasNeverRead_remembersTheOthers() throws Exception {
        // Given
        String id = "quiet";
        relays.topic(id + "-one", 1);
        relays.topic(id + "-two", 1);
        relays.send(id + "-one", "a", "b");
        Path file = relays.file(directory, id, id + "-one+" + id + "-two->" + id);
        assertThat(relays.untilEnd(file).exitCode()).isZero();
        relays.admin()
                .deleteConsumerGroupOffsets(id, Set.of(new TopicPartition(id + "-two", 0)))
                .all()
                .get();
        relays.delete(id + "-dedup-" + id + "-one-seen-changelog");
        // When
        Outcome warm = Outcome.of("warm-start", file.toString());
        relays.send(id + "-two", "a", "c");
        Outcome rest = relays.untilEnd(file);
        // Then
        assertThat(warm.exitCode()).as(warm.err()).isZero();
        assertThat(rest.exitCode()).as(rest.err()).isZero();
        assertThat(relays.read(id)).containsExactlyInAnyOrder("a", "b", "c");
    }

    /** A dead letter was not processed: sent again, it is the first of its key. */
    @Test
    void warmStart_recordIsADeadLetter_isNotRememberedAndComesThroughWhenSentAgain() throws Exception {
        // Given
        String id = "resent";
        relays.topic(id + "-in", 1);
        relays.topic(id + "-out", 1);
        relays.alter(id + "-out", "max.message.bytes", "400");
        relays.send(id + "-in", "small", "large".repeat(40));
        Path file = relays.file(directory, id, id + "-in->" + id + "-out", "dedup.dead.letter.topic=" + id + "-dead");
        assertThat(relays.untilEnd(file).exitCode()).isZero();
        assertThat(relays.read(id + "-dead")).hasSize(1);
        sendLetterOfAnother(id + "-dead", id + "-in");
        relays.delete(id + "-dedup-" + id + "-in-seen-changelog");
        relays.alter(id + "-out", "max.message.bytes", "1000000");
        // When
        Outcome warm = Outcome.of("warm-start", file.toString());
        relays.send(id + "-in", "small", "large".repeat(40));
        Outcome rest = relays.untilEnd(file);
        // Then
        assertThat(warm.out()).contains(id + "-in: 2 records read, 1 of them remembered");
        assertThat(rest.exitCode()).as(rest.err()).isZero();
        assertThat(relays.read(id + "-out")).containsExactly("small", "large".repeat(40));
    }

    /** The repartition topic keeps its size, and each key its partition. */
    @Test
    void run_smallerOfTwoSourcesGrowsAndKeysDecide_goesOn() throws Exception {
        // Given
        String id = "uneven";
        relays.topic(id + "-one", 3);
        relays.topic(id + "-two", 1);
        relays.send(id + "-one", "a");
        Path file = relays.file(directory, id, id + "-one+" + id + "-two->" + id, "dedup.partitioning=by-key");
        CompletableFuture<Outcome> relay = relays.running(file, id, "a");
        // When
        relays.admin()
                .createPartitions(Map.of(id + "-two", NewPartitions.increaseTo(2)))
                .all()
                .get();
        relays.send(id + "-two", "a", "b", "c", "d", "e", "f");
        // Then
        relays.awaitRead(id, "a", "b", "c", "d", "e", "f");
        assertThat(relay).isNotDone();
        relays.admin()
                .createPartitions(Map.of(id + "-two", NewPartitions.increaseTo(4)))
                .all()
                .get();
        assertThat(relay)
                .succeedsWithin(RelayFixture.PATIENCE)
                .satisfies(outcome -> assertThat(outcome.err()).contains("DEDUP-203 dedup.routes=" + id + "-two"));
    }

    @Test
    void check_changelogOfASecondSourceCouldNotBeNamed_isNotLookedFor() throws Exception {
        // Given
        String id = "long";
        String second = id + "-" + "s".repeat(230);
        relays.topic(id + "-one", 1);
        relays.topic(second, 1);
        // When
        Outcome outcome = Outcome.of(
                "check",
                relays.file(directory, id, id + "-one+" + second + "->" + id).toString());
        // Then
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
    }

    /** The consumer goes on behind them, and commits. */
    @Test
    void overtaken_recordsDeletedBehindWhatWasCommitted_areReportedOnce() throws Exception {
        // Given
        String id = "overtaken";
        TopicPartition partition = new TopicPartition(id + "-in", 0);
        relays.topic(id + "-in", 1);
        relays.send(id + "-in", "a", "b", "c", "d");
        Settings settings = Settings.load(file(id), Map.of(), List.of());
        Properties application = settings.application();
        RetentionWatch watch = new RetentionWatch(application, ConfigurationOptions.config(settings));
        commit(id, partition, 1);
        assertThat(watch.overtaken(relays.admin())).isEmpty();
        // When
        relays.admin()
                .deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(3)))
                .all()
                .get();
        commit(id, partition, 3);
        // Then
        assertThat(watch.overtaken(relays.admin()))
                .singleElement()
                .satisfies(problem -> assertThat(problem.toString())
                        .startsWith("DEDUP-223 dedup.routes=" + id + "-in")
                        .contains("up to 2 records were deleted"))
                .extracting(ConfigProblem::code)
                .isEqualTo(Code.RECORDS_DELETED_UNREAD);
        assertThat(watch.overtaken(relays.admin())).isEmpty();
    }

    /** Which says that another application has failed on the first record. */
    private static void sendLetterOfAnother(String topic, String source) throws Exception {
        Map<String, Object> configs = Map.of("bootstrap.servers", relays.bootstrapServers());
        try (var producer = new KafkaProducer<>(configs, new ByteArraySerializer(), new ByteArraySerializer())) {
            RecordHeaders headers = new RecordHeaders();
            Map.of(
                            DedupHeaders.NODE, "another",
                            DedupHeaders.TOPIC, source,
                            DedupHeaders.PARTITION, "0",
                            DedupHeaders.OFFSET, "0")
                    .forEach((name, text) -> headers.add(name, text.getBytes(UTF_8)));
            producer.send(new ProducerRecord<>(topic, null, null, null, "small".getBytes(UTF_8), headers))
                    .get();
        }
    }

    private static void commit(String group, TopicPartition partition, long offset) throws Exception {
        relays.admin()
                .alterConsumerGroupOffsets(group, Map.of(partition, new OffsetAndMetadata(offset)))
                .all()
                .get();
    }

    private Path file(String id) throws IOException {
        return relays.file(directory, id, id + "-in->" + id + "-out");
    }
}
