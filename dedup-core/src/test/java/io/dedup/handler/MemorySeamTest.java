// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.store.memory.MemoryIdempotencyStore;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Handlers on a store in memory, against the truth. {@code -Dseam.seeds=100 -Dseam.first=1} runs more. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class MemorySeamTest {
    static List<Long> seeds() {
        return SeamHarness.seeds(4);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void anyHistory_everyOperationHasItsEffectOnce(long seed) throws Exception {
        MemoryIdempotencyStore store = MemoryIdempotencyStore.holding(10_000);
        assertThat(new SeamHarness(seed, () -> store, null).run()).isEmpty();
    }
}
