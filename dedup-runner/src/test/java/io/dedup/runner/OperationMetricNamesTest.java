// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dedup.store.admin.OperationMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What the dashboard and the alerts ask of the operations in a store is what is published. */
class OperationMetricNamesTest {
    private static final Path DOCKER = Path.of("..", "docker");
    private static final Pattern METRIC = Pattern.compile("\\bdedup_operations[a-z_]*\\b");

    @Test
    void everyMetricOfDashboardAndAlerts_isInAScrape() throws Exception {
        // Given
        Set<String> asked = names(Files.readString(DOCKER.resolve("grafana/dashboards/dedup.json")));
        assertThat(asked).hasSize(2);
        asked.addAll(names(Files.readString(DOCKER.resolve("alerts.yml"))));
        assertThat(asked).hasSize(3);
        PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        try (OperationsFixture fixture = new OperationsFixture()) {
            fixture.unknown(OperationsFixture.key("payments", "o-7"), Duration.ofHours(1));
            // When
            try (OperationMetrics metrics = OperationMetrics.every(
                    Duration.ofMinutes(1), fixture.store().operations(), registry)) {
                // Then
                await().untilAsserted(() -> assertThat(names(registry.scrape())).containsAll(asked));
                assertThat(registry.scrape())
                        .contains("dedup_operations{scope=\"payments\",state=\"unknown\"} 1.0")
                        .containsPattern(
                                "dedup_operations_oldest_age_seconds\\{scope=\"payments\",state=\"unknown\"} 36[0-9]{2}");
                assertThat(metrics).isNotNull();
            }
        }
    }

    private static Set<String> names(String text) {
        return METRIC.matcher(text).results().map(MatchResult::group).collect(Collectors.toCollection(TreeSet::new));
    }
}
