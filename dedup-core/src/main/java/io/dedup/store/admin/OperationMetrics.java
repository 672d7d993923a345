// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.admin;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.MultiGauge.Row;
import io.micrometer.core.instrument.Tags;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes how many operations a store holds with Micrometer, which has to be on the class path.
 *
 * <ul>
 *   <li>{@code dedup.operations}: operations, by {@code scope} and {@code state} ({@code in_progress}, {@code stuck}, {@code
 *       released}, {@code succeeded}, {@code failed}, {@code unknown})
 *   <li>{@code dedup.operations.oldest.age}: seconds since the oldest of those that have not ended was first claimed, by {@code
 *       scope} and {@code state}; 0 where there is none
 *   <li>{@code dedup.operations.poll.failures}: how often the store could not be asked. Until it can, there are no gauges
 * </ul>
 *
 * <p>A thread of its own asks the store from time to time, and a scrape does not. Every poll reads every key once (see {@link
 * OperationAdmin#count}), so one instance of an application is enough, and a large store is to be asked seldom. At most {@value
 * #MAX_SCOPES} scopes are tags: those with the most open operations; the others are {@value OperationCounts#OTHER_SCOPES}. No key
 * is among the tags.
 *
 * <p>Thread-safe.
 */
public final class OperationMetrics implements AutoCloseable {
    /** How often a store is asked by those that have no reason for another interval. */
    public static final Duration USUAL = Duration.ofMinutes(1);

    private static final Logger LOGGER = LoggerFactory.getLogger(OperationMetrics.class);
    private static final int MAX_SCOPES = 50;
    private static final double MILLIS = 1000;

    private final OperationAdmin admin;
    private final MultiGauge counts;
    private final MultiGauge ages;
    private final Counter failures;
    private final ScheduledExecutorService timer;

    private OperationMetrics(OperationAdmin admin, MeterRegistry registry) {
        this.admin = admin;
        this.counts = MultiGauge.builder("dedup.operations")
                .description("Operations in the store")
                .register(registry);
        this.ages = MultiGauge.builder("dedup.operations.oldest.age")
                .description("Time since the oldest of them was first claimed")
                .baseUnit("seconds")
                .register(registry);
        this.failures = Counter.builder("dedup.operations.poll.failures")
                .description("Polls that the store has not answered")
                .register(registry);
        this.timer = Executors.newSingleThreadScheduledExecutor(work -> {
            Thread thread = new Thread(work, "dedup-operation-metrics");
            thread.setDaemon(true);
            return thread;
        });
    }

    /**
     * Begins to ask a store, the first time at once.
     *
     * @param pause between two polls; a millisecond or more
     * @throws IllegalArgumentException if the pause is shorter
     */
    public static OperationMetrics every(Duration pause, OperationAdmin admin, MeterRegistry registry) {
        if (pause.toMillis() < 1) {
            throw new IllegalArgumentException("pause must be at least PT0.001S: " + pause);
        }
        OperationMetrics metrics = new OperationMetrics(admin, registry);
        Future<?> unused =
                metrics.timer.scheduleWithFixedDelay(metrics::poll, 0, pause.toMillis(), TimeUnit.MILLISECONDS);
        return metrics;
    }

    private void poll() {
        try {
            publish(admin.count().withScopes(MAX_SCOPES));
        } catch (RuntimeException failed) {
            failures.increment();
            clear();
            LOGGER.warn("The operations in the store could not be counted; the next attempt follows", failed);
        }
    }

    private void publish(OperationCounts counted) {
        List<Row<?>> numbers = new ArrayList<>();
        List<Row<?>> oldest = new ArrayList<>();
        for (String scope : counted.scopes()) {
            for (OperationState state : OperationState.values()) {
                Tags tags = Tags.of("scope", scope, "state", state.name().toLowerCase(Locale.ROOT));
                OperationCounts.Group group = counted.group(scope, state);
                numbers.add(Row.of(tags, group.count()));
                if (state.isOpen()) {
                    oldest.add(Row.of(tags, group.oldest().toMillis() / MILLIS));
                }
            }
        }
        counts.register(numbers, true);
        ages.register(oldest, true);
    }

    private void clear() {
        counts.register(List.of(), true);
        ages.register(List.of(), true);
    }

    /** Stops asking, and removes the gauges. */
    @Override
    public void close() {
        timer.shutdownNow();
        try {
            if (!timer.awaitTermination(1, TimeUnit.SECONDS)) {
                LOGGER.warn("The store is still being asked for its operations");
            }
        } catch (InterruptedException hurried) {
            Thread.currentThread().interrupt();
        }
        clear();
    }
}
