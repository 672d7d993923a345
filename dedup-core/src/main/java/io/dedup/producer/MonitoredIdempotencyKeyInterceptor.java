// SPDX-License-Identifier: Apache-2.0
package io.dedup.producer;

import io.dedup.internal.metrics.PluginCounts;
import org.apache.kafka.common.metrics.Monitorable;
import org.apache.kafka.common.metrics.PluginMetrics;

/**
 * An {@link IdempotencyKeyInterceptor} whose counts are among the producer's own metrics, in the group {@code plugins}, where
 * Micrometer and client telemetry find them too. Needs kafka-clients 4.1 or later, which have such metrics for plugins.
 *
 * <p>Thread-safe.
 */
public final class MonitoredIdempotencyKeyInterceptor extends IdempotencyKeyInterceptor implements Monitorable {
    /** For Kafka, which configures it. */
    public MonitoredIdempotencyKeyInterceptor() {}

    @Override
    public void withPluginMetrics(PluginMetrics metrics) {
        PluginCounts.publish(counts(), metrics);
    }

    @Override
    boolean countsInJmx() {
        return false;
    }
}
