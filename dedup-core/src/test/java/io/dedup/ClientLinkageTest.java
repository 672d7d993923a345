// SPDX-License-Identifier: Apache-2.0
package io.dedup;

import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.testing.KafkaLinkage;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.junit.jupiter.api.Test;

/**
 * Every class, method and field of Kafka that this module refers to is in the kafka-clients on the class path, but for what is
 * used behind a check. {@code .ci/matrix} runs this with each version that is supported.
 */
class ClientLinkageTest {
    private static final Set<String> MONITORED = Set.of(
            "org.apache.kafka.common.metrics.Monitorable",
            "org.apache.kafka.common.metrics.PluginMetrics",
            "org.apache.kafka.common.metrics.PluginMetrics.addMetric(org.apache.kafka.common.MetricName,"
                    + " org.apache.kafka.common.metrics.MetricValueProvider)",
            "org.apache.kafka.common.metrics.PluginMetrics.metricName(java.lang.String, java.lang.String,"
                    + " java.util.LinkedHashMap)");

    /** What older clients lack, by the only classes that may refer to it. */
    private static final Map<String, Set<String>> BEHIND_A_CHECK = Map.of(
            "io.dedup.consumer.ClientFeatures",
            Set.of(
                    "org.apache.kafka.clients.consumer.ConsumerRecords.nextOffsets()",
                    "org.apache.kafka.clients.consumer.ConsumerRecords.<init>(java.util.Map, java.util.Map)",
                    "org.apache.kafka.clients.consumer.ConsumerRecord.deliveryCount()",
                    "org.apache.kafka.clients.consumer.ConsumerRecord.<init>(java.lang.String, int, long, long,"
                            + " org.apache.kafka.common.record.TimestampType, int, int, java.lang.Object,"
                            + " java.lang.Object, org.apache.kafka.common.header.Headers, java.util.Optional,"
                            + " java.util.Optional)"),
            "io.dedup.consumer.NextOffsets",
            Set.of("org.apache.kafka.clients.consumer.ConsumerRecords.nextOffsets()"),
            "io.dedup.consumer.ShareGroupLoop",
            Set.of(
                    "org.apache.kafka.clients.consumer.ShareConsumer.acquisitionLockTimeoutMs()",
                    "org.apache.kafka.clients.consumer.AcknowledgeType.RENEW"),
            "io.dedup.consumer.MonitoredDedupConsumerInterceptor",
            MONITORED,
            "io.dedup.producer.MonitoredIdempotencyKeyInterceptor",
            MONITORED,
            "io.dedup.internal.metrics.PluginCounts",
            MONITORED);

    @Test
    void references_toKafka_areInTheClientsOnTheClassPath() {
        assertThat(new KafkaLinkage(BEHIND_A_CHECK).missing(IdempotencyKey.class, KafkaConsumer.class))
                .isEmpty();
    }
}
