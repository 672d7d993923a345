// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.admin;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;

import io.dedup.IdempotencyKey;
import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.Completion;
import io.dedup.store.ScopedKey;
import io.dedup.store.contract.StoreClock;
import io.dedup.store.memory.MemoryIdempotencyStore;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class OperationMetricsTest {
    private static final Duration OFTEN = Duration.ofMillis(5);
    private static final Duration TTL = Duration.ofHours(1);

    private final StoreClock clock = new StoreClock();
    private final MemoryIdempotencyStore store = MemoryIdempotencyStore.holding(1000, clock);
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

    @Test
    void gauges_unknownOperation_countItAndItsAgeUntilItIsRepaired() {
        ScopedKey key = unknown("payments", "42");
        clock.advance(Duration.ofSeconds(90));
        try (OperationMetrics metrics = OperationMetrics.every(OFTEN, store.operations(), registry)) {
            await().untilAsserted(() ->
                    assertThat(value("dedup.operations", "payments", "unknown")).isEqualTo(1));
            assertThat(value("dedup.operations.oldest.age", "payments", "unknown"))
                    .isEqualTo(90);
            assertThat(value("dedup.operations", "payments", "stuck")).isZero();
            assertThat(registry.getMeters())
                    .as("no key is a tag")
                    .allSatisfy(meter -> assertThat(meter.getId().getTags())
                            .extracting("value")
                            .doesNotContain("42"));
            StoredOperation seen = store.operations().find(key).orElseThrow();
            store.operations().repair(seen, Repair.notDone(TTL));
            await().untilAsserted(() ->
                    assertThat(value("dedup.operations", "payments", "unknown")).isZero());
            assertThat(value("dedup.operations.oldest.age", "payments", "unknown"))
                    .isZero();
            assertThat(metrics).isNotNull();
        }
        assertThat(registry.find("dedup.operations").gauges()).isEmpty();
    }

    @Test
    void gauges_manyScopes_areTagsOnlyWhereTheMostIsOpen() {
        for (int i = 0; i < 60; i++) {
            unknown("scope-" + i, "a");
        }
        unknown("scope-59", "b");
        try (OperationMetrics metrics = OperationMetrics.every(OFTEN, store.operations(), registry)) {
            await().untilAsserted(() -> assertThat(value("dedup.operations", OperationCounts.OTHER_SCOPES, "unknown"))
                    .isEqualTo(10));
            assertThat(value("dedup.operations", "scope-59", "unknown")).isEqualTo(2);
            assertThat(registry.find("dedup.operations").tag("state", "unknown").gauges())
                    .hasSize(51);
            assertThat(metrics).isNotNull();
        }
    }

    /** A number that is no longer known is not one to alert on. */
    @Test
    void gauges_storeCannotBeReached_areGoneAndTheFailureIsCounted() {
        unknown("payments", "42");
        AtomicBoolean down = new AtomicBoolean();
        OperationAdmin flaky = new FlakyAdmin(store.operations(), down);
        try (OperationMetrics metrics = OperationMetrics.every(OFTEN, flaky, registry)) {
            await().untilAsserted(() ->
                    assertThat(value("dedup.operations", "payments", "unknown")).isEqualTo(1));
            down.set(true);
            await().untilAsserted(() ->
                    assertThat(registry.find("dedup.operations").gauges()).isEmpty());
            assertThat(registry.get("dedup.operations.poll.failures").counter().count())
                    .isPositive();
            down.set(false);
            await().untilAsserted(() ->
                    assertThat(value("dedup.operations", "payments", "unknown")).isEqualTo(1));
            assertThat(metrics).isNotNull();
        }
    }

    @Test
    void every_noPause_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> OperationMetrics.every(Duration.ZERO, store.operations(), registry))
                .withMessageContaining("pause must be at least");
    }

    private record FlakyAdmin(OperationAdmin admin, AtomicBoolean down) implements OperationAdmin {
        @Override
        public OperationPage list(OperationQuery query) {
            return admin.list(query);
        }

        @Override
        public Optional<StoredOperation> find(ScopedKey key) {
            return admin.find(key);
        }

        @Override
        public OperationCounts count() {
            if (down.get()) {
                throw new IllegalStateException("The store is down");
            }
            return admin.count();
        }

        @Override
        public RepairResult repair(StoredOperation seen, Repair repair) {
            return admin.repair(seen, repair);
        }
    }

    private double value(String name, String scope, String state) {
        Gauge gauge =
                registry.find(name).tag("scope", scope).tag("state", state).gauge();
        return gauge == null ? Double.NaN : gauge.value();
    }

    private ScopedKey unknown(String scope, String name) {
        ScopedKey key = new ScopedKey(scope, IdempotencyKey.of("header:id", name.getBytes(UTF_8)));
        Claim claim =
                ((ClaimResult.Acquired) store.claim(ClaimRequest.of(key, null, Duration.ofMinutes(1), TTL))).claim();
        store.complete(claim, Completion.unknown(), TTL);
        return key;
    }
}
