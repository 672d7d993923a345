package com.example;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.dedup.embedded.EmbeddedBroker;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KafkaStreams;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PaymentsAppTest {
    @Test
    void paymentsThatAreSentTwice_areChargedOnce(@TempDir Path stateDir) throws Exception {
        try (EmbeddedBroker broker = EmbeddedBroker.start()) {
            Map<String, Object> configs = Map.of("bootstrap.servers", broker.bootstrapServers());
            try (Admin admin = Admin.create(configs)) {
                List<NewTopic> topics = new ArrayList<>();
                for (String topic : List.of("payments", "receipts", "payments-dead-letter")) {
                    topics.add(new NewTopic(topic, 1, (short) 1));
                }
                admin.createTopics(topics).all().get();
            }
            try (KafkaProducer<String, String> producer =
                    new KafkaProducer<>(configs, new StringSerializer(), new StringSerializer())) {
                for (String payment : List.of("p-1", "p-2", "p-1", "p-2", "p-3")) {
                    ProducerRecord<String, String> record = new ProducerRecord<>("payments", payment, "19.99");
                    record.headers().add("idempotency-key", payment.getBytes(UTF_8));
                    producer.send(record).get();
                }
            }
            try (KafkaStreams streams = PaymentsApp.start(
                    Map.of("bootstrap.servers", broker.bootstrapServers(), "state.dir", stateDir.toString()))) {
                assertEquals(List.of("p-1", "p-2", "p-3"), read(broker, "receipts", 3));
            }
        }
    }

    /** That many record keys, or fewer if no more come. */
    private static List<String> read(EmbeddedBroker broker, String topic, int expected) {
        Map<String, Object> configs = Map.of(
                "bootstrap.servers", broker.bootstrapServers(),
                "group.id", "test",
                "auto.offset.reset", "earliest",
                "isolation.level", "read_committed");
        List<String> keys = new ArrayList<>();
        try (KafkaConsumer<String, String> consumer =
                new KafkaConsumer<>(configs, new StringDeserializer(), new StringDeserializer())) {
            consumer.subscribe(List.of(topic));
            long end = System.nanoTime() + Duration.ofMinutes(1).toNanos();
            while (keys.size() < expected && System.nanoTime() < end) {
                consumer.poll(Duration.ofMillis(200)).forEach(record -> keys.add(record.key()));
            }
        }
        return keys;
    }
}
