// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.dedup.IdempotencyKey;
import io.dedup.StoredOutcome;
import io.dedup.store.ClaimResult;
import io.dedup.store.LeaseResult;
import io.dedup.store.memory.MemoryIdempotencyStore;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class HandlerMetricsTest {
    private static final IdempotencyKey KEY = IdempotencyKey.of("header:idempotency-key", "42".getBytes(UTF_8));

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final WatchedStore store = new WatchedStore(MemoryIdempotencyStore.holding(100));

    @Test
    void meters_operationThatFailsSucceedsAndIsAskedForAgain_countAll() {
        try (IdempotentHandler<StoredOutcome> handler = handler()) {
            assertThatExceptionOfType(IOException.class)
                    .isThrownBy(() -> handler.tryHandle(Call.of(KEY), execution -> {
                        throw new IOException("broken pipe");
                    }));
            handler.tryHandle(Call.of(KEY), execution -> null);
            handler.tryHandle(Call.of(KEY), execution -> null);
        }
        assertThat(calls("processed")).isEqualTo(1);
        assertThat(calls("replayed")).isEqualTo(1);
        assertThat(registry.get("dedup.handler.attempts").summary().max()).isEqualTo(2);
        assertThat(registry.get("dedup.handler.failures")
                        .tag("exception", "IOException")
                        .counter()
                        .count())
                .isEqualTo(1);
        assertThat(registry.getMeters())
                .as("no key is a tag")
                .allSatisfy(meter ->
                        assertThat(meter.getId().getTags()).extracting("value").doesNotContain("42"));
    }

    @Test
    void meters_anotherIsWaitedFor_timeTheWait() {
        store.onClaim = result -> store.claims.get() <= 2 ? new ClaimResult.InProgress(Duration.ofMillis(1)) : result;
        try (IdempotentHandler<StoredOutcome> handler = handler()) {
            handler.tryHandle(Call.of(KEY), execution -> null);
        }
        assertThat(registry.get("dedup.handler.waits").timer().count()).isEqualTo(1);
    }

    @Test
    void meters_leaseLostAndStoreDown_areCounted() {
        store.onRenew = result -> new LeaseResult.Lost();
        try (IdempotentHandler<StoredOutcome> handler = handler()) {
            assertThatExceptionOfType(LeaseLostException.class)
                    .isThrownBy(() -> handler.tryHandle(Call.of(KEY), execution -> {
                        new CountDownLatch(1).await();
                        return null;
                    }));
            store.onClaim = result -> new ClaimResult.Unavailable("down", null);
            assertThatExceptionOfType(StoreUnavailableException.class)
                    .isThrownBy(() -> handler.tryHandle(Call.of(KEY), execution -> null));
        }
        assertThat(registry.get("dedup.handler.store.unavailable").counter().count())
                .isEqualTo(1);
        org.awaitility.Awaitility.await()
                .untilAsserted(() -> assertThat(registry.get("dedup.handler.leases.lost")
                                .counter()
                                .count())
                        .isEqualTo(1));
    }

    private IdempotentHandler<StoredOutcome> handler() {
        return IdempotentHandler.on(store, "payments", RawCodec.RAW)
                .withLease(Duration.ofMillis(150))
                .onEvent(new HandlerMetrics(registry))
                .build();
    }

    private long calls(String outcome) {
        return registry.get("dedup.handler.calls")
                .tag("scope", "payments")
                .tag("outcome", outcome)
                .timer()
                .count();
    }
}
