// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.embedded.EmbeddedBroker;
import io.dedup.testing.TestServers;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code check} and {@code run} say about topics that refuse something, and what they raise, on a real broker. */
@Timeout(value = 3, unit = TimeUnit.MINUTES) // A relay that never sees the end would run for ever.
class RefusalCheckIT {
    private static final byte[] SMALL = {1};
    private static final String FOR_EVER = Long.toString(Long.MAX_VALUE);

    @SuppressWarnings("NullAway.Init") // started before the tests
    private static TestServers.Kafka broker;

    @SuppressWarnings("NullAway.Init") // started before the tests
    private static TopicsFixture topics;

    @TempDir
    Path directory;

    @BeforeAll
    static void start() {
        broker = TestServers.kafka();
        topics = new TopicsFixture(broker.bootstrapServers());
    }

    @AfterAll
    static void stop() {
        topics.close();
        broker.close();
    }

    @Test
    void check_everySettingThatRefusesARecord_isNamedWithTheFix() throws Exception {
        // Given
        String id = "refusing";
        topics.topic(id + "-in", 1, Map.of("max.message.bytes", "2000000"));
        topics.topic(
                id + "-out",
                2,
                Map.of(
                        "max.message.bytes", "1000",
                        "cleanup.policy", "compact",
                        "message.timestamp.before.max.ms", "1000",
                        "min.insync.replicas", "2"));
        topics.topic(id + "-dup", 1, Map.of("max.message.bytes", "1500", "message.timestamp.after.max.ms", "1000"));
        topics.topic(id + "-dead-letter", 1, Map.of("max.message.bytes", "1700", "cleanup.policy", "compact"));
        Path file = topics.file(
                directory,
                id,
                "dedup.on.duplicate=duplicates-topic",
                "dedup.duplicates.topic=" + id + "-dup",
                "dedup.target.partition=source",
                "dedup.changelog.min.insync.replicas=2",
                "producer.max.request.size=1900000",
                "buffer.memory=1950000");
        // When
        Outcome outcome = Outcome.of("check", file.toString());
        // Then
        assertThat(outcome.exitCode()).isEqualTo(ExitCode.CONFIGURATION_INVALID);
        assertThat(outcome.err())
                .contains("DEDUP-211 dedup.routes=" + id + "-out: It takes records of up to 1000 bytes")
                .contains("DEDUP-211 dedup.duplicates.topic=" + id + "-dup")
                .contains("Set max.message.bytes=2000000 on the topic")
                .contains("DEDUP-212 max.request.size=1900000")
                .contains("DEDUP-212 buffer.memory=1950000")
                .contains("DEDUP-213 dedup.routes=" + id + "-out")
                .contains("DEDUP-214 dedup.routes=" + id + "-out")
                .contains("DEDUP-215 dedup.dead.letter.topic=" + id + "-dead-letter")
                .contains("DEDUP-216 dedup.routes=" + id + "-out: It has 1 replica, and 2 have to take a write")
                .contains("DEDUP-216 application.id=" + id + ": " + id + "-dedup-" + id
                        + "-in-seen-changelog would have 1 replica, and 2 have to take a write")
                .contains("DEDUP-218 dedup.target.partition=source: " + id + "-in has 1 partitions")
                .contains("DEDUP-220 dedup.dead.letter.topic=" + id + "-dead-letter")
                .contains("DEDUP-205 dedup.max.future.ms=3600000: " + id + "-dup");
    }

    @ParameterizedTest
    @CsvSource({
        "record-key, judge, true",
        "header:tenant + record-key, judge, true",
        "record-key, forward, false",
        "header:idempotency-key, judge, false"
    })
    void check_compactedTargetAndTombstonesThatAreJudged_warnsIfTheyHaveTheKeyOfWhatTheyDelete(
            String key, String policy, boolean isWarned) throws Exception {
        // Given
        String id = "deleting-" + policy + "-" + key.length();
        topics.topic(id + "-in", 1, Map.of("cleanup.policy", "compact"));
        topics.topic(id + "-out", 1, Map.of("cleanup.policy", "compact"));
        Path file = topics.file(directory, id, "dedup.key=" + key, "dedup.on.tombstone=" + policy);
        // When
        Outcome outcome = Outcome.of("check", file.toString());
        // Then
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        assertThat(outcome.err().contains("DEDUP-228 dedup.on.tombstone=judge: " + id + "-out is compacted"))
                .isEqualTo(isWarned);
    }

    @ParameterizedTest
    @ValueSource(strings = {"check", "run"})
    void check_nameThatCollidesWithAnotherTopic_isRefusedAndNotUnreachable(String command) throws Exception {
        String id = "collide-" + command;
        topics.topic(id + "-in", 1, Map.of());
        topics.topic(id + "_x", 1, Map.of());
        Path file = topics.file(directory, id, "dedup.routes=" + id + "-in->" + id + ".x");
        Outcome outcome = Outcome.of(command, file.toString());
        assertThat(outcome.exitCode()).isEqualTo(ExitCode.CONFIGURATION_INVALID);
        assertThat(outcome.err())
                .contains("DEDUP-210 dedup.routes=" + id + ".x")
                .contains(id + "_x");
    }

    /** The owner of a cluster can bound all topics that set nothing themselves. */
    @Test
    void run_brokerWhoseTopicsRefuseByDefault_topicsThatAreCreatedTakeWhatTheSourceHas() throws Exception {
        // Given
        String id = "bounded";
        Map<String, String> overrides = Map.of(
                "message.max.bytes", "100000",
                "log.message.timestamp.before.max.ms", "3600000",
                "log.message.timestamp.after.max.ms", "60000");
        try (EmbeddedBroker bounded = EmbeddedBroker.start(overrides);
                TopicsFixture own = new TopicsFixture(bounded.bootstrapServers())) {
            own.topic(
                    id + "-in",
                    1,
                    Map.of(
                            "max.message.bytes", "500000",
                            "message.timestamp.before.max.ms", FOR_EVER,
                            "message.timestamp.after.max.ms", FOR_EVER));
            long now = System.currentTimeMillis();
            byte[] large = new byte[400_000];
            new Random(1).nextBytes(large);
            own.send(new ProducerRecord<>(id + "-in", 0, now - 86_400_000, SMALL, large), "old");
            own.send(new ProducerRecord<>(id + "-in", 0, now + 1_800_000, SMALL, SMALL), "ahead");
            // When
            Outcome outcome = Outcome.of(
                    "run",
                    "--until-end",
                    own.file(directory, id, "dedup.partitioning=by-key").toString());
            // Then
            assertThat(outcome.exitCode()).as(outcome.err()).isZero();
            assertThat(own.read(id + "-out")).hasSize(2);
            assertThat(own.read(id + "-dead-letter")).isEmpty();
            assertThat(own.settings(id + "-dedup-" + id + "-in-seen-changelog"))
                    .containsEntry("max.message.bytes", "501024")
                    .containsEntry("message.timestamp.before.max.ms", FOR_EVER);
        }
    }

    @Test
    void run_internalTopicThatRefuses_isAltered() throws Exception {
        // Given
        String id = "altered";
        String changelog = id + "-dedup-" + id + "-in-seen-changelog";
        String repartition = id + "-dedup-" + id + "-in-repartition";
        topics.topic(id + "-in", 1, Map.of());
        topics.send(id + "-in", "k", "a", SMALL);
        Path file = topics.file(directory, id, "dedup.partitioning=by-key");
        assertThat(Outcome.of("run", "--until-end", file.toString()).exitCode()).isZero();
        topics.alter(changelog, "max.message.bytes", "10");
        topics.alter(repartition, "max.message.bytes", "10");
        topics.alter(repartition, "message.timestamp.before.max.ms", "1000");
        topics.send(new ProducerRecord<>(id + "-in", 0, System.currentTimeMillis() - 60_000, SMALL, SMALL), "b");
        // When
        Outcome outcome = Outcome.of("run", "--until-end", file.toString());
        // Then
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        assertThat(topics.read(id + "-out")).hasSize(2);
        assertThat(topics.settings(changelog)).containsEntry("max.message.bytes", "262144");
        assertThat(topics.settings(repartition))
                .containsEntry("max.message.bytes", Integer.toString(1_048_588 + 1024))
                .containsEntry("message.timestamp.before.max.ms", FOR_EVER);
    }

    @ParameterizedTest
    @ValueSource(strings = {"as-is", "by-key"})
    void run_targetPartitionOfTheSource_everyRecordKeepsItsPartition(String partitioning) throws Exception {
        // Given
        String id = "kept-" + partitioning;
        topics.topic(id + "-in", 3, Map.of());
        for (int partition = 0; partition < 3; partition++) {
            for (String key : new String[] {"x", "y", "z"}) {
                byte[] bytes = {(byte) partition};
                topics.send(new ProducerRecord<>(id + "-in", partition, SMALL, bytes), key + partition);
                topics.send(new ProducerRecord<>(id + "-in", partition, null, bytes), key + partition + "-keyless");
            }
        }
        // When
        Outcome outcome = Outcome.of(
                "run",
                "--until-end",
                topics.file(directory, id, "dedup.target.partition=source", "dedup.partitioning=" + partitioning)
                        .toString());
        // Then
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        assertThat(topics.read(id + "-out")).hasSize(18).allSatisfy(RefusalCheckIT::isOnItsPartition);
    }

    private static void isOnItsPartition(ConsumerRecord<byte[], byte[]> record) {
        assertThat(record.partition()).isEqualTo(record.value()[0]);
    }
}
