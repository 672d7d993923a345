// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.metrics.MetricConfig;
import org.apache.kafka.common.metrics.Sensor;
import org.apache.kafka.common.metrics.stats.Rate;
import org.apache.kafka.common.metrics.stats.WindowedSum;

/**
 * A total and a rate of something that every record is counted for.
 *
 * <p>Kafka's sensors take two locks for each count. Here counting is an addition, and Kafka's rate is told every {@value
 * #TOLD_EVERY_MS} ms, and whenever it is read, how many there were since.
 *
 * <p>Counted by one thread; read by any.
 */
final class VerdictCount {
    private static final long TOLD_EVERY_MS = 100;

    private final AtomicLong total = new AtomicLong();
    private final Sensor sensor;
    private long toldAt = Long.MIN_VALUE / 2;

    /**
     * Adds two metrics to a sensor that has no others.
     *
     * @param name what the names of the metrics begin with
     */
    VerdictCount(Sensor sensor, String name, Map<String, String> tags) {
        this.sensor = sensor;
        String what = "records were judged to be " + name;
        sensor.add(
                new MetricName(name + "-total", DedupMetrics.GROUP, "How many " + what, tags), new Gauge(total::get));
        sensor.add(
                new MetricName(name + "-rate", DedupMetrics.GROUP, "How many " + what + " a second", tags),
                new SinceTold());
    }

    /**
     * Counts one more.
     *
     * @param now the wall clock in milliseconds since the epoch
     */
    void add(long now) {
        total.setOpaque(total.getPlain() + 1);
        if (now - toldAt >= TOLD_EVERY_MS) {
            toldAt = now;
            sensor.record(1, now, false);
        }
    }

    Sensor sensor() {
        return sensor;
    }

    /** Kafka's rate of everything that was counted, however often it is told. Used with the lock of Kafka's metrics. */
    private final class SinceTold extends Rate {
        private long told;

        SinceTold() {
            super(TimeUnit.SECONDS, new WindowedSum());
        }

        @Override
        public void record(MetricConfig config, double ignored, long now) {
            long counted = total.get();
            super.record(config, (double) (counted - told), now);
            told = counted;
        }

        @Override
        public double measure(MetricConfig config, long now) {
            record(config, 0, now);
            return super.measure(config, now);
        }
    }
}
