// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import io.dedup.internal.metrics.PluginCounts;
import org.apache.kafka.common.metrics.Monitorable;
import org.apache.kafka.common.metrics.PluginMetrics;

/**
 * A {@link DedupConsumerInterceptor} whose counts are among the consumer's own metrics, in the group {@code plugins}, where
 * Micrometer and client telemetry find them too. Needs kafka-clients 4.1 or later, which have such metrics for plugins.
 *
 * <p>Confined to the thread of the consumer.
 */
public final class MonitoredDedupConsumerInterceptor extends DedupConsumerInterceptor implements Monitorable {
    /** For Kafka, which configures it. */
    public MonitoredDedupConsumerInterceptor() {}

    @Override
    public void withPluginMetrics(PluginMetrics metrics) {
        PluginCounts.publish(counts(), metrics);
    }

    @Override
    boolean countsInJmx() {
        return false;
    }
}
