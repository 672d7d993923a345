// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.IdempotencyKey;
import io.dedup.key.IdempotencyKeys;
import io.dedup.key.KeyShape;
import io.dedup.store.memory.MemoryIdempotencyStore;
import org.junit.jupiter.api.Test;

class DownstreamKeyTest {
    private static final IdempotencyKey KEY = IdempotencyKey.of("42");

    @Test
    void downstreamKey_everyShape_isThatOfTheHandlersScope() {
        try (IdempotentHandler<String> handler = IdempotentHandler.on(
                        MemoryIdempotencyStore.holding(10), "payments", OutcomeCodec.string())
                .build()) {
            // When
            String keys = handler.handle(
                    Call.of(KEY),
                    execution -> execution.downstreamKey("charge") + " "
                            + execution.downstreamKey("charge", KeyShape.hex()) + " "
                            + execution.downstreamKey("charge", KeyShape.atMost(38)));
            // Then
            String hex = IdempotencyKeys.downstream("payments", KEY, "charge");
            String fitting = IdempotencyKeys.downstream("payments", KEY, "charge", KeyShape.atMost(38));
            assertThat(keys).isEqualTo(hex + " " + hex + " " + fitting);
        }
    }
}
