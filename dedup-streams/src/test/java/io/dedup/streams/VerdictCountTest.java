// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import org.apache.kafka.common.metrics.KafkaMetric;
import org.apache.kafka.common.metrics.MetricConfig;
import org.apache.kafka.common.metrics.Metrics;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class VerdictCountTest {
    private static final long START = 1_800_000_000_000L;
    /** What Kafka's rate divides by at least, beside the time since it began: all of its windows but one. */
    private static final double LEAST_SECONDS = 30;

    private final Metrics metrics = new Metrics();
    private final VerdictCount count = new VerdictCount(metrics.sensor("verdicts"), "firsts", Map.of("task-id", "0_0"));

    @AfterEach
    void close() {
        metrics.close();
    }

    @Test
    void rate_everythingCameAtOnce_countsAllOfIt() {
        // When
        for (int i = 0; i < 900; i++) {
            count.add(START + i / 100);
        }
        // Then
        assertThat(value("firsts-total", START + 10)).isEqualTo(900);
        assertThat(value("firsts-rate", START + 10)).isCloseTo(900 / LEAST_SECONDS, within(0.01));
    }

    @Test
    void rate_readManyTimes_countsNothingTwice() {
        // When
        for (int i = 0; i < 900; i++) {
            count.add(START + i);
            value("firsts-rate", START + i);
        }
        // Then
        assertThat(value("firsts-rate", START + 900)).isCloseTo(900 / (LEAST_SECONDS + 0.9), within(0.01));
    }

    @Test
    void rate_steady_isWhatCameASecond_andGoesDownAfterwards() {
        // When
        for (int i = 0; i < 300_000; i += 5) {
            count.add(START + i);
        }
        // Then
        assertThat(value("firsts-rate", START + 300_000)).isCloseTo(200, within(4.0));
        assertThat(value("firsts-rate", START + 600_000)).isZero();
        assertThat(value("firsts-total", START + 600_000)).isEqualTo(60_000);
    }

    private double value(String name, long now) {
        KafkaMetric metric = metrics.metrics().entrySet().stream()
                .filter(entry -> entry.getKey().name().equals(name))
                .findFirst()
                .orElseThrow()
                .getValue();
        return metric.measurable().measure(new MetricConfig(), now);
    }
}
