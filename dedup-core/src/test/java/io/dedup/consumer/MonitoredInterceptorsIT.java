// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.producer.MonitoredIdempotencyKeyInterceptor;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Interceptors whose counts are among the metrics of their client. */
@Tag("needs-kafka-4.1")
class MonitoredInterceptorsIT extends InterceptorFixture {
    @Test
    void consumer_monitored_countsAreAmongItsOwnMetrics() throws Exception {
        // Given
        String topic = topic("monitored-consumer");
        send(Map.of(), topic, "id-1:a", "id-1:a");
        Map<String, Object> configs = consumerConfigs(topic);
        configs.put("interceptor.classes", MonitoredDedupConsumerInterceptor.class.getName());
        try (Consumer<String, String> consumer = consumer(configs)) {
            consumer.subscribe(List.of(topic));
            // When
            assertThat(read(consumer, 1)).containsExactly("a");
            // Then
            assertThat(plugin(consumer.metrics(), "duplicates-total")).isEqualTo(1.0);
            assertThat(plugin(consumer.metrics(), "passed-total")).isEqualTo(1.0);
            assertThat(plugin(consumer.metrics(), "blocked")).isEqualTo(0.0);
        }
    }

    @Test
    void producer_monitored_countsAreAmongItsOwnMetrics() throws Exception {
        // Given
        String topic = topic("monitored-producer");
        Map<String, Object> configs = Map.of(
                "bootstrap.servers",
                BROKER.bootstrapServers(),
                "interceptor.classes",
                MonitoredIdempotencyKeyInterceptor.class.getName());
        try (var producer = new KafkaProducer<>(configs, new StringSerializer(), new StringSerializer())) {
            // When
            producer.send(new ProducerRecord<>(topic, "v")).get();
            // Then
            assertThat(plugin(producer.metrics(), "stamped-total")).isEqualTo(1.0);
            assertThat(plugin(producer.metrics(), "unstamped-total")).isEqualTo(0.0);
        }
    }

    private static Object plugin(Map<MetricName, ? extends Metric> metrics, String name) {
        List<Object> values = metrics.entrySet().stream()
                .filter(metric -> metric.getKey().group().equals("plugins")
                        && metric.getKey().name().equals(name))
                .map(metric -> metric.getValue().metricValue())
                .toList();
        assertThat(values).as(name).hasSize(1);
        return values.get(0);
    }
}
