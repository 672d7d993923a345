// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import java.util.function.LongSupplier;
import org.apache.kafka.common.metrics.MeasurableStat;
import org.apache.kafka.common.metrics.MetricConfig;

/**
 * A metric that is computed when somebody reads it, on whichever thread that is.
 *
 * @param value what it is
 */
record Gauge(LongSupplier value) implements MeasurableStat {
    @Override
    public double measure(MetricConfig config, long now) {
        return value.getAsLong();
    }

    @Override
    public void record(MetricConfig config, double recorded, long timeMs) {
        // Nothing is recorded: the value is at hand.
    }
}
