// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal;

import io.dedup.Coordinates;
import io.dedup.config.DedupConfig;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.streams.errors.StreamsException;
import org.apache.kafka.streams.processor.StreamPartitioner;
import org.jspecify.annotations.Nullable;

/**
 * Partitions by the partition that a record has in its source.
 *
 * <p>Kafka asks for it within the call that forwards the record to the sink, on the same thread: see {@link KeyPartitioner}.
 *
 * <p>Thread-safe.
 */
public final class SourcePartitioner<K, V> implements StreamPartitioner<K, V> {
    private static final ThreadLocal<@Nullable Coordinates> SOURCE = new ThreadLocal<>();

    /** Runs {@code forward}, within which the partition of these coordinates decides. */
    public static void deciding(@Nullable Coordinates at, Runnable forward) {
        SOURCE.set(at);
        try {
            forward.run();
        } finally {
            SOURCE.remove();
        }
    }

    @Override
    public Optional<Set<Integer>> partitions(String topic, @Nullable K key, @Nullable V value, int numPartitions) {
        Coordinates at = Objects.requireNonNull(SOURCE.get(), "a partition is asked for outside of forward");
        if (at.partition() >= numPartitions) {
            throw new StreamsException("The record at " + at + " is to keep its partition, and " + topic + " has "
                    + numPartitions + ": add partitions to it, or set " + DedupConfig.TARGET_PARTITION + "=record-key");
        }
        return Optional.of(Set.of(at.partition()));
    }
}
