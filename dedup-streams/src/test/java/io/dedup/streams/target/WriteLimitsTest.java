// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.target;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Random;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WriteLimitsTest {
    private static final long NOW = 1_766_000_000_000L;
    private static final byte[] KEY = "key".getBytes(UTF_8);
    private static final RecordHeaders HEADERS = new RecordHeaders();

    @Test
    void problem_sizeOfABatch_isRefusedFromTheFirstByteTooMany() {
        WriteLimits limits = topic(Map.of("max.message.bytes", "1000"));
        byte[] fitting = fitting(1000);
        assertThat(problem(limits, fitting)).isNull();
        assertThat(problem(limits, new byte[fitting.length + 1]))
                .isEqualTo(Unwritable.tooLarge("out", "max.message.bytes", 1000, 1001));
    }

    @ParameterizedTest
    @ValueSource(strings = {"max.request.size", "producer.max.request.size", "producer.buffer.memory"})
    void problem_sizeOfARequest_isRefusedByTheProducersSetting(String setting) {
        WriteLimits limits = WriteLimits.of(Map.of(setting, "1000"), Map.of());
        int overhead =
                Math.toIntExact(RecordSize.of(KEY, new byte[900], HEADERS).inRequest() - 900);
        assertThat(problem(limits, new byte[1000 - overhead])).isNull();
        assertThat(problem(limits, new byte[1001 - overhead]))
                .extracting(Unwritable::reason, Unwritable::detail)
                .containsExactly(
                        "unwritable:too-large",
                        "It has 1001 bytes, and the producer sends to out at most 1000 ("
                                + setting.replace("producer.", "") + ")");
    }

    @ParameterizedTest
    @ValueSource(strings = {"gzip", "snappy", "lz4", "zstd"})
    void problem_producerCompresses_whatIsSentCounts(String codec) {
        Map<String, String> configs = Map.of("compression.type", codec, "max.request.size", "1000000");
        WriteLimits limits = WriteLimits.of(configs, topics(Map.of("max.message.bytes", "9000")));
        byte[] random = new byte[10_000];
        new Random(1).nextBytes(random);
        assertThat(problem(limits, new byte[100_000])).as("compressible").isNull();
        assertThat(problem(limits, random)).as("incompressible").isNotNull();
    }

    @Test
    void problem_brokerKeepsAnotherCodec_bothSizesCount() {
        Map<String, String> configs = Map.of("compression.type", "zstd", "max.request.size", "1000000");
        Map<String, String> settings = Map.of("max.message.bytes", "9000", "compression.type", "uncompressed");
        assertThat(problem(WriteLimits.of(configs, topics(settings)), new byte[100_000]))
                .as("the broker uncompresses it")
                .isNotNull();
        Random random = new Random(1);
        byte[] fitting = fitting(9000);
        random.nextBytes(fitting);
        Map<String, String> recompressing = Map.of("max.message.bytes", "9000", "compression.type", "gzip");
        assertThat(problem(topic(recompressing), fitting))
                .as("it grows when it is compressed")
                .isNotNull();
        assertThat(problem(topic(Map.of("max.message.bytes", "9000", "compression.type", "producer")), fitting))
                .isNull();
    }

    @Test
    void problem_time_isRefusedALittleBeforeTheLimit() {
        WriteLimits limits = topic(
                Map.of("message.timestamp.before.max.ms", "1000000", "message.timestamp.after.max.ms", "2000000"));
        assertThat(at(limits, NOW - 990_000)).isNull();
        assertThat(at(limits, NOW - 990_001)).isEqualTo(Unwritable.tooOld("out", 990_001, 1_000_000));
        assertThat(at(limits, NOW + 1_990_000)).isNull();
        assertThat(at(limits, NOW + 1_990_001)).isEqualTo(Unwritable.tooFarAhead("out", 1_990_001, 2_000_000));
    }

    @Test
    void problem_noTimeIsAsked_oldBrokersAndStampsOfArrivalAreKnown() {
        assertThat(at(topic(Map.of("message.timestamp.difference.max.ms", "1000")), NOW - 2000))
                .as("before Kafka 3.6")
                .isNotNull();
        assertThat(at(
                        topic(Map.of(
                                "message.timestamp.type", "LogAppendTime", "message.timestamp.before.max.ms", "1")),
                        0))
                .isNull();
        assertThat(WriteLimits.of(Map.of(), topics(Map.of("message.timestamp.before.max.ms", "1")))
                        .problem("out", KEY, KEY, HEADERS, null, NOW))
                .as("the producer takes the time of sending")
                .isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"compact", "compact,delete", "delete,compact"})
    void problem_noKeyOnACompactedTopic_isRefused(String policy) {
        WriteLimits limits = topic(Map.of("cleanup.policy", policy));
        assertThat(limits.problem("out", null, KEY, HEADERS, NOW, NOW)).isEqualTo(Unwritable.withoutKey("out"));
        assertThat(limits.problem("out", KEY, null, HEADERS, NOW, NOW))
                .as("a tombstone")
                .isNull();
        assertThat(limits.problem("another", null, KEY, HEADERS, 0L, NOW))
                .as("nothing is known of it")
                .isNull();
    }

    private static WriteLimits topic(Map<String, String> settings) {
        return WriteLimits.of(Map.of(), topics(settings));
    }

    private static Map<String, TopicLimits> topics(Map<String, String> settings) {
        return Map.of("out", TopicLimits.of(settings));
    }

    /** A value with which a batch has that many bytes. */
    private static byte[] fitting(int bytes) {
        int overhead = Math.toIntExact(
                RecordSize.of(KEY, new byte[bytes - 100], HEADERS).inBatch() - (bytes - 100));
        return new byte[bytes - overhead];
    }

    private static @Nullable Unwritable problem(WriteLimits limits, byte[] value) {
        return limits.problem("out", KEY, value, HEADERS, NOW, NOW);
    }

    private static @Nullable Unwritable at(WriteLimits limits, long timestamp) {
        return limits.problem("out", KEY, KEY, HEADERS, timestamp, NOW);
    }
}
