// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal;

import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.streams.processor.StreamPartitioner;
import org.jspecify.annotations.Nullable;

/**
 * Partitions by the idempotency key of the record in hand, while the record keeps its own key.
 *
 * <p>Kafka gives a partitioner the record's key and value and no headers. It asks it within the call that forwards the
 * record to the sink, on the same thread, so the node before says there what decides.
 *
 * <p>Thread-safe.
 */
public final class KeyPartitioner<K, V> implements StreamPartitioner<K, V> {
    private static final ThreadLocal<byte @Nullable []> DECIDING = new ThreadLocal<>();

    /** Runs {@code forward}, within which these bytes decide the partition. */
    public static void deciding(byte[] bytes, Runnable forward) {
        DECIDING.set(bytes);
        try {
            forward.run();
        } finally {
            DECIDING.remove();
        }
    }

    /** The partition of records for which these bytes decide. */
    public static int partition(byte[] deciding, int numPartitions) {
        return Utils.toPositive(Utils.murmur2(deciding)) % numPartitions;
    }

    @Override
    public Optional<Set<Integer>> partitions(String topic, @Nullable K key, @Nullable V value, int numPartitions) {
        byte[] bytes = Objects.requireNonNull(DECIDING.get(), "a partition is asked for outside of forward");
        return Optional.of(Set.of(partition(bytes, numPartitions)));
    }
}
