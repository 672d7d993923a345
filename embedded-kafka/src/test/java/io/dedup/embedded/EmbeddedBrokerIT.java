// SPDX-License-Identifier: Apache-2.0
package io.dedup.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;

class EmbeddedBrokerIT {
    @Test
    void start_transactionCommitted_isReadBackAndNothingIsLeftBehind() throws Exception {
        // Given
        byte[] payload = "paid".getBytes(UTF_8);
        int leftBefore = dataDirectories();
        List<ConsumerRecord<byte[], byte[]>> read;
        // When
        try (EmbeddedBroker broker = EmbeddedBroker.start()) {
            assertThat(dataDirectories()).isEqualTo(leftBefore + 1);
            createTopic(broker, "t");
            sendInTransaction(broker, new ProducerRecord<>("t", payload));
            read = readAll(broker, "t");
        }
        // Then
        assertThat(read)
                .singleElement()
                .satisfies(record -> assertThat(record.value()).isEqualTo(payload));
        assertThat(dataDirectories()).isEqualTo(leftBefore);
    }

    private static void createTopic(EmbeddedBroker broker, String topic) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
            admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all().get();
        }
    }

    private static void sendInTransaction(EmbeddedBroker broker, ProducerRecord<byte[], byte[]> record) {
        Map<String, Object> config = Map.of("bootstrap.servers", broker.bootstrapServers(), "transactional.id", "x");
        try (var producer = new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer())) {
            producer.initTransactions();
            producer.beginTransaction();
            var acknowledged = producer.send(record);
            producer.commitTransaction();
            assertThat(acknowledged).succeedsWithin(Duration.ofSeconds(10));
        }
    }

    private static List<ConsumerRecord<byte[], byte[]>> readAll(EmbeddedBroker broker, String topic) {
        Map<String, Object> config =
                Map.of("bootstrap.servers", broker.bootstrapServers(), "isolation.level", "read_committed");
        TopicPartition partition = new TopicPartition(topic, 0);
        try (var consumer = new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            return consumer.poll(Duration.ofSeconds(30)).records(partition);
        }
    }

    private static int dataDirectories() {
        File[] found = new File(System.getProperty("java.io.tmpdir"))
                .listFiles((parent, name) -> name.startsWith("dedup-broker-"));
        return found == null ? 0 : found.length;
    }
}
