// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import io.dedup.testing.TestServers;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Processes that are killed while they work, against the truth. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class KilledWorkersIT {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final int PARTITIONS = 4;
    private static final int KEYS = 600;
    private static final int KILLS = 6;
    private static final String TOPIC = "payments";

    @TempDir
    Path directory;

    /** What the provider was asked, by the key that was passed on to it. */
    private final Map<String, Integer> requests = new ConcurrentHashMap<>();

    private final AtomicInteger begun = new AtomicInteger();

    @Test
    void kill9_atRandomMoments_everyPaymentIsBookedOnceAndChargedByOneKey() throws Exception {
        // Given
        long seed = System.nanoTime();
        Random random = new Random(seed);
        HttpServer provider = provider();
        SharedBroker broker = SharedBroker.get();
        try (TestServers.Postgres postgres = TestServers.postgres()) {
            execute(postgres, "CREATE TABLE ledger (payment TEXT NOT NULL)");
            int records = produce(broker.bootstrapServers(), random);
            List<String> command = List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-cp",
                    System.getProperty("java.class.path"),
                    WorkerProcess.class.getName(),
                    broker.bootstrapServers(),
                    TOPIC,
                    postgres.url(),
                    "http://localhost:" + provider.getAddress().getPort() + "/charges");
            List<Process> workers = new ArrayList<>();
            try {
                workers.add(worker(command, 0));
                workers.add(worker(command, 1));
                // When
                for (int kill = 0; kill < KILLS; kill++) {
                    int until = begun.get() + 20 + random.nextInt(60);
                    await().atMost(PATIENCE).pollInterval(Duration.ofMillis(5)).until(() -> begun.get() >= until);
                    workers.remove(random.nextInt(2)).destroyForcibly().waitFor();
                    workers.add(worker(command, kill + 2));
                }
                // Then
                await().atMost(PATIENCE).until(() -> committed(broker.bootstrapServers()) == records);
            } finally {
                workers.forEach(Process::destroyForcibly);
            }
            Map<String, Integer> booked = booked(postgres);
            assertThat(booked)
                    .as("seed %d: each payment once", seed)
                    .hasSize(KEYS)
                    .allSatisfy(
                            (payment, times) -> assertThat(times).as(payment).isEqualTo(1));
            assertThat(requests)
                    .as("seed %d: one key for each payment, whoever has tried it", seed)
                    .hasSize(KEYS);
        } finally {
            provider.stop(0);
        }
    }

    private HttpServer provider() throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newCachedThreadPool());
        server.createContext("/charges", exchange -> {
            requests.merge(exchange.getRequestHeaders().getFirst("Idempotency-Key"), 1, Integer::sum);
            begun.incrementAndGet();
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        server.start();
        return server;
    }

    private Process worker(List<String> command, int number) throws IOException {
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("worker-" + number + ".log").toFile())
                .start();
    }

    /** Every payment, a third of them twice, and the second of those often on another partition. */
    private static int produce(String bootstrapServers, Random random) throws Exception {
        Map<String, Object> configs = Map.of("bootstrap.servers", bootstrapServers);
        int records = 0;
        try (Admin admin = Admin.create(configs);
                var producer = new KafkaProducer<>(configs, new StringSerializer(), new StringSerializer())) {
            admin.createTopics(List.of(new NewTopic(TOPIC, PARTITIONS, (short) 1)))
                    .all()
                    .get();
            for (int i = 0; i < KEYS; i++) {
                for (int copy = random.nextInt(3) == 0 ? 2 : 1; copy > 0; copy--) {
                    RecordHeaders headers = new RecordHeaders();
                    headers.add("idempotency-key", ("id-" + i).getBytes(UTF_8));
                    int partition = random.nextInt(PARTITIONS);
                    producer.send(new ProducerRecord<>(TOPIC, partition, null, "k" + i, "payment-" + i, headers))
                            .get();
                    records++;
                }
            }
        }
        return records;
    }

    private static long committed(String bootstrapServers) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers))) {
            Map<TopicPartition, OffsetAndMetadata> offsets = admin.listConsumerGroupOffsets(TOPIC)
                    .partitionsToOffsetAndMetadata()
                    .get();
            return offsets.values().stream()
                    .mapToLong(OffsetAndMetadata::offset)
                    .sum();
        }
    }

    private static Map<String, Integer> booked(TestServers.Postgres postgres) throws SQLException {
        Map<String, Integer> booked = new HashMap<>();
        try (Connection connection = postgres.dataSource().getConnection();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT payment FROM ledger")) {
            while (rows.next()) {
                booked.merge(rows.getString(1), 1, Integer::sum);
            }
        }
        return booked;
    }

    private static void execute(TestServers.Postgres postgres, String sql) throws SQLException {
        try (Connection connection = postgres.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
