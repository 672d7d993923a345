// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import static io.dedup.key.KeyExtractors.header;
import static io.dedup.streams.DedupFixture.KEY_HEADER;
import static io.dedup.streams.DedupFixture.NOW;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dedup.Action;
import io.dedup.FailurePolicy;
import io.dedup.Verdict;
import io.dedup.config.DedupConfig;
import io.dedup.config.DedupConfigException;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.errors.LogAndContinueProcessingExceptionHandler;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.test.TestRecord;
import org.junit.jupiter.api.Test;

/** What follows the operator fails, and the application's exception handler goes on. */
class FailureDownstreamTest {
    private static final long T = NOW.toEpochMilli();
    private static final Dedup DEDUP = Dedup.by(header(KEY_HEADER)).within(Duration.ofMinutes(10));
    private static final Map<String, Object> SKIPPING =
            Map.of(DedupConfig.PROCESSING_EXCEPTION_HANDLER, LogAndContinueProcessingExceptionHandler.class.getName());

    @Test
    void skipped_release_retryIsProcessed() {
        try (DedupFixture topology = DedupFixture.of(failingAt("bad", DEDUP), SKIPPING)) {
            // When
            topology.send("a", "bad", T).send("a", "good", T + 1).send("a", "again", T + 2);
            // Then
            assertThat(topology.out()).containsExactly("good");
            assertThat(topology.read("dead")).extracting(TestRecord::value).containsExactly("bad");
            assertThat(topology.metric("firsts-total")).isEqualTo(2);
            assertThat(topology.metric("duplicates-total")).isEqualTo(1);
            assertThat(topology.metric("releases-total")).isEqualTo(1);
        }
    }

    @Test
    void skipped_keep_retryIsADuplicate() {
        try (DedupFixture topology = DedupFixture.of(failingAt("bad", DEDUP.onFailure(FailurePolicy.KEEP)), SKIPPING)) {
            // When
            topology.send("a", "bad", T).send("a", "good", T + 1);
            // Then
            assertThat(topology.out()).isEmpty();
            assertThat(topology.metric("duplicates-total")).isEqualTo(1);
            assertThat(topology.metric("releases-total")).isZero();
        }
    }

    @Test
    void skipped_failureOfAMarkedDuplicate_doesNotReleaseTheFirst() {
        Dedup forwarding = DEDUP.on(Verdict.DUPLICATE, Action.FORWARD);
        try (DedupFixture topology = DedupFixture.of(failingAt("bad", forwarding), SKIPPING)) {
            // When
            topology.send("a", "good", T).send("a", "bad", T + 1).send("a", "third", T + 2);
            // Then
            assertThat(topology.read("out"))
                    .extracting(record -> DedupFixture.header(record, DedupHeaders.REASON))
                    .containsExactly(null, "duplicate");
        }
    }

    @Test
    void skipped_failureOfAnotherRecord_doesNotReleaseThisOne() {
        try (DedupFixture topology = DedupFixture.of(failingAt("bad", DEDUP), SKIPPING)) {
            // When
            topology.send("a", "good", T).send("b", "bad", T).send("a", "again", T + 1);
            // Then
            assertThat(topology.out()).containsExactly("good");
        }
    }

    @Test
    void failing_withoutAHandlerThatSkips_stopsAsEver() {
        try (DedupFixture topology = DedupFixture.of(failingAt("bad", DEDUP), Map.of())) {
            assertThatThrownBy(() -> topology.send("a", "bad", T)).hasRootCauseMessage("bad is bad");
        }
    }

    @Test
    void start_handlerThatSkipsWithoutTellingUs_isRefusedUnlessKeysAreKept() {
        // Given
        Dedup dropping = DEDUP.on(Verdict.CONFLICT, Action.DROP)
                .on(Verdict.MISSING_KEY, Action.DROP)
                .on(Verdict.LATE, Action.DROP)
                .on(Verdict.FUTURE, Action.DROP);
        Properties unseen = new Properties();
        unseen.put("processing.exception.handler", LogAndContinueProcessingExceptionHandler.class);
        // Then
        assertThatThrownBy(() -> new TopologyTestDriver(failingAt("bad", dropping), unseen, NOW))
                .hasRootCauseInstanceOf(DedupConfigException.class)
                .rootCause()
                .hasMessageContaining("DEDUP-108")
                .hasMessageContaining(DedupConfig.PROCESSING_EXCEPTION_HANDLER);
        try (TopologyTestDriver driver =
                new TopologyTestDriver(failingAt("bad", dropping.onFailure(FailurePolicy.KEEP)), unseen, NOW)) {
            assertThat(driver.getTimestampedWindowStore("dedup-seen")).isNotNull();
        }
    }

    private static Topology failingAt(String bad, Dedup dedup) {
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> in = builder.stream("in", Consumed.with(Serdes.String(), Serdes.String()));
        dedup.apply(in)
                .peek((key, value) -> {
                    if (value.equals(bad)) {
                        throw new IllegalStateException(value + " is bad");
                    }
                })
                .to("out");
        return builder.build();
    }
}
