// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import static io.dedup.streams.DedupFixture.NOW;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dedup.Action;
import io.dedup.DedupHeaders;
import io.dedup.FailurePolicy;
import io.dedup.Mode;
import io.dedup.Partitioning;
import io.dedup.key.KeyExtractors;
import io.dedup.streams.target.Target;
import io.dedup.streams.target.TopicLimits;
import io.dedup.streams.target.WriteLimits;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.errors.LogAndFailProcessingExceptionHandler;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.test.TestRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the topics of a relay refuse. */
class RelayTest {
    private static final Dedup DEDUP = Dedup.by(KeyExtractors.header(DedupFixture.KEY_HEADER));
    private static final Target OUT = new Target("out", Action.DEAD_LETTER, false);
    private static final long TIME = NOW.toEpochMilli();
    private static final String LARGE = "x".repeat(2000);

    @ParameterizedTest
    @EnumSource(Mode.class)
    void relay_tooLargeForTheTarget_isADeadLetterWithTheReason(Mode mode) {
        try (DedupFixture fixture = fixture(DEDUP.withMode(mode), OUT, Map.of("out", limits(1000)))) {
            fixture.send("a", LARGE, TIME).send("b", "small", TIME);
            assertThat(fixture.out()).containsExactly("small");
            TestRecord<String, String> letter = only(fixture, "dead");
            assertThat(letter.value()).isEqualTo(LARGE);
            assertThat(header(letter, DedupHeaders.REASON)).isEqualTo("unwritable:too-large");
            assertThat(header(letter, DedupHeaders.TARGET)).isEqualTo("out");
            assertThat(header(letter, DedupHeaders.TOPIC)).isEqualTo("in");
            assertThat(header(letter, DedupHeaders.OFFSET)).isEqualTo("0");
            assertThat(header(letter, DedupHeaders.DETAIL))
                    .contains("out takes at most 1000 (max.message.bytes)")
                    .contains("Raise max.message.bytes of the topic");
            assertThat(fixture.metric("unwritable-total")).isEqualTo(1);
        }
    }

    /** Otherwise its retry, once the topic takes it, would be dropped as a duplicate of what was never let through. */
    @ParameterizedTest
    @EnumSource(FailurePolicy.class)
    void relay_whatCouldNotBeWritten_isNotRemembered(FailurePolicy policy) {
        try (DedupFixture fixture = fixture(DEDUP.onFailure(policy), OUT, Map.of("out", limits(1000)))) {
            fixture.send("a", LARGE, TIME).send("a", "small", TIME).send("a", "small", TIME);
            assertThat(fixture.out()).containsExactly("small");
        }
    }

    @Test
    void relay_configuredToFail_stopsWithTopicRecordSettingAndFix() {
        try (DedupFixture fixture =
                fixture(DEDUP, new Target("out", Action.FAIL, false), Map.of("out", limits(1000)))) {
            fixture.send("b", "small", TIME);
            assertThatThrownBy(() -> fixture.send("a", LARGE, TIME))
                    .rootCause()
                    .hasMessageContaining("The record at in-0@1 cannot be written to out")
                    .hasMessageContaining("max.message.bytes")
                    .hasMessageContaining("dedup.on.unwritable=dead-letter");
        }
    }

    @Test
    void relay_duplicateThatIsTooLargeWithItsMarks_isADeadLetter() {
        Dedup dedup = DEDUP.withDuplicatesTopic("duplicates");
        try (DedupFixture fixture = fixture(dedup, OUT, Map.of("duplicates", limits(1000)))) {
            String fitting = "x".repeat(800);
            fixture.send("a", fitting, TIME).send("a", fitting, TIME).send("a", "small", TIME);
            assertThat(fixture.out()).containsExactly(fitting);
            assertThat(fixture.read("duplicates")).extracting(TestRecord::value).containsExactly("small");
            assertThat(header(only(fixture, "dead"), DedupHeaders.TARGET)).isEqualTo("duplicates");
        }
    }

    @Test
    void relay_byKeyAndTooLargeForTheRepartitionTopic_isADeadLetter() {
        Dedup dedup = DEDUP.withPartitioning(Partitioning.BY_KEY);
        Map<String, TopicLimits> limits = Map.of("test-dedup-repartition", limits(1000));
        try (DedupFixture fixture = fixture(dedup, OUT, limits)) {
            fixture.send("a", LARGE, TIME).send("b", "small", TIME);
            assertThat(fixture.out()).containsExactly("small");
            assertThat(header(only(fixture, "dead"), DedupHeaders.TARGET)).isEqualTo("test-dedup-repartition");
        }
    }

    @Test
    void relay_timeAndKeyThatTheTargetRefuses_areDeadLetters() {
        TopicLimits strict =
                TopicLimits.of(Map.of("message.timestamp.before.max.ms", "3600000", "cleanup.policy", "compact"));
        try (DedupFixture fixture = fixture(DEDUP, OUT, Map.of("out", strict))) {
            fixture.send("a", "old", TIME - 3_600_001)
                    .send(null, "b", "no key", TIME)
                    .send("c", "good", TIME);
            assertThat(fixture.out()).containsExactly("good");
            assertThat(fixture.read("dead"))
                    .extracting(letter -> DedupFixture.header(letter, DedupHeaders.REASON))
                    .containsExactly("unwritable:too-old", "unwritable:no-key");
        }
    }

    @Test
    void deadLetter_largerThanItsTopicTakes_isCutToWhatFits() {
        try (DedupFixture fixture = fixture(DEDUP, OUT, Map.of("dead", limits(1500)))) {
            fixture.send(null, LARGE, TIME);
            TestRecord<String, String> letter = only(fixture, "dead");
            assertThat(letter.value()).isNull();
            assertThat(letter.key()).isEqualTo("k");
            assertThat(header(letter, DedupHeaders.REASON)).isEqualTo("missing-key:absent");
            assertThat(header(letter, DedupHeaders.OFFSET)).isEqualTo("0");
            assertThat(header(letter, DedupHeaders.VALUE_OMITTED)).isEqualTo("2000");
            assertThat(header(letter, DedupHeaders.KEY_OMITTED)).isNull();
        }
    }

    @Test
    void deadLetter_nothingOfItCanBeWritten_stopsWithTopicRecordSettingAndFix() {
        try (DedupFixture fixture = fixture(DEDUP, OUT, Map.of("dead", limits(100)))) {
            assertThatThrownBy(() -> fixture.send(null, LARGE, TIME))
                    .rootCause()
                    .hasMessageContaining("The dead letter of the record at in-0@0 cannot be written to dead")
                    .hasMessageContaining("max.message.bytes")
                    .hasMessageContaining("Raise max.message.bytes of the topic");
        }
    }

    /** A topology of the application itself, of which nothing else is known. */
    @Test
    void deadLetter_largerThanTheProducerSends_isCutWithoutKnowingTopics() {
        StreamsBuilder builder = new StreamsBuilder();
        DEDUP.apply(builder.stream("in", Consumed.with(Serdes.String(), Serdes.String())))
                .to("out");
        try (DedupFixture fixture = DedupFixture.of(builder.build(), Map.of("max.request.size", 1500))) {
            fixture.send(null, LARGE, TIME);
            assertThat(header(only(fixture, "dead"), DedupHeaders.VALUE_OMITTED))
                    .isEqualTo("2000");
        }
    }

    /** Otherwise it would stop at the first record that cannot be written, where a dead letter is configured. */
    @Test
    void relay_withoutOurExceptionHandler_isRefusedAtTheStart() {
        StreamsBuilder builder = new StreamsBuilder();
        DEDUP.withMode(Mode.OFF).relay(builder.stream("in", Consumed.with(Serdes.String(), Serdes.String())), OUT);
        Map<String, Object> kafkas = Map.of("processing.exception.handler", LogAndFailProcessingExceptionHandler.class);
        assertThatThrownBy(() -> DedupFixture.of(builder.build(), kafkas))
                .rootCause()
                .hasMessageContaining("DEDUP-108 processing.exception.handler");
    }

    @ParameterizedTest
    @ValueSource(strings = {"drop", "forward"})
    void target_anotherAction_isRefused(String action) {
        Action other = action.equals("drop") ? Action.DROP : Action.FORWARD;
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Target("out", other, false))
                .withMessage("onUnwritable must be dead-letter or fail: " + action);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Target(" ", Action.FAIL, false))
                .withMessage("topic must not be blank: ' '");
    }

    private static DedupFixture fixture(Dedup dedup, Target target, Map<String, TopicLimits> limits) {
        StreamsBuilder builder = new StreamsBuilder();
        dedup.relay(builder.stream("in", Consumed.with(Serdes.String(), Serdes.String())), target);
        Map<String, Object> properties = new HashMap<>();
        properties.put("application.id", "test");
        properties.put(WriteLimits.CONFIG, WriteLimits.of(Map.of(), limits));
        return DedupFixture.of(builder.build(), properties);
    }

    private static TopicLimits limits(int bytes) {
        return TopicLimits.of(Map.of("max.message.bytes", Integer.toString(bytes)));
    }

    private static TestRecord<String, String> only(DedupFixture fixture, String topic) {
        List<TestRecord<String, String>> records = fixture.read(topic);
        assertThat(records).hasSize(1);
        return records.get(0);
    }

    private static @Nullable String header(TestRecord<?, ?> record, String name) {
        return DedupFixture.header(record, name);
    }
}
