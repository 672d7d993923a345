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
 * The offsets to go on from after a poll: of every partition that records were polled of, also while the client does not know
 * its position, and of each that moved past markers of transactions, for which there are no records.
 *
 * <p>Confined to the thread of the consumer.
 */
abstract class NextOffsets {
    /** As the kafka-clients on the class path allow. */
    static NextOffsets ofThisClient() {
        return ClientFeatures.NEXT_OFFSETS ? new OfRecords() : new OfPositions();
    }

    /**
     * Returns what may be committed once the records are done with.
     *
     * @param records the last that the consumer has polled
     * @param assigned the partitions of the consumer
     */
    final Map<TopicPartition, OffsetAndMetadata> after(
            ConsumerRecords<byte[], byte[]> records, Consumer<?, ?> consumer, Set<TopicPartition> assigned) {
        Map<TopicPartition, OffsetAndMetadata> next = new HashMap<>();
        for (TopicPartition partition : records.partitions()) {
            List<ConsumerRecord<byte[], byte[]>> polled = records.records(partition);
            ConsumerRecord<byte[], byte[]> last = polled.get(polled.size() - 1);
            next.put(partition, new OffsetAndMetadata(last.offset() + 1, last.leaderEpoch(), ""));
        }
        client(records, consumer, assigned)
                .forEach((partition, position) -> next.merge(
                        partition,
                        position,
                        (ofLast, ofClient) -> ofClient.offset() >= ofLast.offset() ? ofClient : ofLast));
        return next;
    }

    /** What the client says, of any partitions. */
    abstract Map<TopicPartition, OffsetAndMetadata> client(
            ConsumerRecords<byte[], byte[]> records, Consumer<?, ?> consumer, Set<TopicPartition> assigned);

    /** From 4.0 on polled records say it. */
    static final class OfRecords extends NextOffsets {
        @Override
        Map<TopicPartition, OffsetAndMetadata> client(
                ConsumerRecords<byte[], byte[]> records, Consumer<?, ?> consumer, Set<TopicPartition> assigned) {
            return records.nextOffsets();
        }
    }

    /** Before 4.0 the positions of the consumer do, once they have moved. */
    static final class OfPositions extends NextOffsets {
        private final Map<TopicPartition, Long> positions = new HashMap<>();

        @Override
        Map<TopicPartition, OffsetAndMetadata> client(
                ConsumerRecords<byte[], byte[]> records, Consumer<?, ?> consumer, Set<TopicPartition> assigned) {
            positions.keySet().retainAll(assigned);
            Map<TopicPartition, OffsetAndMetadata> moved = new HashMap<>();
            for (TopicPartition partition : assigned) {
                Long position = position(consumer, partition);
                if (position != null && !position.equals(positions.put(partition, position))) {
                    moved.put(partition, new OffsetAndMetadata(position));
                }
            }
            return moved;
        }

        /** Null until it has been found out, and while it is validated after a change of leader. */
        private static @Nullable Long position(Consumer<?, ?> consumer, TopicPartition partition) {
            try {
                return consumer.position(partition, Duration.ZERO);
            } catch (TimeoutException unknown) {
                return null;
            }
        }
    }
}
