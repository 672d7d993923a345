// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import java.time.Duration;
import java.util.Map;
import java.util.OptionalLong;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The number of records of the assigned partitions that are not done with: what the client knows to be behind its position, and
 * what it has read from the first record on that is not done with. Counted in offsets, so that markers of transactions and records
 * that were done out of order count too.
 *
 * <p>Looked at on the thread of the consumer, and read by any.
 */
final class Lag {
    private static final Logger LOGGER = LoggerFactory.getLogger(Lag.class);

    /** The client of the newer protocol answers on another thread. */
    private static final Duration EVERY = Duration.ofSeconds(1);

    private static final long UNKNOWN = -1;

    private long lookedAt = System.nanoTime() - EVERY.toNanos();
    private volatile long records = UNKNOWN;

    /** Looks, unless it has a moment ago. Asks no broker, and waits for none. */
    void look(Consumer<?, ?> consumer, Map<TopicPartition, PartitionState> assigned) {
        long now = System.nanoTime();
        if (now - lookedAt >= EVERY.toNanos()) {
            lookedAt = now;
            records = sum(consumer, assigned);
        }
    }

    /** Partitions of which the client knows nothing yet are left out, unless they are all there are. */
    private static long sum(Consumer<?, ?> consumer, Map<TopicPartition, PartitionState> assigned) {
        long sum = assigned.isEmpty() ? 0 : UNKNOWN;
        for (Map.Entry<TopicPartition, PartitionState> one : assigned.entrySet()) {
            OptionalLong behind = behind(consumer, one.getKey());
            if (behind.isPresent()) {
                sum = Math.max(0, sum) + behind.getAsLong() + one.getValue().uncommitted();
            }
        }
        return sum;
    }

    private static OptionalLong behind(Consumer<?, ?> consumer, TopicPartition partition) {
        try {
            return consumer.currentLag(partition);
        } catch (TimeoutException | IllegalStateException unknown) {
            // The client is busy, or has just given the partition up.
            LOGGER.debug("The lag of {} is not known", partition, unknown);
            return OptionalLong.empty();
        }
    }

    /** It is not known any more. */
    void forget() {
        records = UNKNOWN;
    }

    /** Empty while it is not known. */
    OptionalLong records() {
        long now = records;
        return now == UNKNOWN ? OptionalLong.empty() : OptionalLong.of(now);
    }
}
