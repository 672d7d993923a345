// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo;

import io.dedup.demo.traffic.Sending;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sends records in order, on a thread of its own. Thread-safe. */
final class Sender implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(Sender.class);
    private static final Duration STOP_WITHIN = Duration.ofSeconds(10);

    private final AtomicLong acknowledged = new AtomicLong();
    private final AtomicReference<@Nullable Exception> failure = new AtomicReference<>();
    private final Thread thread;
    private final int total;
    private volatile boolean stopped;

    private Sender(String bootstrapServers, List<Sending> sendings, int partitions) {
        this.total = sendings.size();
        this.thread = new Thread(() -> send(bootstrapServers, sendings, partitions), "sender");
    }

    static Sender start(String bootstrapServers, List<Sending> sendings, int partitions) {
        Sender sender = new Sender(bootstrapServers, sendings, partitions);
        sender.thread.start();
        return sender;
    }

    private void send(String bootstrapServers, List<Sending> sendings, int partitions) {
        Map<String, Object> config = Map.of("bootstrap.servers", bootstrapServers, "linger.ms", 5);
        try (var producer = new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer())) {
            for (Sending sending : sendings) {
                if (failure.get() != null || stopped) {
                    return;
                }
                var unused = producer.send(sending.toRecord(partitions), (metadata, exception) -> {
                    if (exception == null) {
                        acknowledged.incrementAndGet();
                    } else {
                        failure.compareAndSet(null, exception);
                    }
                });
            }
        }
    }

    /**
     * How many records the broker has.
     *
     * @throws DemoFailedException if one could not be sent
     */
    long acknowledged() {
        Exception failed = failure.get();
        if (failed != null) {
            throw new DemoFailedException("A record could not be sent: " + failed.getMessage(), failed);
        }
        return acknowledged.get();
    }

    /** Whether the broker has every record. */
    boolean isDone() {
        return acknowledged() == total;
    }

    /** Sends nothing more, and waits for what is on its way. */
    @Override
    public void close() {
        stopped = true;
        try {
            thread.join(STOP_WITHIN.toMillis());
        } catch (InterruptedException hurried) {
            LOGGER.warn("The sender was not given the time to finish", hurried);
        }
    }
}
