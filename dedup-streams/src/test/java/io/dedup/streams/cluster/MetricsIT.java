// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.Measurement;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.binder.kafka.KafkaStreamsMetrics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is counted is seen where people look. */
class MetricsIT {
    @TempDir
    Path directory;

    private final TestCluster cluster = TestCluster.shared();

    @Test
    void metrics_runningApplication_areSeenInJmxAndInMicrometer() throws Exception {
        // Given
        String id = "metrics";
        cluster.createTopics(id, 1);
        long now = System.currentTimeMillis();
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        try (RunningApp app = RunningApp.start(id, directory, Map.of());
                KafkaStreamsMetrics binder = new KafkaStreamsMetrics(app.streams())) {
            binder.bindTo(registry);
            // When
            cluster.sendAll(id + "-in", 1, now - 7_000, List.of("a", "b"));
            cluster.sendAll(id + "-in", 1, now, List.of("c", "a"));
            cluster.awaitProcessed(id, id + "-in");
            // Then
            assertThat(app.metric("memory-bytes")).isPositive();
            Map<String, Double> expected = Map.of(
                    "firsts-total", 3.0,
                    "duplicates-total", 1.0,
                    "keys-remembered", 3.0,
                    "oldest-key-age", 7_000.0);
            for (Map.Entry<String, Double> metric : expected.entrySet()) {
                assertThat(app.metric(metric.getKey())).as(metric.getKey()).isEqualTo(metric.getValue());
                assertThat(inJmx(metric.getKey()))
                        .as("%s in JMX", metric.getKey())
                        .isEqualTo(metric.getValue());
                String meter = "kafka.stream.dedup." + metric.getKey().replace('-', '.');
                await().atMost(TestCluster.PATIENCE)
                        .untilAsserted(() -> assertThat(inMicrometer(registry, meter))
                                .as(
                                        "%s among %s",
                                        meter,
                                        registry.getMeters().stream()
                                                .map(Meter::getId)
                                                .map(Meter.Id::getName)
                                                .filter(name -> name.contains("dedup"))
                                                .toList())
                                .isEqualTo(metric.getValue()));
            }
            assertThat(registry.find("kafka.stream.dedup.firsts.total").functionCounter())
                    .as("a counter, and not a gauge")
                    .isNotNull();
        }
    }

    private static double inMicrometer(SimpleMeterRegistry registry, String name) {
        return registry.find(name).meters().stream()
                .flatMap(meter -> StreamSupport.stream(meter.measure().spliterator(), false))
                .mapToDouble(Measurement::getValue)
                .sum();
    }

    private static double inJmx(String attribute) throws Exception {
        MBeanServer server = ManagementFactory.getPlatformMBeanServer();
        double sum = 0;
        for (ObjectName bean : server.queryNames(new ObjectName("kafka.streams:type=stream-dedup-metrics,*"), null)) {
            if (bean.getKeyProperty("thread-id").startsWith("metrics-")) {
                sum += (double) server.getAttribute(bean, attribute);
            }
        }
        return sum;
    }
}
