// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import io.dedup.internal.metrics.InterceptorCounts;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.atomic.LongAdder;

/** The counts of a consumer, published in JMX. Thread-safe. */
final class ConsumerCounts implements AutoCloseable {
    private final InterceptorCounts all = new InterceptorCounts();
    final LongAdder handled = all.counter("handled", "Records whose operation was done now");
    final LongAdder replayed = all.counter("replayed", "Records whose operation had been done before");
    final LongAdder deadLetters = all.counter("dead-letters", "Records that were dead-lettered");
    final LongAdder retries = all.counter("retries", "Attempts that were followed by another");
    final LongAdder abandoned =
            all.counter("abandoned", "Threads that have not come back long after the longest duration of an operation");

    /**
     * Publishes them, with those that are read from the loops.
     *
     * @param loops what the consumer runs
     */
    void publish(String clientId, ConsumerLoops loops, Outage outage) {
        all.gauge("in-flight", "Records that were read and are not done with", loops::inFlight);
        all.gauge("oldest-uncommitted-age-ms", "How long the oldest record has been read that is not done with", () ->
                (double) loops.oldestAge().toMillis());
        all.gauge("lag", "Records that are not done with, read or not; NaN while that is not known", () -> {
            OptionalLong lag = loops.lag();
            return lag.isPresent() ? lag.getAsLong() : Double.NaN;
        });
        all.gauge("holding", "1 while records are held, since all of them fail", () -> outage.holds(loops) ? 1 : 0);
        all.publish("kafka.consumer", "dedup-consumer-metrics", clientId);
    }

    /** All of them, with their names in JMX. */
    List<InterceptorCounts.Count> all() {
        return all.all();
    }

    @Override
    public void close() {
        all.close();
    }
}
