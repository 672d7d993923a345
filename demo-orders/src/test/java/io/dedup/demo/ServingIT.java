// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.dedup.demo.traffic.Topics;
import io.dedup.testing.TestServers;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Requests, the pipeline behind them, and the ledger at its end. */
class ServingIT {
    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final String PAYMENT = """
            {"orderId": "o-1", "customerId": "c-1", "amountCents": 1999, "currency": "EUR"}""";

    private final HttpClient client = HttpClient.newHttpClient();
    private final TestServers.Kafka broker = TestServers.kafka();
    private final ServedDemo demo = ServedDemo.start(broker.bootstrapServers(), null);

    @AfterEach
    void stop() {
        demo.close();
        broker.close();
    }

    @Test
    void pay_manyTimesWithOneKey_isBookedOnceAndAnsweredAlike() throws Exception {
        // When
        List<CompletableFuture<HttpResponse<String>>> sent = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            sent.add(client.sendAsync(post("k-1"), BodyHandlers.ofString()));
        }
        // Then
        assertThat(sent).allSatisfy(answer -> assertThat(answer).succeedsWithin(PATIENCE));
        HttpResponse<String> first = sent.get(0).get();
        assertThat(sent).extracting(answer -> answer.get().body()).containsOnly(first.body());
        assertThat(sent).extracting(answer -> answer.get().statusCode()).containsOnly(202);
        assertThat(booked(first).path("timesBooked").asInt()).isEqualTo(1);
    }

    /** A record that arrives again has the identity of the request: here an upstream team replays what it saw. */
    @Test
    void pay_recordIsReplayedUpstream_isBookedOnce() throws Exception {
        // Given
        HttpResponse<String> answer = client.send(post("k-2"), BodyHandlers.ofString());
        JsonNode body = new ObjectMapper().readTree(answer.body());
        // When
        String value =
                "{\"orderId\":\"o-1\",\"paymentId\":\"" + body.path("paymentId").asText()
                        + "\",\"customerId\":\"c-1\",\"amountCents\":1999,\"currency\":\"EUR\"}";
        try (var producer = producer()) {
            var record = new ProducerRecord<>("payments", "c-1".getBytes(UTF_8), value.getBytes(UTF_8));
            record.headers().add("idempotency-key", "anybody:k-2".getBytes(UTF_8));
            assertThat(producer.send(record)).succeedsWithin(PATIENCE);
        }
        // Then
        awaitDuplicate("anybody:k-2");
        assertThat(booked(answer).path("timesBooked").asInt()).isEqualTo(1);
    }

    /** One of them must not stop everything that comes after it. */
    @Test
    void pay_afterRecordsThatNobodyCanBook_isBookedAndTheyAreDeadLetters() throws Exception {
        // Given
        List<String> unbookable = List.of(
                "oops",
                "null",
                "{}",
                "{\"orderId\":\"o\",\"customerId\":\"c\",\"amountCents\":1,\"currency\":\"EURO\"}");
        try (var producer = producer()) {
            for (String value : unbookable) {
                var record = new ProducerRecord<>("payments", "c-1".getBytes(UTF_8), value.getBytes(UTF_8));
                record.headers().add("idempotency-key", ("upstream:" + value).getBytes(UTF_8));
                assertThat(producer.send(record)).succeedsWithin(PATIENCE);
            }
        }
        // When
        HttpResponse<String> answer = client.send(post("k-3"), BodyHandlers.ofString());
        // Then
        assertThat(booked(answer).path("timesBooked").asInt()).isEqualTo(1);
        HttpRequest state = HttpRequest.newBuilder(URI.create(demo.address() + "/demo/state"))
                .build();
        await().atMost(PATIENCE)
                .until(() -> new ObjectMapper()
                                .readTree(client.send(state, BodyHandlers.ofString())
                                        .body())
                                .path("counts")
                                .path("unbookable")
                                .asInt()
                        == unbookable.size());
    }

    private KafkaProducer<byte[], byte[]> producer() {
        return new KafkaProducer<>(
                Map.<String, Object>of("bootstrap.servers", broker.bootstrapServers()),
                new ByteArraySerializer(),
                new ByteArraySerializer());
    }

    private void awaitDuplicate(String key) {
        Map<String, Object> configs =
                Map.of("bootstrap.servers", broker.bootstrapServers(), "isolation.level", "read_committed");
        try (var consumer = new KafkaConsumer<>(configs, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = consumer.partitionsFor(Topics.DUPLICATES).stream()
                    .map(info -> new TopicPartition(info.topic(), info.partition()))
                    .toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            await().atMost(PATIENCE).until(() -> {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
                    if (new String(
                                    record.headers()
                                            .lastHeader("idempotency-key")
                                            .value(),
                                    UTF_8)
                            .equals(key)) {
                        return true;
                    }
                }
                return false;
            });
        }
    }

    private JsonNode booked(HttpResponse<String> answer) throws Exception {
        URI location = URI.create(
                demo.address() + answer.headers().firstValue("Location").orElseThrow());
        HttpRequest get = HttpRequest.newBuilder(location).build();
        HttpResponse<String> found = await().atMost(PATIENCE)
                .until(() -> client.send(get, BodyHandlers.ofString()), one -> one.statusCode() == 200);
        return new ObjectMapper().readTree(found.body());
    }

    private HttpRequest post(String key) {
        return HttpRequest.newBuilder(URI.create(demo.address() + "/payments"))
                .header("Idempotency-Key", key)
                .POST(BodyPublishers.ofString(PAYMENT))
                .build();
    }
}
