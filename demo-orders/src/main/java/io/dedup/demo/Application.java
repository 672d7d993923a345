// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo;

import io.dedup.demo.ledger.Ledger;
import io.dedup.demo.traffic.Topics;
import io.dedup.streams.DedupProcessingExceptionHandler;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.CloseOptions.GroupMembershipOperation;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.jspecify.annotations.Nullable;

/** The Kafka Streams application of a run. Thread-safe. */
final class Application implements AutoCloseable {
    static final int THREADS = 2;

    private static final Duration STOP_WITHIN = Duration.ofSeconds(30);

    private final KafkaStreams streams;
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

    private Application(KafkaStreams streams) {
        this.streams = streams;
    }

    static Application start(String id, String bootstrapServers, Path stateDirectory, Duration ttl, Ledger ledger) {
        Properties properties = new Properties();
        properties.put("application.id", id);
        properties.put("bootstrap.servers", bootstrapServers);
        properties.put("state.dir", stateDirectory.toString());
        properties.put("processing.guarantee", "exactly_once_v2");
        properties.put("num.stream.threads", THREADS);
        properties.put("processing.exception.handler", DedupProcessingExceptionHandler.class);
        properties.put("processing.exception.handler.global.enabled", true);
        properties.put("errors.dead.letter.queue.topic.name", Topics.DEAD_LETTERS);
        Application application = new Application(new KafkaStreams(OrderTopology.build(ttl, ledger), properties));
        application.streams.setUncaughtExceptionHandler(thrown -> {
            application.failure.compareAndSet(null, thrown);
            return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        application.streams.start();
        return application;
    }

    /**
     * Throws what has stopped the application, if it has stopped.
     *
     * @throws DemoFailedException if it does not run any more
     */
    void requireAlive() {
        Throwable cause = failure.get();
        if (cause != null || streams.state().hasCompletedShutdown()) {
            throw new DemoFailedException(
                    "The application stopped" + (cause == null ? "" : ": " + cause.getMessage()), cause);
        }
    }

    /** Whether it has its partitions and processes them. */
    boolean isRunning() {
        return streams.state() == KafkaStreams.State.RUNNING;
    }

    @Override
    public void close() {
        streams.close(CloseOptions.groupMembershipOperation(GroupMembershipOperation.LEAVE_GROUP)
                .withTimeout(STOP_WITHIN));
    }
}
