// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo;

import io.dedup.Mode;
import io.dedup.demo.ledger.Ledger;
import io.dedup.demo.traffic.Topics;
import io.dedup.runner.PrometheusMetrics;
import io.dedup.runner.StreamsApplication;
import io.dedup.streams.errors.DedupProcessingExceptionHandler;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Properties;
import org.apache.kafka.streams.KafkaStreams;

/** The Kafka Streams application of a run. Thread-safe. */
final class Application implements AutoCloseable {
    static final int THREADS = 2;

    private final StreamsApplication running;
    private final PrometheusMetrics metrics;

    private Application(StreamsApplication running) {
        this.running = running;
        this.metrics = PrometheusMetrics.of(running.streams());
    }

    static Application start(
            String id, String bootstrapServers, Path stateDirectory, Duration ttl, Mode mode, Ledger ledger) {
        Properties properties = new Properties();
        properties.put("application.id", id);
        properties.put("bootstrap.servers", bootstrapServers);
        properties.put("state.dir", stateDirectory.toString());
        properties.putAll(StreamsApplication.defaults());
        properties.put("num.stream.threads", THREADS);
        // How long it takes to decide is measured only then.
        properties.put("metrics.recording.level", "DEBUG");
        properties.put("processing.exception.handler", DedupProcessingExceptionHandler.class);
        properties.put("processing.exception.handler.global.enabled", true);
        properties.put("dedup.processing.exception.handler", UnbookableToDeadLetters.class.getName());
        properties.put("errors.dead.letter.queue.topic.name", Topics.DEAD_LETTERS);
        Application application =
                new Application(new StreamsApplication(OrderTopology.build(ttl, mode, ledger), properties));
        application.running.start();
        return application;
    }

    /**
     * Throws what has stopped the application, if it has stopped.
     *
     * @throws DemoFailedException if it does not run any more
     */
    void requireAlive() {
        if (running.hasEnded()) {
            Throwable cause = running.failure().orElse(null);
            throw new DemoFailedException(
                    "The application stopped" + (cause == null ? "" : ": " + cause.getMessage()), cause);
        }
    }

    /** Whether it has its partitions and processes them. */
    boolean isRunning() {
        return running.isRunning();
    }

    /** Whether it has failed or stopped, and will not go on. */
    boolean hasEnded() {
        return running.hasEnded();
    }

    /** Its metrics in Prometheus' text format. */
    String metrics() {
        return metrics.scrape();
    }

    /** Its streams, to be asked. */
    KafkaStreams streams() {
        return running.streams();
    }

    @Override
    public void close() {
        metrics.close();
        running.close();
    }
}
