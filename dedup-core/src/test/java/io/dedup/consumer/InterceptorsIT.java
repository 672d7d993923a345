// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dedup.producer.IdempotencyKeyInterceptor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;

/** Producers and consumers that were given nothing but properties. */
class InterceptorsIT extends InterceptorFixture {
    @Test
    void plainConsumer_twoProperties_seesEachKeyOnceAndWhatItHasNotCommittedAgain() throws Exception {
        // Given
        String topic = topic("plain");
        send(Map.of(), topic, "id-1:a", "id-2:b", "id-1:a", "id-3:c", "id-2:b");
        Map<String, Object> configs = consumerConfigs(topic);
        // When it is read and not committed
        try (Consumer<String, String> consumer = consumer(configs)) {
            consumer.subscribe(List.of(topic));
            assertThat(read(consumer, 3)).containsExactly("a", "b", "c");
            assertThat(metric("kafka.consumer", topic, "duplicates-total")).isEqualTo(2);
            assertThat(metric("kafka.consumer", topic, "passed-total")).isEqualTo(3);
            assertThat(metric("kafka.consumer", topic, "blocked")).isZero();
        }
        // Then it is read again, and once committed no more
        try (Consumer<String, String> consumer = consumer(configs)) {
            consumer.subscribe(List.of(topic));
            assertThat(read(consumer, 3)).containsExactly("a", "b", "c");
            consumer.commitSync();
        }
        send(Map.of(), topic, "id-3:c", "id-4:d");
        try (Consumer<String, String> consumer = consumer(configs)) {
            consumer.subscribe(List.of(topic));
            assertThat(read(consumer, 1)).containsExactly("d");
            assertThat(metric("kafka.consumer", topic, "duplicates-total")).isEqualTo(1);
        }
    }

    @Test
    void producer_twoProperties_derivesTheSameKeyForWhatIsSentAgain() throws Exception {
        // Given
        String topic = topic("stamped");
        Map<String, Object> stamping = Map.of(
                "interceptor.classes",
                IdempotencyKeyInterceptor.class.getName(),
                "dedup.producer.key",
                "sha256:/order,/amount");
        String order = "{\"order\":42,\"amount\":1999,\"sentAt\":%d}";
        // When
        send(stamping, topic, ":" + order.formatted(1), ":" + order.formatted(2), "own:" + order.formatted(3));
        // Then
        Map<String, Object> configs = consumerConfigs(topic);
        try (Consumer<String, String> consumer = consumer(configs)) {
            consumer.subscribe(List.of(topic));
            assertThat(read(consumer, 2)).containsExactly(order.formatted(1), order.formatted(3));
        }
    }

    @Test
    void producer_sendsTheSameObjectTwice_bothAreStampedAndRandomKeysDiffer() throws Exception {
        String topic = topic("random");
        Map<String, Object> configs = new HashMap<>(Map.of(
                "bootstrap.servers",
                BROKER.bootstrapServers(),
                "client.id",
                topic,
                "interceptor.classes",
                IdempotencyKeyInterceptor.class.getName()));
        try (var producer = new KafkaProducer<>(configs, new StringSerializer(), new StringSerializer())) {
            ProducerRecord<String, String> record = new ProducerRecord<>(topic, "v");
            producer.send(record).get();
            producer.send(record).get();
            assertThat(metric("kafka.producer", topic, "stamped-total")).isEqualTo(2);
        }
        List<String> keys = new ArrayList<>();
        try (Consumer<String, String> consumer = consumer(plainConfigs(topic))) {
            consumer.subscribe(List.of(topic));
            await().atMost(PATIENCE).until(() -> {
                consumer.poll(Duration.ofMillis(100)).forEach(record -> keys.add(header(record)));
                return keys.size() == 2;
            });
        }
        assertThat(keys)
                .doesNotHaveDuplicates()
                .allSatisfy(key -> assertThat(UUID.fromString(key)).isNotNull());
    }
}
