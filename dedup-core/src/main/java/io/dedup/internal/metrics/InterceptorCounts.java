// SPDX-License-Identifier: Apache-2.0
package io.dedup.internal.metrics;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.DoubleSupplier;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.metrics.Gauge;
import org.apache.kafka.common.metrics.JmxReporter;
import org.apache.kafka.common.metrics.KafkaMetricsContext;
import org.apache.kafka.common.metrics.MetricConfig;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.metrics.PluginMetrics;
import org.apache.kafka.common.utils.Time;
import org.jspecify.annotations.Nullable;

/**
 * Counts of one interceptor, published either in the metrics of its client (kafka-clients 4.1 and later) or in JMX.
 *
 * <p>Counters may be added to by any thread; everything else is called by the thread that creates or closes the client.
 */
public final class InterceptorCounts implements AutoCloseable {
    /** The {@code type} of the MBean. */
    public static final String JMX_TYPE = "dedup-interceptor-metrics";

    private final List<Measure> measures = new ArrayList<>();
    private @Nullable Metrics jmx;

    private record Measure(String name, String description, DoubleSupplier value) {
        Gauge<Double> gauge() {
            return (config, now) -> value.getAsDouble();
        }
    }

    /** An interceptor without counts yet. */
    public InterceptorCounts() {}

    /** Adds a counter, published as {@code NAME-total}. */
    public LongAdder counter(String name, String description) {
        LongAdder counter = new LongAdder();
        gauge(name + "-total", description, counter::doubleValue);
        return counter;
    }

    /** Adds a value that is read when it is asked for. */
    public void gauge(String name, String description, DoubleSupplier value) {
        measures.add(new Measure(name, description, value));
    }

    /** Publishes everything added so far among the client's own metrics, in the group {@code plugins}. */
    public void addTo(PluginMetrics metrics) {
        for (Measure measure : measures) {
            MetricName name = metrics.metricName(measure.name(), measure.description(), new LinkedHashMap<>());
            metrics.addMetric(name, measure.gauge());
        }
    }

    /**
     * Publishes everything added so far in JMX, as {@code DOMAIN:type=dedup-interceptor-metrics,client-id=CLIENT}, until
     * it is closed. Two clients of one process with the same id share one MBean, which shows the later one.
     *
     * @param domain {@code kafka.consumer} or {@code kafka.producer}
     */
    public void addToJmx(String domain, String clientId) {
        Metrics metrics = new Metrics(
                new MetricConfig(), List.of(new JmxReporter()), Time.SYSTEM, new KafkaMetricsContext(domain));
        jmx = metrics;
        for (Measure measure : measures) {
            metrics.addMetric(
                    metrics.metricName(measure.name(), JMX_TYPE, measure.description(), "client-id", clientId),
                    measure.gauge());
        }
    }

    /** Takes them out of JMX. The client takes its own metrics out itself. */
    @Override
    public void close() {
        if (jmx != null) {
            jmx.close();
        }
    }
}
