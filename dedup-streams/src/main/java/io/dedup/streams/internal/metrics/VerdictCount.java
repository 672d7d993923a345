// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.metrics;

import io.dedup.streams.metrics.DedupMetrics;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.metrics.MetricConfig;
import org.apache.kafka.common.metrics.Sensor;
import org.apache.kafka.common.metrics.Sensor.RecordingLevel;
import org.apache.kafka.common.metrics.stats.CumulativeSum;
import org.apache.kafka.common.metrics.stats.Rate;
import org.apache.kafka.common.metrics.stats.WindowedSum;
import org.apache.kafka.streams.StreamsMetrics;

/**
 * A total and a rate of something that every record is counted for.
 *
 * <p>Kafka's sensors take two locks for each count. Here counting is an addition to Kafka's own total, which has to be of its class:
 * by that, reporters know that it is a counter. The count since then goes into Kafka's rate every {@value #TOLD_EVERY_MS} ms, which
 * is also when other threads surely see the total, and whenever the rate is read.
 *
 * <p>Counted by one thread; read by any.
 */
final class VerdictCount implements AutoCloseable {
    private static final long TOLD_EVERY_MS = 100;
    /** A total takes no notice of it. */
    private static final MetricConfig ANY = new MetricConfig();

    private final StreamsMetrics metrics;
    /** Nothing is recorded to it; it makes a metric of the total. */
    private final Sensor counted;

    private final Sensor told;
    private final CumulativeSum total = new CumulativeSum();
    private long countedAt;
    private long toldAt = Long.MIN_VALUE / 2;

    /**
     * Counts from 0.
     *
     * @param entity what the names of sensors begin with
     * @param name what the names of the metrics begin with
     */
    VerdictCount(StreamsMetrics metrics, String entity, String name, Map<String, String> tags) {
        this.metrics = metrics;
        this.counted = metrics.addSensor(entity + "." + name + "-total", RecordingLevel.INFO);
        this.told = metrics.addSensor(entity + "." + name + "-rate", RecordingLevel.INFO);
        String what = "records got the verdict " + name;
        counted.add(new MetricName(name + "-total", DedupMetrics.GROUP, "How many " + what, tags), total);
        told.add(
                new MetricName(name + "-rate", DedupMetrics.GROUP, "How many " + what + " a second", tags),
                new SinceTold());
    }

    /**
     * Counts one more.
     *
     * @param now the wall clock in milliseconds since the epoch
     */
    void add(long now) {
        total.record(ANY, 1, now);
        countedAt = now;
        if (now - toldAt >= TOLD_EVERY_MS) {
            toldAt = now;
            told.record(1, now, false);
        }
    }

    @Override
    public void close() {
        metrics.removeSensor(counted);
        metrics.removeSensor(told);
    }

    /** Kafka's rate of everything that was counted, however often counts are passed on. Used with the lock of Kafka's metrics. */
    private final class SinceTold extends Rate {
        private double known;

        SinceTold() {
            super(TimeUnit.SECONDS, new WindowedSum());
        }

        @Override
        public void record(MetricConfig config, double ignored, long now) {
            double all = total.measure(config, now);
            if (all > known) {
                super.record(config, all - known, now);
                known = all;
            }
        }

        @Override
        public double measure(MetricConfig config, long now) {
            // What has not been told came when the last of it did, and not now.
            record(config, 0, countedAt);
            return super.measure(config, now);
        }
    }
}
