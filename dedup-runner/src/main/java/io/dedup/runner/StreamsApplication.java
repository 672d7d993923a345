// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.streams.errors.DedupTimestampExtractor;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.CloseOptions.GroupMembershipOperation;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.jspecify.annotations.Nullable;

/**
 * A Kafka Streams application that stops at its first failure, remembers it, and leaves its group when it is closed.
 *
 * <p>Thread-safe.
 */
public final class StreamsApplication implements AutoCloseable {
    private static final Duration STOP_WITHIN = Duration.ofSeconds(30);

    /** With Kafka's 16 KB a batch has some fifty records of 300 bytes, and its request costs more than they do. */
    private static final int BATCH_BYTES = 64 << 10;
    /** The size of a socket's buffer that follows what the connection needs; with Kafka's 64 KB, restoring takes twice as long. */
    private static final int AS_THE_SYSTEM_HAS_IT = -1;

    private final KafkaStreams streams;
    private final CountDownLatch ended = new CountDownLatch(1);
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

    /**
     * An application that has not been started.
     *
     * @throws org.apache.kafka.common.config.ConfigException if the properties cannot be used
     */
    public StreamsApplication(Topology topology, Properties properties) {
        this.streams = new KafkaStreams(topology, properties);
        streams.setUncaughtExceptionHandler(thrown -> {
            failure.compareAndSet(null, thrown);
            return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        streams.setStateListener((now, before) -> {
            if (now.hasCompletedShutdown()) {
                ended.countDown();
            }
        });
    }

    /**
     * The default properties of an application that deduplicates: exactly once, and batches of the producer and
     * buffers of sockets that {@code docs/benchmarks.md} has measured to be fast. Without a prefix, so that either way to set them wins.
     */
    public static Map<String, Object> defaults() {
        return Map.of(
                StreamsConfig.PROCESSING_GUARANTEE_CONFIG,
                StreamsConfig.EXACTLY_ONCE_V2,
                StreamsConfig.consumerPrefix(ConsumerConfig.ISOLATION_LEVEL_CONFIG),
                "read_committed",
                StreamsConfig.DEFAULT_TIMESTAMP_EXTRACTOR_CLASS_CONFIG,
                DedupTimestampExtractor.class.getName(),
                ProducerConfig.BATCH_SIZE_CONFIG,
                BATCH_BYTES,
                CommonClientConfigs.RECEIVE_BUFFER_CONFIG,
                AS_THE_SYSTEM_HAS_IT);
    }

    /** Starts, without waiting until it runs. */
    public void start() {
        streams.start();
    }

    /** What runs, for its metrics and its state. */
    public KafkaStreams streams() {
        return streams;
    }

    /** Whether it has its partitions and processes them. */
    public boolean isRunning() {
        return streams.state() == KafkaStreams.State.RUNNING;
    }

    /** Whether it does not run any more, and will not. */
    public boolean hasEnded() {
        return failure.get() != null || streams.state().hasCompletedShutdown();
    }

    /** What has stopped it, if it has failed. */
    public Optional<Throwable> failure() {
        return Optional.ofNullable(failure.get());
    }

    /**
     * Waits until it has stopped.
     *
     * @return whether it has within that time
     * @throws InterruptException if the thread is interrupted
     */
    public boolean awaitEnd(Duration atMost) {
        try {
            return ended.await(atMost.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException interrupted) {
            throw new InterruptException(interrupted);
        }
    }

    /**
     * Waits until it has stopped, however long it runs.
     *
     * @throws InterruptException if the thread is interrupted
     */
    public void awaitEnd() {
        try {
            ended.await();
        } catch (InterruptedException interrupted) {
            throw new InterruptException(interrupted);
        }
    }

    /** Stops within half a minute, committing what is processed. */
    @Override
    public void close() {
        streams.close(CloseOptions.groupMembershipOperation(GroupMembershipOperation.LEAVE_GROUP)
                .withTimeout(STOP_WITHIN));
    }
}
