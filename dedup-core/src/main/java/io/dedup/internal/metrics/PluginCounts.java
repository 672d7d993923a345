// SPDX-License-Identifier: Apache-2.0
package io.dedup.internal.metrics;

import java.util.LinkedHashMap;
import org.apache.kafka.common.metrics.Gauge;
import org.apache.kafka.common.metrics.PluginMetrics;

/** Publishes counts among the metrics of a client, which takes kafka-clients 4.1. */
public final class PluginCounts {
    private PluginCounts() {}

    /** Adds all of them to the group {@code plugins}; the client takes them out when it is closed. */
    public static void publish(InterceptorCounts counts, PluginMetrics metrics) {
        for (InterceptorCounts.Count count : counts.all()) {
            Gauge<Double> gauge = (config, now) -> count.value().getAsDouble();
            metrics.addMetric(metrics.metricName(count.name(), count.description(), new LinkedHashMap<>()), gauge);
        }
    }
}
