// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Proxy;
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
import org.junit.jupiter.api.Test;

/** What is worked out for clients before 4.0, whose records do not say from where to go on. */
class NextOffsetsTest {
    private static final TopicPartition P0 = new TopicPartition("t", 0);
    private static final TopicPartition P1 = new TopicPartition("t", 1);

    private final NextOffsets offsets = new NextOffsets.OfPositions();
    private final Map<TopicPartition, Long> positions = new HashMap<>();

    @Test
    void after_recordsAndMarkers_isThePositionBehindThem() {
        positions.putAll(Map.of(P0, 8L, P1, 3L));
        after(Set.of(P0, P1));
        positions.put(P0, 12L);
        assertThat(after(Set.of(P0, P1), record(P0, 10))).isEqualTo(Map.of(P0, new OffsetAndMetadata(12)));
    }

    /** After a change of leader a position is validated first: its records are handed out all the same. */
    @Test
    void after_recordsWhosePositionIsNotKnown_isBehindTheLastOfThem() {
        positions.put(P1, 3L);
        assertThat(after(Set.of(P0, P1), record(P0, 5))).containsEntry(P0, new OffsetAndMetadata(6));
    }

    /** A position that lags behind its records would commit less than was done. */
    @Test
    void after_recordsBeyondThePosition_isBehindTheLastOfThem() {
        positions.put(P0, 5L);
        assertThat(after(Set.of(P0), record(P0, 5))).isEqualTo(Map.of(P0, new OffsetAndMetadata(6)));
    }

    @Test
    void after_nothingButMarkers_isThePositionOnceItHasMoved() {
        positions.putAll(Map.of(P0, 5L, P1, 3L));
        assertThat(after(Set.of(P0, P1)))
                .as("markers may have been passed already")
                .isEqualTo(Map.of(P0, new OffsetAndMetadata(5), P1, new OffsetAndMetadata(3)));
        positions.put(P0, 6L);
        assertThat(after(Set.of(P0, P1))).isEqualTo(Map.of(P0, new OffsetAndMetadata(6)));
        assertThat(after(Set.of(P0, P1))).as("not moved since").isEmpty();
    }

    @Test
    void after_positionIsNotKnownYet_isNothing() {
        assertThat(after(Set.of(P0, P1))).isEmpty();
    }

    @Test
    void after_partitionCameBack_isComparedWithNothingFromBefore() {
        positions.put(P0, 5L);
        after(Set.of(P0));
        after(Set.of());
        assertThat(after(Set.of(P0))).isEqualTo(Map.of(P0, new OffsetAndMetadata(5)));
    }

    private Map<TopicPartition, OffsetAndMetadata> after(Set<TopicPartition> assigned) {
        return offsets.after(ConsumerRecords.empty(), consumer(), assigned);
    }

    private Map<TopicPartition, OffsetAndMetadata> after(
            Set<TopicPartition> assigned, ConsumerRecord<byte[], byte[]> record) {
        TopicPartition partition = new TopicPartition(record.topic(), record.partition());
        return offsets.after(
                ClientFeatures.subset(Map.of(partition, List.of(record)), ConsumerRecords.empty()),
                consumer(),
                assigned);
    }

    private static ConsumerRecord<byte[], byte[]> record(TopicPartition partition, long offset) {
        return new ConsumerRecord<>(partition.topic(), partition.partition(), offset, new byte[0], new byte[0]);
    }

    /** A consumer that knows its positions and nothing else. */
    private Consumer<?, ?> consumer() {
        return (Consumer<?, ?>) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {Consumer.class}, (proxy, method, args) -> {
                    assertThat(method.getName()).isEqualTo("position");
                    Long position = positions.get((TopicPartition) args[0]);
                    if (position == null) {
                        throw new TimeoutException("not known yet");
                    }
                    return position;
                });
    }
}
