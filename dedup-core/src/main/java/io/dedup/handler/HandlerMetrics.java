// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import io.dedup.store.ScopedKey;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.Locale;

/**
 * Counts and times operations with Micrometer, which has to be on the class path.
 *
 * <ul>
 *   <li>{@code dedup.handler.calls}: how long calls took, by {@code scope} and {@code outcome} ({@code processed}, {@code
 *       replayed}, {@code rejected}, {@code inprogress}, {@code conflict}, {@code unknown}, {@code unreadable})
 *   <li>{@code dedup.handler.waits}: how long they waited for another owner, where they did
 *   <li>{@code dedup.handler.attempts}: which attempt succeeded
 *   <li>{@code dedup.handler.failures}: operations that have failed, by {@code exception}
 *   <li>{@code dedup.handler.leases.lost} and {@code dedup.handler.store.unavailable}
 * </ul>
 *
 * <p>No key is among the tags. Thread-safe.
 */
public final class HandlerMetrics implements HandlerListener {
    private static final String SCOPE = "scope";

    private final MeterRegistry registry;

    /** Metrics in that registry. */
    public HandlerMetrics(MeterRegistry registry) {
        this.registry = registry;
    }

    @Override
    public void answered(ScopedKey key, Outcome<?> outcome, int attempt, Duration waited, Duration took) {
        String name = outcome.getClass().getSimpleName().toLowerCase(Locale.ROOT);
        registry.timer("dedup.handler.calls", SCOPE, key.scope(), "outcome", name)
                .record(took);
        if (!waited.isZero()) {
            registry.timer("dedup.handler.waits", SCOPE, key.scope()).record(waited);
        }
        if (attempt > 0) {
            DistributionSummary.builder("dedup.handler.attempts")
                    .tag(SCOPE, key.scope())
                    .register(registry)
                    .record(attempt);
        }
    }

    @Override
    public void failed(ScopedKey key, Throwable failure, int attempt) {
        String exception = failure.getClass().getSimpleName();
        registry.counter("dedup.handler.failures", SCOPE, key.scope(), "exception", exception)
                .increment();
    }

    @Override
    public void leaseLost(ScopedKey key) {
        registry.counter("dedup.handler.leases.lost", SCOPE, key.scope()).increment();
    }

    @Override
    public void storeUnavailable(ScopedKey key, StoreUnavailableException failure) {
        registry.counter("dedup.handler.store.unavailable", SCOPE, key.scope()).increment();
    }
}
