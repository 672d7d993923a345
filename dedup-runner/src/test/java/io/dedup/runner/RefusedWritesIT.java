// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import static io.dedup.runner.TopicsFixture.header;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.dedup.testing.TestServers;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Properties;
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

/** Records that a topic does not take, on a real broker: each is written somewhere, and the relay goes on. */
@Timeout(value = 3, unit = TimeUnit.MINUTES) // A relay that never sees the end would run for ever.
class RefusedWritesIT {
    private static final int MEGABYTE = 1 << 20;
    private static final byte[] SMALL = {1};

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

    @ParameterizedTest
    @CsvSource({"as-is,exactly_once_v2", "by-key,exactly_once_v2", "as-is,at_least_once"})
    void run_recordsLargerThanKafkasRequests_areRelayedIntoTopicsThatTakeThem(String partitioning, String guarantee)
            throws Exception {
        // Given
        String id = "large-" + partitioning + "-" + guarantee.charAt(0);
        topics.topic(id + "-in", 1, Map.of("max.message.bytes", Integer.toString(4 * MEGABYTE)));
        topics.send(id + "-in", "k", "a", random(3 * MEGABYTE));
        topics.send(id + "-in", "k", "a", random(3 * MEGABYTE));
        topics.send(id + "-in", "k", "b", SMALL);
        // When
        Outcome outcome = run(id, "dedup.partitioning=" + partitioning, "processing.guarantee=" + guarantee);
        // Then
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        assertThat(topics.read(id + "-out"))
                .extracting(record -> record.value().length)
                .containsExactlyInAnyOrder(3 * MEGABYTE, 1);
        assertThat(topics.read(id + "-dead-letter")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"exactly_once_v2", "at_least_once"})
    void run_largerThanTheTargetTakes_isADeadLetterUntilTheTargetTakesIt(String guarantee) throws Exception {
        // Given
        String id = "narrow-" + guarantee.charAt(0);
        topics.topic(id + "-in", 1, Map.of());
        topics.topic(id + "-out", 1, Map.of("max.message.bytes", "1000"));
        topics.send(id + "-in", "k", "a", random(2000));
        topics.send(id + "-in", "k", "b", SMALL);
        // When
        Outcome outcome = run(id, "processing.guarantee=" + guarantee);
        // Then
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        assertThat(outcome.err()).contains("Worth knowing: DEDUP-211 dedup.routes=" + id + "-out");
        assertThat(outcome.out()).containsPattern("unwritable +1");
        assertThat(topics.read(id + "-out")).hasSize(1);
        ConsumerRecord<byte[], byte[]> letter = only(id + "-dead-letter");
        assertThat(letter.value()).isEqualTo(random(2000));
        assertThat(header(letter, "__dedup.reason")).isEqualTo("unwritable:too-large");
        assertThat(header(letter, "__dedup.target")).isEqualTo(id + "-out");
        assertThat(header(letter, "__dedup.offset")).isEqualTo("0");
        assertThat(header(letter, "__dedup.detail")).contains("at most 1000 (max.message.bytes)");
        // When the target takes it and it is sent again
        topics.alter(id + "-out", "max.message.bytes", "10000");
        topics.send(id + "-in", "k", "a", random(2000));
        assertThat(run(id, "processing.guarantee=" + guarantee).exitCode()).isZero();
        // Then
        assertThat(topics.read(id + "-out"))
                .extracting(record -> record.value().length)
                .containsExactly(1, 2000);
    }

    @Test
    void run_recordThatFitsToTheByte_isRelayedAndOneByteMoreIsNot() throws Exception {
        // Given
        String id = "exact";
        topics.topic(id + "-in", 1, Map.of());
        topics.topic(id + "-out", 1, Map.of("max.message.bytes", "1000"));
        for (int bytes = 870; bytes <= 930; bytes++) {
            topics.send(id + "-in", "k", "n" + bytes, random(bytes));
        }
        // When
        Outcome outcome = run(id);
        // Then
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        int relayed = topics.read(id + "-out").size();
        assertThat(topics.read(id + "-out"))
                .as("the broker takes exactly those")
                .last()
                .extracting(record -> record.serializedValueSize())
                .isEqualTo(869 + relayed);
        List<ConsumerRecord<byte[], byte[]>> letters = topics.read(id + "-dead-letter");
        assertThat(relayed).isBetween(1, 60);
        assertThat(letters).hasSize(61 - relayed);
        assertThat(header(letters.get(0), "__dedup.detail")).contains("It has 1001 bytes");
    }

    @ParameterizedTest
    @CsvSource({"none,0,1", "gzip,1,0", "zstd,1,0"})
    void run_recordThatFitsOnlyCompressed_isRelayedIfTheProducerCompresses(String codec, int relayed, int dead)
            throws Exception {
        // Given
        String id = "compressed-" + codec;
        topics.topic(id + "-in", 1, Map.of());
        topics.send(id + "-in", "k", "a", new byte[3 * MEGABYTE]);
        topics.send(id + "-in", "k", "b", SMALL);
        // When
        Outcome outcome = run(id, "compression.type=" + codec);
        // Then
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        assertThat(topics.read(id + "-out")).hasSize(relayed + 1);
        List<ConsumerRecord<byte[], byte[]>> letters = topics.read(id + "-dead-letter");
        assertThat(letters).hasSize(dead);
        for (ConsumerRecord<byte[], byte[]> letter : letters) {
            assertThat(letter.value()).isNull();
            assertThat(header(letter, "__dedup.value.omitted")).isEqualTo(Integer.toString(3 * MEGABYTE));
            assertThat(header(letter, "__dedup.topic")).isEqualTo(id + "-in");
        }
    }

    @Test
    void run_deadLetterTooLargeForItsTopic_isWrittenWithoutItsValue() throws Exception {
        // Given
        String id = "cut";
        topics.topic(id + "-in", 1, Map.of());
        topics.topic(id + "-dead-letter", 1, Map.of("max.message.bytes", "2000"));
        topics.send(id + "-in", "k", "", random(5000));
        topics.send(id + "-in", "k", "b", SMALL);
        // When
        Outcome outcome = run(id);
        // Then
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        assertThat(outcome.err()).contains("Worth knowing: DEDUP-220 dedup.dead.letter.topic=cut-dead-letter");
        assertThat(topics.read(id + "-out")).hasSize(1);
        ConsumerRecord<byte[], byte[]> letter = only(id + "-dead-letter");
        assertThat(letter.value()).isNull();
        assertThat(header(letter, "__dedup.value.omitted")).isEqualTo("5000");
        assertThat(header(letter, "__dedup.reason")).startsWith("missing-key");
    }

    @Test
    void run_timesAndKeysThatTheTargetRefuses_areDeadLetters() throws Exception {
        // Given
        String id = "strict";
        topics.topic(id + "-in", 1, Map.of("message.timestamp.after.max.ms", Long.toString(Long.MAX_VALUE)));
        topics.topic(id + "-out", 1, Map.of("cleanup.policy", "compact", "message.timestamp.before.max.ms", "3600000"));
        long now = System.currentTimeMillis();
        topics.send(new ProducerRecord<>(id + "-in", 0, now - 7_200_000, SMALL, SMALL), "old");
        topics.send(new ProducerRecord<>(id + "-in", 0, now, null, SMALL), "keyless");
        topics.send(new ProducerRecord<>(id + "-in", 0, now, SMALL, SMALL), "good");
        // When
        Outcome outcome = run(id);
        // Then
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        assertThat(outcome.err())
                .contains("Worth knowing: DEDUP-213 dedup.routes=strict-out")
                .contains("Worth knowing: DEDUP-214 dedup.routes=strict-out");
        assertThat(topics.read(id + "-out")).hasSize(1);
        assertThat(topics.read(id + "-dead-letter"))
                .extracting(letter -> header(letter, "__dedup.reason"))
                .containsExactly("unwritable:too-old", "unwritable:no-key");
    }

    @Test
    void run_configuredToFail_stopsWithTopicRecordSettingAndFix() throws Exception {
        String id = "unwritable-fail";
        topics.topic(id + "-in", 1, Map.of());
        topics.topic(id + "-out", 1, Map.of("max.message.bytes", "1000"));
        topics.send(id + "-in", "k", "a", random(2000));
        Outcome outcome = run(id, "dedup.on.unwritable=fail");
        assertThat(outcome.exitCode()).isEqualTo(ExitCode.FAILED);
        assertThat(outcome.err())
                .contains("The record at " + id + "-in-0@0 cannot be written to " + id + "-out")
                .contains("at most 1000 (max.message.bytes)")
                .contains("Raise max.message.bytes of the topic")
                .contains("dedup.on.unwritable=dead-letter");
        assertThat(topics.read(id + "-out")).isEmpty();
    }

    /** What topics refuse is read at the start; what they refuse later stops the relay once, and not at every start. */
    @ParameterizedTest
    @ValueSource(strings = {"-out", "-dead-letter"})
    void run_limitLoweredMeanwhile_stopsOnceWithTopicRecordAndFixAndThenGoesOn(String lowered) throws Exception {
        // Given
        String id = "lowered" + lowered;
        topics.topic(id + "-in", 1, Map.of());
        topics.topic(id + "-out", 1, Map.of());
        topics.topic(id + "-dead-letter", 1, Map.of());
        topics.send(id + "-in", "k", lowered.equals("-out") ? "a" : "", random(5000));
        topics.send(id + "-in", "k", "b", SMALL);
        Path file = topics.file(directory, id);
        Settings settings = Settings.load(file, Map.of(), List.of());
        Properties prepared = RaisedSettings.of(
                settings.application(),
                RelayTopics.of(settings.application(), ConfigurationOptions.config(settings)),
                new TopicSettings(topics.admin()));
        topics.alter(id + lowered, "max.message.bytes", "2500");
        // When
        try (Relay relay = new Relay(prepared, ConfigurationOptions.config(settings))) {
            relay.start(false);
            // Then
            assertThat(catchThrowable(relay::awaitEnd))
                    .isInstanceOf(CommandFailedException.class)
                    .hasMessageContaining("A record was refused by the topic " + id + lowered)
                    .hasMessageContaining(id + "-in-0@")
                    .hasMessageContaining("Raise max.message.bytes of the topic");
        }
        // When
        Outcome again = Outcome.of("run", "--until-end", file.toString());
        // Then
        assertThat(again.exitCode()).as(again.err()).isZero();
        assertThat(topics.read(id + "-out")).hasSize(1);
        assertThat(only(id + "-dead-letter").key()).isEqualTo("k".getBytes(UTF_8));
    }

    private Outcome run(String id, String... more) throws Exception {
        return Outcome.of("run", "--until-end", topics.file(directory, id, more).toString());
    }

    private static ConsumerRecord<byte[], byte[]> only(String topic) {
        List<ConsumerRecord<byte[], byte[]>> records = topics.read(topic);
        assertThat(records).hasSize(1);
        return records.get(0);
    }

    private static byte[] random(int bytes) {
        byte[] random = new byte[bytes];
        new Random(bytes).nextBytes(random);
        return random;
    }
}
