// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.apache.kafka.common.metrics.Gauge;
import org.apache.kafka.common.metrics.PluginMetrics;

/** What an interceptor counts, in Kafka's own metrics of the consumer. Thread-safe. */
final class InterceptorMetrics {
    private final Map<String, LongAdder> totals = new ConcurrentHashMap<>();
    private volatile boolean blocked;

    InterceptorMetrics() {
        for (String name : new String[] {"passed", "duplicates", "conflicts", "missing-keys", "unprotected"}) {
            totals.put(name + "-total", new LongAdder());
        }
    }

    void register(PluginMetrics plugin) {
        totals.forEach((name, total) ->
                plugin.addMetric(plugin.metricName(name, "Records so far", new LinkedHashMap<>()), (Gauge<Double>)
                        (config, now) -> (double) total.sum()));
        plugin.addMetric(
                plugin.metricName("blocked", "1 while the store does not answer", new LinkedHashMap<>()),
                (Gauge<Double>) (config, now) -> blocked ? 1.0 : 0.0);
    }

    void passed() {
        count("passed-total");
    }

    void duplicate() {
        count("duplicates-total");
    }

    void conflict() {
        count("conflicts-total");
    }

    void missingKey() {
        count("missing-keys-total");
    }

    void unprotected() {
        count("unprotected-total");
    }

    void blocked(boolean now) {
        blocked = now;
    }

    private void count(String name) {
        LongAdder total = totals.get(name);
        if (total != null) {
            total.increment();
        }
    }
}
