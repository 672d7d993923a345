// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.micrometer.core.instrument.binder.kafka.KafkaStreamsMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.apache.kafka.streams.KafkaStreams;

/**
 * The metrics of a Kafka Streams application in Prometheus' text format: those of Kafka Streams, of its clients, and of every
 * dedup operator. Thread-safe.
 */
public final class PrometheusMetrics implements AutoCloseable {
    /** What a scrape is to be sent as. */
    public static final String CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

    /** How soon what has been added is seen: a task that was given to this instance brings metrics of its own. */
    private static final Duration LOOK_EVERY = Duration.ofSeconds(5);

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final ScheduledExecutorService looking = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "dedup-metrics");
        thread.setDaemon(true);
        return thread;
    });
    private final KafkaStreamsMetrics metrics;

    private PrometheusMetrics(KafkaStreams streams) {
        metrics = new KafkaStreamsMetrics(streams, List.of(), looking, LOOK_EVERY);
        metrics.bindTo(registry);
    }

    /** Those of that application, which need not have been started; closed before it is. */
    public static PrometheusMetrics of(KafkaStreams streams) {
        return new PrometheusMetrics(streams);
    }

    /** What they are now. */
    public String scrape() {
        return registry.scrape();
    }

    @Override
    public void close() {
        metrics.close();
        looking.shutdownNow();
        registry.close();
    }
}
