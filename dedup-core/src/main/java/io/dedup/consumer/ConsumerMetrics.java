// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import io.dedup.internal.metrics.InterceptorCounts.Count;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.TimeGauge;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/**
 * Publishes the counts of an {@link IdempotentConsumer} with Micrometer, which has to be on the class path. Each of its attributes
 * in JMX is a meter: {@code handled-total} is the counter {@code dedup.consumer.handled}, {@code in-flight} the gauge {@code
 * dedup.consumer.in.flight}, {@code oldest-uncommitted-age-ms} the time {@code dedup.consumer.oldest.uncommitted.age}. The tag
 * {@code client.id} is as in JMX.
 *
 * <pre>{@code
 * ConsumerMetrics metrics = new ConsumerMetrics(consumer);
 * metrics.bindTo(registry);
 * }</pre>
 *
 * <p>Close it after the consumer, before another one with the same {@code client.id} is started: a registry keeps the first
 * meter of a name. Thread-safe.
 */
public final class ConsumerMetrics implements MeterBinder, AutoCloseable {
    private static final String PREFIX = "dedup.consumer.";
    private static final String TOTAL = "-total";
    private static final String MILLISECONDS = "-ms";

    private final IdempotentConsumer consumer;
    private final Map<MeterRegistry, List<Meter>> bound = new ConcurrentHashMap<>();

    /** Meters of that consumer, to be bound to registries. */
    public ConsumerMetrics(IdempotentConsumer consumer) {
        this.consumer = consumer;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        List<Meter> meters = bound.computeIfAbsent(registry, none -> new CopyOnWriteArrayList<>());
        Tags tags = Tags.of("client.id", consumer.clientId());
        for (Count count : consumer.counts()) {
            meters.add(meter(count, tags, registry));
        }
    }

    private static Meter meter(Count count, Tags tags, MeterRegistry registry) {
        String name = count.name();
        if (name.endsWith(TOTAL)) {
            return FunctionCounter.builder(
                            named(name, TOTAL), count, one -> one.value().getAsDouble())
                    .description(count.description())
                    .tags(tags)
                    .register(registry);
        } else if (name.endsWith(MILLISECONDS)) {
            return TimeGauge.builder(
                            named(name, MILLISECONDS),
                            count,
                            TimeUnit.MILLISECONDS,
                            one -> one.value().getAsDouble())
                    .description(count.description())
                    .tags(tags)
                    .register(registry);
        }
        return Gauge.builder(named(name, ""), count, one -> one.value().getAsDouble())
                .description(count.description())
                .tags(tags)
                .register(registry);
    }

    private static String named(String name, String unit) {
        return PREFIX + name.substring(0, name.length() - unit.length()).replace('-', '.');
    }

    /** Takes the meters out of their registries. */
    @Override
    public void close() {
        bound.forEach((registry, meters) -> meters.forEach(registry::remove));
        bound.clear();
    }
}
