// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The offsets to go on from after a poll, of each partition that moved; also past markers of transactions, for which there
 * are no records.
 *
 * <p>Confined to the thread of the consumer.
 */
interface NextOffsets {
    /**
     * Returns what may be committed once the records are done with.
     *
     * @param records the last that the consumer has polled
     * @param assigned the partitions of the consumer
     */
    Map<TopicPartition, OffsetAndMetadata> after(
            ConsumerRecords<byte[], byte[]> records, Consumer<?, ?> consumer, Set<TopicPartition> assigned);

    /** As the kafka-clients on the class path allow. */
    static NextOffsets ofThisClient() {
        return ClientFeatures.NEXT_OFFSETS ? (records, consumer, assigned) -> records.nextOffsets() : new ByPosition();
    }

    /** From the positions of the consumer, for kafka-clients before 4.0. */
    final class ByPosition implements NextOffsets {
        private final Map<TopicPartition, Long> positions = new HashMap<>();

        @Override
        public Map<TopicPartition, OffsetAndMetadata> after(
                ConsumerRecords<byte[], byte[]> records, Consumer<?, ?> consumer, Set<TopicPartition> assigned) {
            positions.keySet().retainAll(assigned);
            Map<TopicPartition, OffsetAndMetadata> moved = new HashMap<>();
            for (TopicPartition partition : assigned) {
                List<ConsumerRecord<byte[], byte[]>> read = records.records(partition);
                Long position = position(consumer, partition);
                if (position == null) {
                    continue;
                }
                Long before = positions.put(partition, position);
                if (!read.isEmpty()) {
                    moved.put(
                            partition,
                            new OffsetAndMetadata(
                                    position, read.get(read.size() - 1).leaderEpoch(), ""));
                } else if (before != null && !before.equals(position)) {
                    moved.put(partition, new OffsetAndMetadata(position));
                }
            }
            return moved;
        }

        /** Null while the consumer has not found out where to begin. */
        private static @Nullable Long position(Consumer<?, ?> consumer, TopicPartition partition) {
            try {
                return consumer.position(partition, Duration.ZERO);
            } catch (TimeoutException unknown) {
                return null;
            }
        }
    }
}
