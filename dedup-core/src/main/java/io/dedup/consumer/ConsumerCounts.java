// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import io.dedup.internal.metrics.InterceptorCounts;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;

/** What a consumer counts, published in JMX. Thread-safe. */
final class ConsumerCounts implements AutoCloseable {
    private final InterceptorCounts all = new InterceptorCounts();
    final LongAdder handled = all.counter("handled", "Records whose operation was done, now or before");
    final LongAdder deadLetters = all.counter("dead-letters", "Records that were dead-lettered");
    final LongAdder retries = all.counter("retries", "Attempts that were followed by another");
    final LongAdder abandoned =
            all.counter("abandoned", "Threads that have not come back long after the longest duration of an operation");

    /**
     * Publishes them, with those that are read from the loops.
     *
     * @param loops what the consumer runs
     */
    void publish(String clientId, List<? extends ConsumerLoop> loops, Outage outage) {
        all.gauge("oldest-uncommitted-age-ms", "How long the oldest record has been read that is not done with", () ->
                (double) oldestAge(loops).toMillis());
        all.gauge("holding", "1 while no record is given up, since all of them fail", () -> outage.isHolding() ? 1 : 0);
        all.publish("kafka.consumer", "dedup-consumer-metrics", clientId);
    }

    /** How long the oldest record has been read that is not done with. */
    static Duration oldestAge(List<? extends ConsumerLoop> loops) {
        return loops.stream()
                .map(ConsumerLoop::oldestAge)
                .max(Duration::compareTo)
                .orElse(Duration.ZERO);
    }

    @Override
    public void close() {
        all.close();
    }
}
