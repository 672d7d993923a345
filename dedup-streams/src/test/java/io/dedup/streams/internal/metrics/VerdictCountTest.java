// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import org.apache.kafka.common.metrics.KafkaMetric;
import org.apache.kafka.common.metrics.MetricConfig;
import org.apache.kafka.common.metrics.stats.CumulativeSum;
import org.apache.kafka.streams.StreamsMetrics;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.junit.jupiter.api.Test;

class VerdictCountTest {
    private static final long START = 1_800_000_000_000L;
    /** What Kafka's rate divides by at least, beside the time since it began: all of its windows but one. */
    private static final double MIN_SECONDS = 30;

    private final StreamsMetrics metrics = new MockProcessorContext<>().metrics();
    private final VerdictCount count = new VerdictCount(metrics, "dedup.0_0", "firsts", Map.of("task-id", "0_0"));

    @Test
    void rate_everythingCameAtOnce_countsAllOfIt() {
        // When
        for (int i = 0; i < 900; i++) {
            count.add(START + i / 100);
        }
        // Then
        assertThat(value("firsts-total", START + 10)).isEqualTo(900);
        assertThat(value("firsts-rate", START + 10)).isCloseTo(900 / MIN_SECONDS, within(0.01));
    }

    @Test
    void rate_readManyTimes_countsNothingTwice() {
        // When
        for (int i = 0; i < 900; i++) {
            count.add(START + i);
            value("firsts-rate", START + i);
        }
        // Then
        assertThat(value("firsts-rate", START + 900)).isCloseTo(900 / (MIN_SECONDS + 0.9), within(0.01));
    }

    @Test
    void rate_steady_isWhatCameASecond() {
        // When
        for (int i = 0; i < 300_000; i += 5) {
            count.add(START + i);
        }
        // Then
        assertThat(value("firsts-rate", START + 300_000)).isCloseTo(200, within(4.0));
        assertThat(value("firsts-total", START + 300_000)).isEqualTo(60_000);
    }

    @Test
    void rate_readLongAfterTheLast_isZero() {
        // When
        for (int i = 0; i < 900; i++) {
            count.add(START + i / 100);
        }
        // Then
        assertThat(value("firsts-rate", START + 300_000)).isZero();
        assertThat(value("firsts-total", START + 300_000)).isEqualTo(900);
    }

    /** By their class, reporters know counters from gauges, and name them accordingly. */
    @Test
    void total_isOfTheClassThatReportersKnow() {
        assertThat(metric("firsts-total").measurable()).isExactlyInstanceOf(CumulativeSum.class);
    }

    @Test
    void close_removesBoth() {
        // When
        count.close();
        // Then
        assertThat(metrics.metrics().keySet()).noneMatch(name -> name.name().startsWith("firsts-"));
    }

    private double value(String name, long now) {
        return metric(name).measurable().measure(new MetricConfig(), now);
    }

    private KafkaMetric metric(String name) {
        return (KafkaMetric) metrics.metrics().entrySet().stream()
                .filter(entry -> entry.getKey().name().equals(name))
                .findFirst()
                .orElseThrow()
                .getValue();
    }
}
