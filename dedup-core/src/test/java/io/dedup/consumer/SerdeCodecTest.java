// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.handler.Call;
import io.dedup.handler.IdempotentHandler;
import io.dedup.handler.Outcome;
import io.dedup.store.memory.MemoryIdempotencyStore;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.serialization.LongDeserializer;
import org.apache.kafka.common.serialization.LongSerializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.junit.jupiter.api.Test;

class SerdeCodecTest {
    @Test
    void handle_outcomeOfASerde_isReplayedAndTheSerdeSeesItsTopic() {
        // Given
        List<String> topics = new ArrayList<>();
        Serde<Long> serde = Serdes.serdeFrom(
                new LongSerializer() {
                    @Override
                    public byte[] serialize(String topic, Long data) {
                        topics.add(topic);
                        return super.serialize(topic, data);
                    }
                },
                new LongDeserializer());
        try (IdempotentHandler<Long> handler = IdempotentHandler.on(
                        MemoryIdempotencyStore.holding(10), "test", SerdeCodec.of("long", "receipts", serde))
                .build()) {
            // When
            Long first = handler.handle("k", null, execution -> 7L);
            // Then
            assertThat(handler.handle("k", null, execution -> 8L))
                    .isEqualTo(first)
                    .isEqualTo(7L);
            assertThat(topics).containsExactly("receipts");
        }
    }

    @Test
    void tryHandle_bytesThatAreNoLong_isUnreadable() {
        MemoryIdempotencyStore store = MemoryIdempotencyStore.holding(10);
        try (IdempotentHandler<String> texts = IdempotentHandler.on(
                                store, "test", SerdeCodec.of("x", "t", Serdes.String()))
                        .build();
                IdempotentHandler<Long> longs = IdempotentHandler.on(
                                store, "test", SerdeCodec.of("x", "t", Serdes.Long()))
                        .build()) {
            texts.handle("k", null, execution -> "text");
            assertThat(longs.tryHandle(Call.of("k"), execution -> 8L)).isInstanceOf(Outcome.Unreadable.class);
        }
    }
}
