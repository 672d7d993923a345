// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code dedup check --sample} on a real broker. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class KeySampleIT {
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
    void sample_recordsAsTheyCome_countsEachSourceAndShowsWhatIsOdd() throws Exception {
        relays.topic("mixed", 1);
        send(
                "mixed",
                headers("idempotency-key", "o-1"),
                headers("idempotency-key", "7F2C1E0A-9B1D-4C3E-8F00-1234567890AB"),
                headers("idempotency-key", "null"),
                headers("Idempotency-Key", "o-2"));
        send("mixed", headers("idempotency-key", "o-3 "), null);
        Outcome outcome = Outcome.of("check", "--sample", "100", file("mixed").toString());
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        assertThat(outcome.out())
                .contains("mixed: 3 of the last 5 records have a key (60.0 %)")
                .contains("header:idempotency-key: 3, as ")
                .contains("1 absent: The record has no header 'idempotency-key', but it has 'Idempotency-Key'")
                .contains("1 placeholder: ")
                .contains("odd: 1 would be spelled in another way by |trim")
                .contains("odd: 1 would be spelled in another way by |uuid")
                .contains("odd: 1 tombstones, which get a verdict")
                .doesNotContain("|json-string");
    }

    @Test
    void sample_smallerThanTheTopic_isOfItsEnd() throws Exception {
        relays.topic("long", 1);
        send("long", headers("other", "x"), headers("other", "x"), headers("idempotency-key", "last"));
        assertThat(Outcome.of("check", "--sample", "1", file("long").toString()).out())
                .contains("long: 1 of the last 1 records have a key (100.0 %)")
                .contains("as last");
    }

    @Test
    void sample_noRecordHasAKey_isAProblem() throws Exception {
        relays.topic("keyless", 1);
        send("keyless", headers("other", "x"));
        Outcome outcome = Outcome.of("check", "--sample", "10", file("keyless").toString());
        assertThat(outcome.exitCode()).isEqualTo(ExitCode.CONFIGURATION_INVALID);
        assertThat(outcome.out()).contains("keyless: 0 of the last 1 records");
        assertThat(outcome.err())
                .contains("DEDUP-209 dedup.key=header:idempotency-key: None of 1 records of keyless has a key there");
    }

    /** There is nothing to tell. */
    @Test
    void sample_emptyTopic_isNoProblem() throws Exception {
        relays.topic("empty", 1);
        Outcome outcome = Outcome.of("check", "--sample", "10", file("empty").toString());
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        assertThat(outcome.out()).contains("empty: 0 of the last 0 records have a key");
    }

    @Test
    void sample_unusableNumber_isUsage() throws Exception {
        assertThat(Outcome.of("check", "--sample", "0", file("x").toString()).exitCode())
                .isEqualTo(ExitCode.USAGE);
        assertThat(Outcome.of("check", "--offline", "--sample", "1", file("x").toString())
                        .exitCode())
                .isEqualTo(ExitCode.USAGE);
    }

    private static Headers headers(String name, String value) {
        return new RecordHeaders().add(name, value.getBytes(UTF_8));
    }

    private static void send(String topic, Headers... all) throws Exception {
        for (Headers headers : all) {
            send(topic, headers, "v".getBytes(UTF_8));
        }
    }

    private static void send(String topic, Headers headers, byte @Nullable [] value) throws Exception {
        Map<String, Object> configs = Map.of("bootstrap.servers", relays.bootstrapServers());
        try (var producer = new KafkaProducer<>(configs, new ByteArraySerializer(), new ByteArraySerializer())) {
            producer.send(new ProducerRecord<>(topic, 0, null, null, value, headers))
                    .get();
        }
    }

    private Path file(String topic) throws IOException {
        return relays.file(
                directory,
                "sample-" + topic,
                topic + "->" + topic + ".unique",
                "dedup.dead.letter.topic=" + topic + ".dead");
    }
}
