// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What the dashboard and the alerts ask for is what a pipeline says. */
class MetricsIT {
    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final Path DASHBOARD = Path.of("..", "docker", "grafana", "dashboards", "dedup.json");
    private static final Path ALERTS = Path.of("..", "docker", "alerts.yml");
    /** Those of handlers with a store, which the demo does not publish, are in {@code OperationMetricNamesTest} of the runner. */
    private static final Pattern METRIC = Pattern.compile("\\bkafka_[a-z_]+\\b");

    private static final Pattern OF_A_STORE = Pattern.compile("\\bdedup_operations[a-z_]*\\b");
    private static final Pattern SAMPLE = Pattern.compile("(?m)^([a-zA-Z_:]+)(?:\\{| )");

    private final HttpClient client = HttpClient.newHttpClient();

    @Test
    void everyMetricOfDashboardAndAlerts_isInAScrape() throws Exception {
        // Given
        Set<String> asked = new TreeSet<>(expressionsOfTheDashboard());
        asked.addAll(names(METRIC, Files.readString(ALERTS)));
        assertThat(asked).hasSizeGreaterThan(15).contains("kafka_stream_failed_stream_threads_total");
        // When
        try (ServedDemo demo = ServedDemo.start()) {
            // Then: the last of them come with the tasks that this instance is given.
            await().atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(
                                    names(SAMPLE, get(demo, "/metrics").body()))
                            .containsAll(asked));
        }
    }

    @Test
    void health_running_isAliveAndReady() throws Exception {
        try (ServedDemo demo = ServedDemo.start()) {
            await().atMost(PATIENCE).until(() -> get(demo, "/health/ready").statusCode(), status -> status == 200);
            assertThat(get(demo, "/health/live").body()).isEqualTo("ok");
        }
    }

    private static Set<String> expressionsOfTheDashboard() throws Exception {
        JsonNode panels = new ObjectMapper().readTree(DASHBOARD.toFile()).path("panels");
        Set<String> metrics = new TreeSet<>();
        for (JsonNode panel : panels) {
            for (JsonNode target : panel.path("targets")) {
                String expression = target.path("expr").asText();
                Set<String> ofOne = names(METRIC, expression);
                if (!OF_A_STORE.matcher(expression).find()) {
                    assertThat(ofOne).as(panel.path("title").asText()).isNotEmpty();
                }
                metrics.addAll(ofOne);
            }
        }
        return metrics;
    }

    private static Set<String> names(Pattern pattern, String text) {
        Stream<MatchResult> found = pattern.matcher(text).results();
        return found.map(match -> match.groupCount() == 0 ? match.group() : match.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private HttpResponse<String> get(ServedDemo demo, String path) throws Exception {
        HttpRequest get =
                HttpRequest.newBuilder(URI.create(demo.address() + path)).build();
        return client.send(get, BodyHandlers.ofString());
    }
}
