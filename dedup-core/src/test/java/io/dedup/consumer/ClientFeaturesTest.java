// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dedup.handler.IdempotentHandler;
import io.dedup.store.memory.MemoryIdempotencyStore;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Holds with every version of kafka-clients that is supported; {@code .ci/matrix} runs it with each. */
class ClientFeaturesTest {
    /** A version that cannot renew locks is refused before anything else is looked at. */
    @Test
    void startInShareGroup_anyClient_isRefusedBelow42AndCheckedFurtherFrom42On() {
        // Given
        IdempotentConsumer.Builder<byte[], byte[]> tooManyAttempts = IdempotentConsumer.subscribing(
                        Map.of("bootstrap.servers", "localhost:1", "group.id", "g"), "t")
                .withRetries(new Retries(5, Duration.ofMillis(1), Duration.ofMillis(1)));
        try (IdempotentHandler handler =
                IdempotentHandler.on(MemoryIdempotencyStore.holding(10), "test").build()) {
            // When, then
            var refusal =
                    assertThatThrownBy(() -> tooManyAttempts.startInShareGroup(handler, (record, execution) -> null));
            if (minor() < 42) {
                refusal.isInstanceOf(UnsupportedOperationException.class)
                        .hasMessageContaining("4.2.0 or later")
                        .hasMessageContaining(ClientFeatures.version());
            } else {
                refusal.isInstanceOf(IllegalArgumentException.class).hasMessageContaining("share.delivery.count.limit");
            }
        }
    }

    @Test
    void features_anyClient_areThoseOfItsVersion() {
        assertThat(ClientFeatures.NEXT_OFFSETS).isEqualTo(minor() >= 40);
        assertThat(ClientFeatures.RENEWED_LOCKS).isEqualTo(minor() >= 42);
    }

    /** 43 for 4.3.1. */
    private static int minor() {
        String[] parts = ClientFeatures.version().split("\\.");
        return Integer.parseInt(parts[0]) * 10 + Integer.parseInt(parts[1]);
    }
}
