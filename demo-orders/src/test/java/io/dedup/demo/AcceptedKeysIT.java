// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.dedup.demo.traffic.OperationKey;
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
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A key is refused or booked: what one half accepts the other takes, at every length and in every spelling. */
class AcceptedKeysIT {
    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final String PAYMENT = """
            {"orderId": "o-1", "customerId": "c-1", "amountCents": 1999, "currency": "EUR"}""";
    private static final String RECORD =
            "{\"orderId\":\"o-1\",\"paymentId\":\"p-9\",\"customerId\":\"c-1\",\"amountCents\":1999,\"currency\":\"EUR\"}";

    private final HttpClient client = HttpClient.newHttpClient();
    private final TestServers.Kafka broker = TestServers.kafka();
    private final ServedDemo demo = ServedDemo.start(broker.bootstrapServers(), null);

    @AfterEach
    void stop() {
        demo.close();
        broker.close();
    }

    @Test
    void pay_everyLengthAroundTheLimits_isRefusedOrBooked() throws Exception {
        // Given
        int[] lengths = IntStream.concat(IntStream.of(1, 16, 128), IntStream.rangeClosed(185, 260))
                .toArray();
        // When
        List<HttpResponse<String>> accepted = new ArrayList<>();
        for (int callerLength : new int[] {1, 7, 64}) {
            for (int length : lengths) {
                HttpResponse<String> answer = pay("c".repeat(callerLength), "k".repeat(length));
                assertThat(answer.statusCode())
                        .as(callerLength + " and " + length + " characters: " + answer.body())
                        .isEqualTo(length <= OperationKey.MAX_CHOSEN ? 202 : 400);
                if (answer.statusCode() == 202) {
                    accepted.add(answer);
                }
            }
        }
        // Then
        assertThat(accepted).hasSize(3 * (3 + 71));
        for (HttpResponse<String> answer : accepted) {
            assertThat(booked(answer).path("timesBooked").asInt()).isEqualTo(1);
        }
    }

    @Test
    void pay_twoSpellings_areOnePaymentOverHttpAndKafka() throws Exception {
        // When
        HttpResponse<String> first = pay("shop", "8E03978E-40D5-43DD-BC93-6894A57F9324");
        HttpResponse<String> again = pay("shop", "\"{8e03978e-40d5-43dd-bc93-6894a57f9324}\"");
        JsonNode payment = booked(first);
        String paymentId = payment.path("operation").path("paymentId").asText();
        send(Topics.PAYMENTS, "shop:8e03978e-40d5-43dd-bc93-6894a57f9324", RECORD.replace("p-9", paymentId));
        // Then
        assertThat(again.statusCode()).isEqualTo(202);
        assertThat(again.headers().firstValue("Idempotent-Replayed")).contains("true");
        assertThat(again.body()).isEqualTo(first.body());
        await().atMost(PATIENCE).until(() -> records(Topics.DUPLICATES).size() == 1);
        assertThat(booked(first).path("timesBooked").asInt()).isEqualTo(1);
    }

    /** What the front end refuses, the pipeline refuses as well, and where it has the same limit. */
    @Test
    void record_keyIsNoneOrTooLong_isADeadLetterAndTheLongestIsBooked() throws Exception {
        // When
        List<String> unusable =
                List.of("null", "  ", "00000000-0000-0000-0000-000000000000", "k".repeat(OperationKey.MAX_BYTES + 1));
        for (String key : unusable) {
            assertThat(pay("shop", "\"" + key + "\"").statusCode()).as(key).isEqualTo(400);
            send(Topics.PAYMENTS, key, RECORD);
        }
        send(Topics.PAYMENTS, "k".repeat(OperationKey.MAX_BYTES), RECORD.replace("p-9", "p-longest"));
        // Then
        await().atMost(PATIENCE).until(() -> ledger("p-longest").statusCode() == 200);
        await().atMost(PATIENCE).until(() -> records(Topics.DEAD_LETTERS).size() == unusable.size());
        assertThat(records(Topics.DEAD_LETTERS).stream().map(one -> header(one, "__dedup.reason")))
                .containsExactlyInAnyOrder(
                        "missing-key:placeholder",
                        "missing-key:empty",
                        "missing-key:placeholder",
                        "missing-key:too-long");
    }

    /** What takes the money does not choose between two amounts. */
    @Test
    void record_isNoOperationForSure_isADeadLetterWithTheReason() throws Exception {
        // Given
        Map<String, @Nullable String> values = Map.of(
                "twice", RECORD.replace("1999", "1999,\"amountCents\":1"),
                "trailing", RECORD + "{}",
                "float", RECORD.replace("1999", "19.99"),
                "text", RECORD.replace("1999", "\"1999\""),
                "order", RECORD.replace("\"paymentId\":\"p-9\",", ""));
        // When
        for (Map.Entry<String, @Nullable String> value : values.entrySet()) {
            send(Topics.PAYMENTS, "upstream:" + value.getKey(), value.getValue());
        }
        send(Topics.PAYMENTS, "upstream:tombstone", null);
        send(Topics.ORDERS, "upstream:payment", RECORD);
        HttpResponse<String> after = pay("shop", "k-1");
        // Then
        assertThat(booked(after).path("timesBooked").asInt()).isEqualTo(1);
        await().atMost(PATIENCE).until(() -> records(Topics.DEAD_LETTERS).size() == 7);
        Map<String, String> reasons = records(Topics.DEAD_LETTERS).stream()
                .collect(Collectors.toMap(
                        one -> header(one, OperationKey.HEADER), one -> header(one, "__streams.errors.message")));
        assertThat(reasons.get("upstream:twice")).contains("Duplicate field 'amountCents'");
        assertThat(reasons.get("upstream:trailing")).contains("something follows it");
        assertThat(reasons.get("upstream:float")).contains("amountCents must be a whole number");
        assertThat(reasons.get("upstream:text")).contains("amountCents must be a whole number");
        assertThat(reasons.get("upstream:order")).contains("paymentId must be a text");
        assertThat(reasons.get("upstream:tombstone")).contains("is null");
        assertThat(reasons.get("upstream:payment")).contains("paymentId is for payments");
        assertThat(ledger("p-9").statusCode()).isEqualTo(404);
    }

    private void send(String topic, String key, @Nullable String value) {
        Map<String, Object> configs = Map.of("bootstrap.servers", broker.bootstrapServers());
        try (var producer = new KafkaProducer<>(configs, new ByteArraySerializer(), new ByteArraySerializer())) {
            var record =
                    new ProducerRecord<>(topic, "c-1".getBytes(UTF_8), value == null ? null : value.getBytes(UTF_8));
            record.headers().add(OperationKey.HEADER, key.getBytes(UTF_8));
            assertThat(producer.send(record)).succeedsWithin(PATIENCE);
        }
    }

    /** All records of that topic that are committed. */
    private List<ConsumerRecord<byte[], byte[]>> records(String topic) {
        Map<String, Object> configs =
                Map.of("bootstrap.servers", broker.bootstrapServers(), "isolation.level", "read_committed");
        try (var consumer = new KafkaConsumer<>(configs, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = consumer.partitionsFor(topic).stream()
                    .map(info -> new TopicPartition(info.topic(), info.partition()))
                    .toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
            while (partitions.stream().anyMatch(one -> consumer.position(one) < ends.getOrDefault(one, 0L))) {
                consumer.poll(Duration.ofMillis(200)).forEach(records::add);
            }
            return records;
        }
    }

    private static String header(ConsumerRecord<?, ?> record, String name) {
        return Arrays.stream(record.headers().toArray())
                .filter(header -> header.key().equals(name))
                .map(Header::value)
                .map(value -> new String(value, UTF_8))
                .findFirst()
                .orElse("");
    }

    private HttpResponse<String> pay(String caller, String key) throws Exception {
        HttpRequest post = HttpRequest.newBuilder(URI.create(demo.address() + "/payments"))
                .header("Idempotency-Key", key)
                .header("X-Caller", caller)
                .POST(BodyPublishers.ofString(PAYMENT))
                .build();
        return client.send(post, BodyHandlers.ofString());
    }

    private HttpResponse<String> ledger(String paymentId) throws Exception {
        HttpRequest get = HttpRequest.newBuilder(URI.create(demo.address() + "/payments/" + paymentId))
                .build();
        return client.send(get, BodyHandlers.ofString());
    }

    private JsonNode booked(HttpResponse<String> answer) throws Exception {
        String location = answer.headers().firstValue("Location").orElseThrow();
        HttpResponse<String> found = await().atMost(PATIENCE)
                .until(() -> ledger(location.substring(location.lastIndexOf('/') + 1)), one -> one.statusCode() == 200);
        return new ObjectMapper().readTree(found.body());
    }
}
