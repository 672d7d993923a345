// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.IdempotencyKey;
import io.dedup.StoredOutcome;
import io.dedup.key.IdempotencyKeys;
import io.dedup.key.KeyShape;
import io.dedup.store.memory.MemoryIdempotencyStore;
import org.junit.jupiter.api.Test;

class DownstreamKeyTest {
    private static final IdempotencyKey KEY = IdempotencyKey.of("42");

    @Test
    void downstreamKey_everyShape_isThatOfTheHandlersScope() {
        try (IdempotentHandler handler = IdempotentHandler.on(MemoryIdempotencyStore.holding(10), "payments")
                .build()) {
            // When
            Outcome outcome = handler.handle(
                    KEY,
                    null,
                    execution -> (execution.downstreamKey("charge") + " "
                                    + execution.downstreamKey("charge", KeyShape.hex()) + " "
                                    + execution.downstreamKey("charge", KeyShape.atMost(38)))
                            .getBytes(UTF_8));
            // Then
            String hex = IdempotencyKeys.downstream("payments", KEY, "charge");
            String fitting = IdempotencyKeys.downstream("payments", KEY, "charge", KeyShape.atMost(38));
            assertThat(outcome)
                    .isEqualTo(new Outcome.Processed(
                            StoredOutcome.of((hex + " " + hex + " " + fitting).getBytes(UTF_8)), false));
        }
    }
}
