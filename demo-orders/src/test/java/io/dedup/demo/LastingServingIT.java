// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.dedup.demo.ledger.Database;
import io.dedup.testing.TestServers;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** On a cluster and a PostgreSQL database that outlive it. */
@Execution(ExecutionMode.CONCURRENT)
class LastingServingIT {
    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final String PAYMENT = """
            {"orderId": "o-1", "customerId": "c-1", "amountCents": 1999, "currency": "EUR"}""";

    private final HttpClient client = HttpClient.newHttpClient();

    /** The answer comes from the database; a record that arrives again is known from the changelog. */
    @Test
    void pay_serverIsStartedAnew_knowsRequestsAndRecordsFromBefore() throws Exception {
        try (TestServers.Kafka kafka = TestServers.kafka();
                TestServers.Postgres postgres = TestServers.postgres()) {
            Database database = new Database(postgres.url());
            // Given
            HttpResponse<String> first;
            try (ServedDemo demo = ServedDemo.start(kafka.bootstrapServers(), database)) {
                first = client.send(payment(demo), BodyHandlers.ofString());
                assertThat(first.statusCode()).as(first.body()).isEqualTo(202);
                assertThat(timesBooked(demo, first)).isEqualTo(1);
            }
            // When
            try (ServedDemo demo = ServedDemo.start(kafka.bootstrapServers(), database)) {
                HttpResponse<String> again = client.send(payment(demo), BodyHandlers.ofString());
                // Then
                assertThat(again.body()).isEqualTo(first.body());
                assertThat(again.headers().firstValue("Idempotent-Replayed")).hasValue("true");
                assertThat(timesBooked(demo, first)).isEqualTo(1);
                assertThat(remembered(demo).path("status").asText()).isEqualTo("remembered");
            }
            // A run of another kind would send to the topics that this one books from.
            assertThatExceptionOfType(CompletionException.class)
                    .isThrownBy(() -> ServedDemo.start(kafka.bootstrapServers(), null))
                    .withMessageContaining("group demo-orders");
        }
    }

    /** Neither what was read nor what was sent is lost when the process dies, and no payment is booked twice. */
    @Test
    void pay_processIsKilledBeforeTheAnswerIsStored_isBookedOnce() throws Exception {
        try (TestServers.Kafka kafka = TestServers.kafka();
                TestServers.Postgres postgres = TestServers.postgres()) {
            // Given
            try (KilledDemo killed = KilledDemo.start(kafka.bootstrapServers(), postgres.url())) {
                var unanswered = client.sendAsync(
                        payment(killed.address(), "X-Demo-Fault", "unstored"), BodyHandlers.ofString());
                awaitEntries(killed.address(), 1);
                killed.kill();
                assertThat(unanswered).failsWithin(PATIENCE);
            }
            // When
            try (ServedDemo demo = ServedDemo.start(kafka.bootstrapServers(), new Database(postgres.url()))) {
                HttpResponse<String> answer = await().atMost(PATIENCE)
                        .until(
                                () -> client.send(payment(demo), BodyHandlers.ofString()),
                                one -> one.statusCode() != 409);
                // Then
                assertThat(answer.statusCode()).as(answer.body()).isEqualTo(202);
                await().atMost(PATIENCE)
                        .until(() -> get(demo.address(), "/demo/state")
                                        .path("counts")
                                        .path("duplicate")
                                        .asInt()
                                == 1);
                assertThat(timesBooked(demo, answer)).isEqualTo(1);
                awaitEntries(demo.address(), 1);
            }
        }
    }

    /** A topic that was made anew begins at offset 0, and the ledger would take its records for those it has. */
    @Test
    void start_databaseOfAnotherCluster_saysSoAndBooksNothing() throws Exception {
        try (TestServers.Postgres postgres = TestServers.postgres()) {
            Database database = new Database(postgres.url());
            try (TestServers.Kafka kafka = TestServers.kafka();
                    ServedDemo demo = ServedDemo.start(kafka.bootstrapServers(), database)) {
                timesBooked(demo, client.send(payment(demo), BodyHandlers.ofString()));
            }
            try (TestServers.Kafka other = TestServers.kafka()) {
                assertThatExceptionOfType(CompletionException.class)
                        .isThrownBy(() -> ServedDemo.start(other.bootstrapServers(), database))
                        .withCauseInstanceOf(DemoFailedException.class)
                        .withMessageContaining("made again")
                        .withMessageContaining("empty database");
            }
        }
    }

    @Test
    void start_noDatabaseThere_saysWhereAndNoPassword() {
        Database nowhere = new Database("jdbc:postgresql://localhost:1/dedup?user=dedup&password=correct-horse");
        assertThatExceptionOfType(CompletionException.class)
                .isThrownBy(() -> ServedDemo.start("localhost:1", nowhere))
                .withMessageContaining("jdbc:postgresql://localhost:1/dedup")
                .withMessageNotContaining("correct-horse");
    }

    private void awaitEntries(String address, int entries) {
        await().atMost(PATIENCE)
                .until(() -> get(address, "/demo/ledger")
                                .path("totals")
                                .path("entries")
                                .asInt()
                        == entries);
    }

    private JsonNode get(String address, String path) throws Exception {
        HttpRequest get = HttpRequest.newBuilder(URI.create(address + path)).build();
        return new ObjectMapper()
                .readTree(client.send(get, BodyHandlers.ofString()).body());
    }

    private static HttpRequest payment(ServedDemo demo) {
        return payment(demo.address(), "X-Caller", "anybody");
    }

    private static HttpRequest payment(String address, String header, String value) {
        return HttpRequest.newBuilder(URI.create(address + "/payments"))
                .header("Idempotency-Key", "k-1")
                .header(header, value)
                .POST(BodyPublishers.ofString(PAYMENT))
                .build();
    }

    private int timesBooked(ServedDemo demo, HttpResponse<String> payment) throws Exception {
        String location = payment.headers().firstValue("Location").orElseThrow();
        return awaitFound(demo, location).path("timesBooked").asInt();
    }

    private JsonNode remembered(ServedDemo demo) throws Exception {
        // Until the application has its partitions, it does not know.
        return await().atMost(PATIENCE)
                .until(
                        () -> awaitFound(demo, "/demo/keys/payments/anybody:k-1"),
                        status -> !status.path("status").asText().equals("unknown"));
    }

    private JsonNode awaitFound(ServedDemo demo, String path) throws Exception {
        HttpRequest get =
                HttpRequest.newBuilder(URI.create(demo.address() + path)).build();
        HttpResponse<String> found = await().atMost(PATIENCE)
                .until(() -> client.send(get, BodyHandlers.ofString()), answer -> answer.statusCode() == 200);
        return new ObjectMapper().readTree(found.body());
    }
}
