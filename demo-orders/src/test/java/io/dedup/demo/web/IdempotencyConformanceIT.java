// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.dedup.demo.traffic.Operation;
import io.dedup.handler.IdempotentHandler;
import io.dedup.store.memory.MemoryIdempotencyStore;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The answers of draft-ietf-httpapi-idempotency-key-header: 400 without a key, 409 while the first is being done, 422 for
 * another request with the same key, and the same answer again for the same request. And what Stripe does beyond: the mark of a
 * replay, and keys that belong to their caller.
 */
class IdempotencyConformanceIT {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();
    private static final String PAYMENT = """
            {"orderId": "o-1", "customerId": "c-1", "amountCents": 1999, "currency": "EUR"}""";
    private static final String ORDER = """
            {"customerId": "c-1", "amountCents": 1999, "currency": "EUR"}""";

    private final HttpClient client = HttpClient.newHttpClient();
    private final List<Published> published = new CopyOnWriteArrayList<>();
    private final IdempotentHandler<StoredResponse> handler = OperationsApi.handlerOn(
                    MemoryIdempotencyStore.holding(10_000))
            .withWait(Duration.ofSeconds(1))
            .build();
    private volatile Publisher pipeline = (key, operation, at) -> published.add(new Published(key, operation, at));

    @SuppressWarnings("NullAway.Init") // started before each test
    private WebServer server;

    private record Published(String key, Operation operation, Instant at) {}

    @BeforeEach
    void start() {
        OperationsApi operations =
                new OperationsApi(handler, (key, operation, at) -> pipeline.publish(key, operation, at), new LiveLog());
        server = WebServer.start(
                "127.0.0.1",
                0,
                List.of(
                        operations::addTo,
                        new CustomersApi()::addTo,
                        routes -> routes.get("/overflow", context -> {
                            throw new StackOverflowError("as deep as it goes");
                        })));
    }

    @AfterEach
    void stop() {
        server.close();
        handler.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/orders", "/payments"})
    void post_keyIsMissing_is400(String path) throws Exception {
        assertProblem(send(request(path, PAYMENT)), 400, "Idempotency-Key is missing");
        assertThat(published).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"not closed", "two keys", "\"\""})
    void post_keyIsMalformed_is400AndSaysWhy(String key) throws Exception {
        assertProblem(send(request("/payments", PAYMENT, "Idempotency-Key", key)), 400, "Idempotency-Key is malformed");
        assertThat(published).isEmpty();
    }

    /** What is far too long is not even read. */
    @ParameterizedTest
    @ValueSource(ints = {256, 600, 3_000})
    void post_keyIsFarTooLong_is400(int length) throws Exception {
        String plain = "k".repeat(length);
        String escaped = "\\\"".repeat(length);
        for (String tooLong : List.of(plain, "\"" + plain + "\"", "\"" + escaped + "\"")) {
            assertProblem(
                    send(request("/payments", PAYMENT, "Idempotency-Key", tooLong)),
                    400,
                    "Idempotency-Key is malformed");
        }
    }

    @Test
    void get_serverOverflows_isAProblemToo() throws Exception {
        HttpResponse<String> response =
                send(HttpRequest.newBuilder(uri("/overflow")).build());
        assertThat(response.statusCode()).isEqualTo(500);
        assertThat(header(response, "Content-Type")).startsWith("application/problem+json");
        assertThat(MAPPER.readTree(response.body()).path("title").asText()).isEqualTo("The server has failed");
    }

    /** The record may be there although nobody has heard so: then it is neither another payment nor none. */
    @Test
    void post_brokersHaveNotAnswered_sameRequestIsDoneAgain_otherBodyIs422() throws Exception {
        // Given
        pipeline = (key, operation, at) -> {
            published.add(new Published(key, operation, at));
            throw new UnpublishedException(new IOException("no answer"));
        };
        assertThat(send(pay("k-1")).statusCode()).isEqualTo(503);
        pipeline = (key, operation, at) -> published.add(new Published(key, operation, at));
        // When, then
        assertThat(send(request("/payments", PAYMENT.replace("1999", "2999"), "Idempotency-Key", "k-1"))
                        .statusCode())
                .isEqualTo(422);
        assertThat(send(pay("k-1")).statusCode()).isEqualTo(202);
        assertThat(published).hasSize(2);
        assertThat(published.get(1)).isEqualTo(published.get(0));
    }

    @ParameterizedTest
    @CsvSource({
        "Origin, http://elsewhere.example, 403",
        "Sec-Fetch-Site, cross-site, 403",
        "Sec-Fetch-Site, same-origin, 202"
    })
    void post_pageOfAnotherSite_is403(String header, String value, int status) throws Exception {
        assertThat(send(request("/payments", PAYMENT, "Idempotency-Key", "k-1", header, value))
                        .statusCode())
                .isEqualTo(status);
    }

    /** A name that somebody has made to lead here. */
    @ParameterizedTest
    @CsvSource({
        "rebound.example:8080, 421",
        "localhost:8080, 400",
        "demo:8080, 400",
        "127.0.0.1, 400",
        "[::1]:8080, 400"
    })
    void post_anotherServersName_is421(String host, int status) throws Exception {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            socket.getOutputStream()
                    .write(("POST /payments HTTP/1.1\r\nHost: " + host
                                    + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                            .getBytes(UTF_8));
            String answer = new String(socket.getInputStream().readAllBytes(), UTF_8);
            assertThat(answer).startsWith("HTTP/1.1 " + status + " ");
        }
    }

    @Test
    void post_firstIsBeingDone_is409WithATimeToRetryAfter() throws Exception {
        // Given
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        pipeline = (key, operation, at) -> {
            begun.countDown();
            awaitQuietly(goOn);
            published.add(new Published(key, operation, at));
        };
        CompletableFuture<HttpResponse<String>> first = client.sendAsync(pay("k-1"), BodyHandlers.ofString());
        begun.await();
        // When
        HttpResponse<String> second = send(pay("k-1"));
        goOn.countDown();
        // Then
        assertProblem(second, 409, "A request with this Idempotency-Key is still being done");
        assertThat(Long.parseLong(header(second, "Retry-After"))).isBetween(1L, 60L);
        assertThat(first.get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(202);
        assertThat(published).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource({"1999,2999", "EUR,USD", "o-1,o-2", "c-1,c-2"})
    void post_sameKeyAndAnotherBody_is422(String part, String other) throws Exception {
        assertThat(send(pay("k-1")).statusCode()).isEqualTo(202);
        assertProblem(
                send(request("/payments", PAYMENT.replace(part, other), "Idempotency-Key", "k-1")),
                422,
                "Idempotency-Key is already used");
        assertThat(published).hasSize(1);
    }

    @Test
    void post_completed_isReplayedByteForByte() throws Exception {
        // Given
        HttpResponse<String> first = send(pay("k-1"));
        // When
        String reordered = """
                {"currency":"EUR","amountCents":1999,"customerId":"c-1","orderId":"o-1"}""";
        HttpResponse<String> again = send(request("/payments", reordered, "Idempotency-Key", "\"k-1\""));
        // Then
        assertThat(first.statusCode()).isEqualTo(202);
        assertThat(first.headers().firstValue("Idempotent-Replayed")).isEmpty();
        assertThat(again.statusCode()).isEqualTo(first.statusCode());
        assertThat(again.body()).isEqualTo(first.body());
        assertThat(header(again, "Location"))
                .isEqualTo(header(first, "Location"))
                .startsWith("/payments/p-");
        assertThat(header(again, "Content-Type")).isEqualTo(header(first, "Content-Type"));
        assertThat(header(again, "Idempotent-Replayed")).isEqualTo("true");
        assertThat(published).hasSize(1);
    }

    @Test
    void post_otherCallerOrOtherOperation_isAnotherKey() throws Exception {
        assertThat(send(request("/payments", PAYMENT, "Idempotency-Key", "k", "X-Caller", "shop-1"))
                        .statusCode())
                .isEqualTo(202);
        assertThat(send(request("/payments", PAYMENT, "Idempotency-Key", "k", "X-Caller", "shop-2"))
                        .statusCode())
                .isEqualTo(202);
        assertThat(send(request("/orders", ORDER, "Idempotency-Key", "k", "X-Caller", "shop-1"))
                        .statusCode())
                .isEqualTo(202);
        assertThat(published).extracting(Published::key).containsExactly("shop-1:k", "shop-2:k", "shop-1:k");
        assertThat(published)
                .extracting(one -> one.operation().paymentId() == null)
                .containsExactly(false, false, true);
    }

    /** Two and two hundred: everybody is told the same, and the pipeline gets one record. */
    @Test
    void post_manyAtOnceWithOneKey_getOneAnswer() {
        // When
        List<CompletableFuture<HttpResponse<String>>> sent = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            sent.add(client.sendAsync(pay("k-1"), BodyHandlers.ofString()));
        }
        // Then
        assertThat(sent).allSatisfy(answer -> assertThat(answer).succeedsWithin(Duration.ofSeconds(30)));
        List<HttpResponse<String>> answers =
                sent.stream().map(CompletableFuture::join).toList();
        assertThat(answers).extracting(HttpResponse::statusCode).containsOnly(202);
        assertThat(answers.stream().map(HttpResponse::body).distinct()).hasSize(1);
        assertThat(answers.stream()
                        .filter(one ->
                                one.headers().firstValue("Idempotent-Replayed").isEmpty()))
                .as("done and not replayed")
                .hasSize(1);
        assertThat(published).hasSize(1);
    }

    @Test
    void post_brokersDoNotAnswer_is503AndTheRetryPublishesTheVerySameRecord() throws Exception {
        // Given
        List<Published> lost = new CopyOnWriteArrayList<>();
        pipeline = (key, operation, at) -> {
            lost.add(new Published(key, operation, at));
            throw new UnpublishedException(new IOException("broken pipe"));
        };
        HttpResponse<String> first = send(pay("k-1"));
        pipeline = (key, operation, at) -> published.add(new Published(key, operation, at));
        // When
        HttpResponse<String> again = send(pay("k-1"));
        // Then
        assertProblem(first, 503, "It may not have been done");
        assertThat(header(first, "Retry-After")).isEqualTo("1");
        assertThat(again.statusCode()).isEqualTo(202);
        assertThat(published).isEqualTo(lost);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[]",
                "{\"amountCents\": 1",
                "{\"orderId\": \"o-1\", \"customerId\": \"c-1\", \"amountCents\": 19.99, \"currency\": \"EUR\"}",
                "{\"orderId\": \"o-1\", \"customerId\": \"c-1\", \"amountCents\": 1, \"currency\": \"euro\"}",
                "{\"customerId\": \"c-1\", \"amountCents\": 1, \"currency\": \"EUR\"}"
            })
    void post_bodyIsNoPayment_is400AndTheKeyCanBeUsedStill(String body) throws Exception {
        assertProblem(send(request("/payments", body, "Idempotency-Key", "k-1")), 400, "The request cannot be read");
        assertThat(send(pay("k-1")).statusCode()).isEqualTo(202);
    }

    @Test
    void post_bodyIsTooLarge_is413() throws Exception {
        String large = PAYMENT + " ".repeat(20_000);
        assertProblem(send(request("/payments", large, "Idempotency-Key", "k-1")), 413, "The body is too large");
        assertThat(published).isEmpty();
    }

    @Test
    void put_sameAddressTwice_needsNoKey() throws Exception {
        String body = "{\"email\": \"somebody@example.org\"}";
        HttpRequest put = HttpRequest.newBuilder(uri("/customers/c-1/email"))
                .PUT(BodyPublishers.ofString(body))
                .build();
        assertThat(send(put).statusCode()).isEqualTo(200);
        assertThat(send(put).body())
                .isEqualTo(send(HttpRequest.newBuilder(uri("/customers/c-1")).build())
                        .body());
        assertThat(send(HttpRequest.newBuilder(uri("/customers/c-2")).build()).statusCode())
                .isEqualTo(404);
    }

    private HttpRequest pay(String key) {
        return request("/payments", PAYMENT, "Idempotency-Key", key);
    }

    private HttpRequest request(String path, String body, String... headers) {
        HttpRequest.Builder builder = HttpRequest.newBuilder(uri(path)).POST(BodyPublishers.ofString(body, UTF_8));
        return (headers.length == 0 ? builder : builder.headers(headers)).build();
    }

    private URI uri(String path) {
        return URI.create("http://127.0.0.1:" + server.port() + path);
    }

    private HttpResponse<String> send(HttpRequest request) throws Exception {
        return client.send(request, BodyHandlers.ofString());
    }

    private static String header(HttpResponse<String> response, String name) {
        return response.headers().firstValue(name).orElse("");
    }

    /** Of every problem, the page that its type leads to says what to do. */
    private void assertProblem(HttpResponse<String> response, int status, String title) throws Exception {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        assertThat(header(response, "Content-Type")).startsWith("application/problem+json");
        JsonNode problem = MAPPER.readTree(response.body());
        assertThat(problem.fieldNames()).toIterable().containsExactly("type", "title", "status", "detail");
        assertThat(problem.path("title").asText()).isEqualTo(title);
        assertThat(problem.path("status").asInt()).isEqualTo(status);
        URI type = URI.create(problem.path("type").asText());
        HttpResponse<String> page =
                send(HttpRequest.newBuilder(uri(type.getPath())).build());
        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(page.body()).contains("<h2 id=\"" + type.getFragment() + "\">" + status);
        assertThat(header(page, "Content-Security-Policy")).contains("default-src 'none'");
    }

    private static void awaitQuietly(CountDownLatch latch) throws UnpublishedException {
        try {
            if (!latch.await(30, TimeUnit.SECONDS)) {
                throw new UnpublishedException(new IOException("nobody goes on"));
            }
        } catch (InterruptedException interrupted) {
            throw new UnpublishedException(interrupted);
        }
    }
}
