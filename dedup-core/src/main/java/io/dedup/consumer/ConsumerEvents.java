// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import io.dedup.handler.StoreUnavailableException;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts what happens to the records of a consumer, and passes it on to its listeners. Also keeps whether the store has answered
 * when it was last asked.
 *
 * <p>Thread-safe.
 */
final class ConsumerEvents {
    private static final Logger LOGGER = LoggerFactory.getLogger(ConsumerEvents.class);

    private final ConsumerCounts counts;
    private final List<ConsumerListener> listeners;
    private volatile @Nullable String storeFailure;

    ConsumerEvents(ConsumerCounts counts, List<ConsumerListener> listeners) {
        this.counts = counts;
        this.listeners = List.copyOf(listeners);
    }

    /** The operation of a record was done now. */
    void handled() {
        storeFailure = null;
        counts.handled.increment();
    }

    /** The operation of a record had been done before. */
    void replayed() {
        storeFailure = null;
        counts.replayed.increment();
    }

    /** The store has let an operation begin. */
    void storeAnswered() {
        storeFailure = null;
    }

    void retried(ConsumerRecord<byte[], byte[]> record, RecordHandling.Again again) {
        counts.retries.increment();
        if (again.failure() instanceof StoreUnavailableException unavailable) {
            storeFailure = String.valueOf(unavailable.getMessage());
        }
        tell(listener -> listener.retried(record, again.failure(), again.pause()));
    }

    void deadLettered(ConsumerRecord<byte[], byte[]> record, String reason, @Nullable Throwable failure) {
        counts.deadLetters.increment();
        tell(listener -> listener.deadLettered(record, reason, failure));
    }

    /** A thread has not come back long after the longest duration of an operation. */
    void abandoned() {
        counts.abandoned.increment();
    }

    void holding(boolean holds) {
        tell(listener -> listener.holding(holds));
    }

    void ended(@Nullable Throwable failure) {
        tell(listener -> listener.ended(failure));
    }

    /** What the store said instead of answering; empty if it has answered when it was last asked. */
    Optional<String> storeFailure() {
        return Optional.ofNullable(storeFailure);
    }

    private void tell(Consumer<ConsumerListener> event) {
        for (ConsumerListener listener : listeners) {
            try {
                event.accept(listener);
            } catch (RuntimeException thrown) {
                LOGGER.warn("A listener of a consumer has failed", thrown);
            }
        }
    }
}
