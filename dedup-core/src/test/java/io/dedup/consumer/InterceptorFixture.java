// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;

import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import javax.management.JMException;
import javax.management.ObjectName;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** What tests of interceptors have in common. They run beside each other on one broker. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
@Execution(ExecutionMode.CONCURRENT)
abstract class InterceptorFixture {
    static final Duration PATIENCE = Duration.ofSeconds(60);
    static final SharedBroker BROKER = SharedBroker.get();

    static String header(ConsumerRecord<?, ?> record) {
        return new String(record.headers().lastHeader("idempotency-key").value(), UTF_8);
    }

    static String topic(String name) throws Exception {
        BROKER.admin()
                .createTopics(List.of(new NewTopic(name, 1, (short) 1)))
                .all()
                .get();
        return name;
    }

    static Map<String, Object> plainConfigs(String group) {
        return new HashMap<>(Map.of(
                "bootstrap.servers",
                BROKER.bootstrapServers(),
                "group.id",
                group,
                "auto.offset.reset",
                "earliest",
                "enable.auto.commit",
                "false"));
    }

    static Map<String, Object> consumerConfigs(String group) {
        Map<String, Object> configs = plainConfigs(group);
        configs.put("client.id", group);
        configs.put("interceptor.classes", DedupConsumerInterceptor.class.getName());
        configs.put("dedup.consumer.store", "jdbc:h2:mem:" + group + ";DB_CLOSE_DELAY=-1");
        return configs;
    }

    static Consumer<String, String> consumer(Map<String, Object> configs) {
        return new KafkaConsumer<>(configs, new StringDeserializer(), new StringDeserializer());
    }

    /** That many values, after which there are none for a while. */
    static List<String> read(Consumer<String, String> consumer, int expected) {
        List<String> values = new ArrayList<>();
        await().atMost(PATIENCE).until(() -> {
            consumer.poll(Duration.ofMillis(100)).forEach(record -> values.add(record.value()));
            return values.size() >= expected;
        });
        consumer.poll(Duration.ofMillis(500)).forEach(record -> values.add(record.value()));
        return values;
    }

    /** A count that an interceptor publishes in JMX. */
    static double metric(String domain, String clientId, String name) throws JMException {
        ObjectName bean = new ObjectName(domain + ":type=dedup-interceptor-metrics,client-id=" + clientId);
        return (Double) ManagementFactory.getPlatformMBeanServer().getAttribute(bean, name);
    }

    /** Each {@code KEY:VALUE}, or {@code :VALUE} without a key. */
    static void send(Map<String, Object> more, String topic, String... records) throws Exception {
        Map<String, Object> configs = new HashMap<>(Map.of("bootstrap.servers", BROKER.bootstrapServers()));
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
