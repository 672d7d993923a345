// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.web;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.dedup.IdempotencyKey;
import io.dedup.demo.traffic.OperationKey;
import io.dedup.demo.traffic.Sending;
import io.dedup.handler.IdempotentHandler;
import io.dedup.key.RecordView;
import io.dedup.store.memory.MemoryIdempotencyStore;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Everything that a request can be has a quick answer in JSON, and what is accepted has a key that the pipeline books. */
@Timeout(value = 1, unit = TimeUnit.MINUTES)
class RequestsAsTheyComeIT {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();
    private static final Pattern ANSWER =
            Pattern.compile("HTTP/1\\.1 (\\d{3})[^\r]*\r\n(.*?)\r\n\r\n(.*)", Pattern.DOTALL);
    private static final String PAYMENT =
            "{\"orderId\":\"o-1\",\"customerId\":\"c-1\",\"amountCents\":1999,\"currency\":\"EUR\"}";

    private final List<String> published = new CopyOnWriteArrayList<>();
    private final IdempotentHandler<StoredResponse> handler = OperationsApi.handlerOn(
                    MemoryIdempotencyStore.holding(10_000))
            .withWait(Duration.ofSeconds(1))
            .build();

    @SuppressWarnings("NullAway.Init") // started before each test
    private WebServer server;

    /** A request as it is on the wire, and its answer. */
    record Exchange(String name, String request, int status, String detail) {
        @Override
        public String toString() {
            return name;
        }
    }

    private record Answer(int status, String headers, String body) {}

    @BeforeEach
    void start() {
        server = server(OperationKey.SOURCE);
    }

    @AfterEach
    void stop() {
        server.close();
        handler.close();
    }

    private WebServer server(String keySource) {
        OperationsApi operations =
                new OperationsApi(handler, (key, operation, at) -> published.add(key), new LiveLog(), keySource);
        return WebServer.start("127.0.0.1", 0, List.of(operations::addTo, new CustomersApi()::addTo));
    }

    static List<Exchange> refused() {
        return List.of(
                keyed("null", "placeholder 'null'"),
                keyed("\"undefined\"", "placeholder 'undefined'"),
                keyed("00000000-0000-0000-0000-000000000000", "placeholder"),
                keyed("\"  \"", "blank"),
                keyed("\"k\";p=1", "RFC 8941"),
                keyed("\"" + "a\\\"".repeat(2_000) + "\"", "longer than 255"),
                keyed("\"" + "k".repeat(5_000) + "\"", "longer than 255"),
                keyed("k\r\nIdempotency-Key: k", "there are 2 of them"),
                keyed("\u00e4", "not ASCII"),
                new Exchange("two callers", post("X-Caller: a\r\nX-Caller: b\r\n", PAYMENT), 400, "X-Caller"),
                new Exchange("a caller with a colon", post("X-Caller: a:b\r\n", PAYMENT), 400, "X-Caller"),
                new Exchange(
                        "a query",
                        post("", PAYMENT).replaceFirst("/payments", "/payments?amountCents=1"),
                        400,
                        "query"),
                body("an unknown member", PAYMENT.replace("}", ",\"amount\":1}"), "'amount'"),
                body("a name twice", PAYMENT.replace("}", ",\"amountCents\":1}"), "Duplicate"),
                body("something behind it", PAYMENT + "{}", "not JSON"),
                body("half of it", PAYMENT.substring(0, 20), "not JSON"),
                body("nothing", "", "JSON object"),
                body("deeply nested", "[".repeat(5_000), "not JSON"),
                body("a number as a text", PAYMENT.replace("1999", "\"1999\""), "amountCents"),
                body("a number with an exponent", PAYMENT.replace("1999", "1e3"), "amountCents"),
                body("a number that is far too large", PAYMENT.replace("1999", "1" + "0".repeat(500)), "amountCents"),
                new Exchange("compressed", post("Content-Encoding: gzip\r\n", PAYMENT), 415, "compressed"),
                new Exchange("XML", post("Content-Type: application/xml\r\n", PAYMENT), 415, "application/json"),
                new Exchange(
                        "another charset",
                        post("Content-Type: application/json; charset=utf-16\r\n", PAYMENT),
                        415,
                        "UTF-8"),
                new Exchange("another method", "DELETE /payments HTTP/1.1\r\n" + host() + "\r\n", 405, ""),
                new Exchange("an unknown path", "GET /nowhere HTTP/1.1\r\n" + host() + "\r\n", 404, ""),
                new Exchange("a broken path", "GET /%zz HTTP/1.1\r\n" + host() + "\r\n", 400, ""),
                new Exchange("no HTTP", "GET\0/ HTTP/1.1\r\n" + host() + "\r\n", 400, ""),
                new Exchange("a header with a zero", post("X: a\0b\r\n", PAYMENT), 400, ""),
                new Exchange("a header without a colon", post("nonsense\r\n", PAYMENT), 400, ""),
                new Exchange("a very long header", post("X: " + "x".repeat(20_000) + "\r\n", PAYMENT), 431, ""),
                new Exchange(
                        "a very long path", "GET /" + "x".repeat(20_000) + " HTTP/1.1\r\n" + host() + "\r\n", 414, ""),
                new Exchange("two lengths", post("Content-Length: 3\r\n", PAYMENT), 400, ""),
                new Exchange("too large", post("", PAYMENT + " ".repeat(20_000)), 413, "bytes"));
    }

    @ParameterizedTest
    @MethodSource("refused")
    void request_anyNonsense_isAnsweredByAProblemAndPublishesNothing(Exchange exchange) throws IOException {
        Answer answer = sent(server, exchange.request());
        assertThat(answer.status()).as(answer.toString()).isEqualTo(exchange.status());
        assertThat(answer.headers().toLowerCase(java.util.Locale.ROOT))
                .contains("content-type: application/problem+json");
        JsonNode problem = MAPPER.readTree(answer.body());
        assertThat(problem.path("status").intValue()).isEqualTo(exchange.status());
        assertThat(problem.path("title").textValue()).isNotBlank();
        assertThat(problem.path("detail").textValue()).contains(exchange.detail());
        assertThat(published).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "Content-Type: application/json\r\n",
                "Content-Type: application/json; charset=UTF-8\r\n",
                "Content-Type: application/vnd.shop+json\r\n",
                "Content-Type: application/x-www-form-urlencoded\r\n",
                "Content-Encoding: identity\r\n"
            })
    void request_usualForm_isAccepted(String headers) throws IOException {
        assertThat(sent(server, post("Idempotency-Key: k\r\n" + headers, PAYMENT))
                        .status())
                .isEqualTo(202);
    }

    /** Nothing is accepted that the pipeline would dead-letter. */
    @ParameterizedTest
    @ValueSource(ints = {1, 7, 63, 64})
    void request_lengthsAroundTheLimits_areBookedOrRefused(int callerCharacters) throws IOException {
        String caller = "c".repeat(callerCharacters);
        for (int length = 180; length <= 260; length++) {
            String headers = "X-Caller: " + caller + "\r\nIdempotency-Key: " + "k".repeat(length) + "\r\n";
            assertThat(sent(server, post(headers, PAYMENT)).status())
                    .as("%d characters", length)
                    .isEqualTo(length <= 255 ? 202 : 400);
        }
        assertThat(published).hasSize(255 - 180 + 1).allSatisfy(key -> {
            RecordHeaders headers = new RecordHeaders();
            headers.add(Sending.IDEMPOTENCY_KEY, key.getBytes(UTF_8));
            assertThat(OperationKey.extractor().extract(RecordView.of(headers, null, null)))
                    .isInstanceOf(IdempotencyKey.class);
        });
    }

    @Test
    void request_sourceWithNormalizers_takesTwoSpellingsForOneKey() throws IOException {
        WebServer normalizing = server(OperationKey.SOURCE + "|uuid");
        try {
            String uuid = "7f2c1e0a-9b1d-4c3e-8f00-1234567890ab";
            Answer first = sent(normalizing, post("Idempotency-Key: " + uuid + "\r\n", PAYMENT));
            Answer again = sent(
                    normalizing,
                    post("Idempotency-Key: \"{" + uuid.toUpperCase(java.util.Locale.ROOT) + "}\"\r\n", PAYMENT));
            assertThat(first.status()).isEqualTo(202);
            assertThat(again.headers()).containsIgnoringCase("Idempotent-Replayed: true");
            assertThat(published).containsExactly("anybody:" + uuid);
        } finally {
            normalizing.close();
        }
    }

    private static Exchange keyed(String key, String detail) {
        String name = "the key " + (key.length() > 30 ? key.substring(0, 30) + "…" : key);
        return new Exchange(name, post("Idempotency-Key: " + key + "\r\n", PAYMENT), 400, detail);
    }

    private static Exchange body(String name, String body, String detail) {
        return new Exchange(name, post("Idempotency-Key: k\r\n", body), 400, detail);
    }

    private static String post(String headers, String body) {
        String key = headers.contains("Idempotency-Key") ? "" : "Idempotency-Key: k\r\n";
        return "POST /payments HTTP/1.1\r\n" + host() + key + headers + "Content-Length: "
                + body.getBytes(ISO_8859_1).length + "\r\n\r\n" + body;
    }

    private static String host() {
        return "Host: localhost\r\nConnection: close\r\n";
    }

    private static Answer sent(WebServer server, String request) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(request.getBytes(ISO_8859_1));
            socket.shutdownOutput();
            String read = new String(socket.getInputStream().readAllBytes(), UTF_8);
            Matcher answer = ANSWER.matcher(read);
            assertThat(answer.matches()).as("an answer in HTTP: %s", read).isTrue();
            return new Answer(Integer.parseInt(answer.group(1)), answer.group(2), answer.group(3));
        }
    }
}
