package com.example;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.dedup.embedded.EmbeddedBroker;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringSerializer;
import org.h2.jdbcx.JdbcConnectionPool;
import org.junit.jupiter.api.Test;

class PaymentsTest {
    @Test
    void paymentsThatAreSentTwice_areBookedOnce() throws Exception {
        DataSource database = JdbcConnectionPool.create("jdbc:h2:mem:ledger;DB_CLOSE_DELAY=-1", "sa", "");
        try (EmbeddedBroker broker = EmbeddedBroker.start()) {
            Map<String, Object> configs = Map.of("bootstrap.servers", broker.bootstrapServers());
            try (Admin admin = Admin.create(configs)) {
                NewTopic payments = new NewTopic("payments", 1, (short) 1);
                NewTopic deadLetters = new NewTopic("payments-dead-letter", 1, (short) 1);
                admin.createTopics(List.of(payments, deadLetters)).all().get();
                try (KafkaProducer<String, String> producer =
                        new KafkaProducer<>(configs, new StringSerializer(), new StringSerializer())) {
                    for (String payment : List.of("p-1", "p-2", "p-1", "p-2", "p-3")) {
                        ProducerRecord<String, String> record = new ProducerRecord<>("payments", payment, "19.99");
                        record.headers().add("idempotency-key", payment.getBytes(UTF_8));
                        producer.send(record).get();
                    }
                }
                try (Payments app = new Payments(database, broker.bootstrapServers())) {
                    awaitCommitted(admin, 5);
                }
            }
        }
        assertEquals(List.of("p-1", "p-2", "p-3"), booked(database));
    }

    private static void awaitCommitted(Admin admin, long offset) throws Exception {
        TopicPartition partition = new TopicPartition("payments", 0);
        long end = System.nanoTime() + Duration.ofMinutes(1).toNanos();
        OffsetAndMetadata committed = null;
        while ((committed == null || committed.offset() < offset) && System.nanoTime() < end) {
            committed = admin.listConsumerGroupOffsets("payments-app")
                    .partitionsToOffsetAndMetadata()
                    .get()
                    .get(partition);
        }
        assertEquals(offset, committed == null ? -1 : committed.offset());
    }

    private static List<String> booked(DataSource database) throws SQLException {
        List<String> payments = new ArrayList<>();
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT payment FROM ledger ORDER BY payment")) {
            while (rows.next()) {
                payments.add(rows.getString(1));
            }
        }
        return payments;
    }
}
