// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dedup.producer.IdempotencyKeyInterceptor;
import io.dedup.testing.TestServers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.kafka.core.DefaultKafkaConsumerFactory;
import org.springframework.kafka.listener.ContainerProperties;
import org.springframework.kafka.listener.DefaultErrorHandler;
import org.springframework.kafka.listener.KafkaMessageListenerContainer;
import org.springframework.kafka.listener.MessageListener;
import org.springframework.util.backoff.FixedBackOff;

/** Producers and consumers that were given nothing but properties. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class InterceptorsIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @SuppressWarnings("NullAway.Init") // started before the tests
    private static TestServers.Kafka broker;

    @SuppressWarnings("NullAway.Init") // started before the tests
    private static Admin admin;

    @BeforeAll
    static void start() {
        broker = TestServers.kafka();
        admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()));
    }

    @AfterAll
    static void stop() {
        admin.close();
        broker.close();
    }

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
            assertThat(metric(consumer, "duplicates-total")).isEqualTo(2);
            assertThat(metric(consumer, "passed-total")).isEqualTo(3);
            assertThat(metric(consumer, "blocked")).isZero();
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
            assertThat(metric(consumer, "duplicates-total")).isEqualTo(1);
        }
    }

    @Test
    void springListener_propertiesAlone_isCalledOnceForEachKeyAndAgainWhereItFails() throws Exception {
        // Given
        String topic = topic("spring");
        send(Map.of(), topic, "id-1:a", "id-1:a", "id-2:b", "id-2:b", "id-3:c");
        List<String> seen = Collections.synchronizedList(new ArrayList<>());
        ContainerProperties properties = new ContainerProperties(topic);
        properties.setMessageListener((MessageListener<String, String>) record -> {
            seen.add(record.value());
            if (record.value().equals("b") && Collections.frequency(seen, "b") < 3) {
                throw new IllegalStateException("not yet");
            }
        });
        Map<String, Object> configs = consumerConfigs(topic);
        configs.put("key.deserializer", StringDeserializer.class.getName());
        configs.put("value.deserializer", StringDeserializer.class.getName());
        KafkaMessageListenerContainer<String, String> container =
                new KafkaMessageListenerContainer<>(new DefaultKafkaConsumerFactory<>(configs), properties);
        container.setCommonErrorHandler(new DefaultErrorHandler(new FixedBackOff(10, 5)));
        // When
        container.start();
        try {
            await().atMost(PATIENCE).until(() -> seen.contains("c"));
        } finally {
            container.stop();
        }
        // Then
        assertThat(seen).containsExactly("a", "b", "b", "b", "c");
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
                broker.bootstrapServers(),
                "interceptor.classes",
                IdempotencyKeyInterceptor.class.getName()));
        try (var producer = new KafkaProducer<>(configs, new StringSerializer(), new StringSerializer())) {
            ProducerRecord<String, String> record = new ProducerRecord<>(topic, "v");
            producer.send(record).get();
            producer.send(record).get();
            assertThat(producer.metrics().values())
                    .filteredOn(metric -> metric.metricName().name().equals("stamped-total"))
                    .singleElement()
                    .satisfies(metric -> assertThat(metric.metricValue()).isEqualTo(2.0));
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

    private static String header(ConsumerRecord<?, ?> record) {
        return new String(record.headers().lastHeader("idempotency-key").value(), UTF_8);
    }

    private static String topic(String name) throws Exception {
        admin.createTopics(List.of(new NewTopic(name, 1, (short) 1))).all().get();
        return name;
    }

    private static Map<String, Object> plainConfigs(String group) {
        return new HashMap<>(Map.of(
                "bootstrap.servers",
                broker.bootstrapServers(),
                "group.id",
                group,
                "auto.offset.reset",
                "earliest",
                "enable.auto.commit",
                "false"));
    }

    private static Map<String, Object> consumerConfigs(String group) {
        Map<String, Object> configs = plainConfigs(group);
        configs.put("interceptor.classes", DedupConsumerInterceptor.class.getName());
        configs.put("dedup.consumer.store", "jdbc:h2:mem:" + group + ";DB_CLOSE_DELAY=-1");
        return configs;
    }

    private static Consumer<String, String> consumer(Map<String, Object> configs) {
        return new KafkaConsumer<>(configs, new StringDeserializer(), new StringDeserializer());
    }

    /** That many values, after which there are none for a while. */
    private static List<String> read(Consumer<String, String> consumer, int expected) {
        List<String> values = new ArrayList<>();
        await().atMost(PATIENCE).until(() -> {
            consumer.poll(Duration.ofMillis(100)).forEach(record -> values.add(record.value()));
            return values.size() >= expected;
        });
        consumer.poll(Duration.ofMillis(500)).forEach(record -> values.add(record.value()));
        return values;
    }

    private static double metric(Consumer<?, ?> consumer, String name) {
        return consumer.metrics().values().stream()
                .filter(metric -> metric.metricName().group().equals("plugins")
                        && metric.metricName().name().equals(name))
                .map(Metric::metricValue)
                .mapToDouble(value -> (Double) value)
                .sum();
    }

    /** Each {@code KEY:VALUE}, or {@code :VALUE} without a key. */
    private static void send(Map<String, Object> more, String topic, String... records) throws Exception {
        Map<String, Object> configs = new HashMap<>(Map.of("bootstrap.servers", broker.bootstrapServers()));
        configs.putAll(more);
        try (var producer = new KafkaProducer<>(configs, new StringSerializer(), new StringSerializer())) {
            for (String text : records) {
                int colon = text.indexOf(':');
                RecordHeaders headers = new RecordHeaders();
                if (colon > 0) {
                    headers.add("idempotency-key", text.substring(0, colon).getBytes(UTF_8));
                }
                producer.send(new ProducerRecord<>(topic, 0, null, "key", text.substring(colon + 1), headers))
                        .get();
            }
        }
    }
}
