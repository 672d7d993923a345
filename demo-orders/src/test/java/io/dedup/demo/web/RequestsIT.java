// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.web;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.dedup.handler.IdempotentHandler;
import io.dedup.store.memory.MemoryIdempotencyStore;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The table of docs/http.md, byte for byte: every request is done or answered with a problem, at once. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RequestsIT {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();
    private static final int PATIENCE_MS = 5_000;
    private static final String PAYMENT =
            "{\"orderId\": \"o-1\", \"customerId\": \"c-1\", \"amountCents\": 1999, \"currency\": \"EUR\"}";

    private final List<String> published = new CopyOnWriteArrayList<>();
    private final IdempotentHandler<StoredResponse> handler =
            OperationsApi.handlerOn(MemoryIdempotencyStore.holding(10_000)).build();

    @SuppressWarnings("NullAway.Init") // started before all tests
    private WebServer server;

    /** A request, as bytes. */
    private static final class Raw {
        private String line = "POST /payments HTTP/1.1";
        private final StringBuilder headers = new StringBuilder("Host: 127.0.0.1\r\nConnection: close\r\n");
        private byte[] body = PAYMENT.getBytes(UTF_8);
        private boolean framed = true;

        static Raw keyed(String key) {
            return new Raw().with("Idempotency-Key", key);
        }

        static Raw of(String body) {
            return keyed("k-of-body").body(body.getBytes(UTF_8));
        }

        static Raw line(String line) {
            Raw raw = new Raw();
            raw.line = line;
            return raw;
        }

        Raw with(String name, String value) {
            headers.append(name).append(": ").append(value).append("\r\n");
            return this;
        }

        Raw body(byte[] bytes) {
            body = bytes;
            return this;
        }

        Raw framedBy(String name, String value, String bytes) {
            framed = false;
            body = bytes.getBytes(UTF_8);
            return with(name, value);
        }

        byte[] bytes() throws IOException {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            String length = framed ? "Content-Length: " + body.length + "\r\n" : "";
            bytes.write((line + "\r\n" + headers + length + "\r\n").getBytes(ISO_8859_1));
            bytes.write(body);
            return bytes.toByteArray();
        }
    }

    @BeforeAll
    void start() {
        OperationsApi operations =
                new OperationsApi(handler, (key, operation, at) -> published.add(key), new LiveLog());
        server = WebServer.start(
                "127.0.0.1",
                0,
                List.of(
                        operations::addTo,
                        new CustomersApi()::addTo,
                        routes -> routes.get("/fails", context -> {
                            throw new IllegalStateException("as it may");
                        })));
    }

    @BeforeEach
    void forget() {
        published.clear();
    }

    @AfterAll
    void stop() {
        server.close();
        handler.close();
    }

    static Stream<Arguments> accepted() {
        return Stream.of(
                Arguments.of("quoted", Raw.keyed("\"a-1\""), "anybody:a-1"),
                Arguments.of("bare", Raw.keyed("a-2"), "anybody:a-2"),
                Arguments.of("escaped", Raw.keyed("\"a \\\"b\\\" \\\\c\""), "anybody:a \"b\" \\c"),
                Arguments.of("blanks around it", Raw.keyed("\"  a-3 \""), "anybody:a-3"),
                Arguments.of(
                        "a UUID in capitals",
                        Raw.keyed("8E03978E-40D5-43DD-BC93-6894A57F9324"),
                        "anybody:8e03978e-40d5-43dd-bc93-6894a57f9324"),
                Arguments.of("bytes of RFC 9651", Raw.keyed(":aGk=:"), "anybody::aGk=:"),
                Arguments.of("a bare semicolon", Raw.keyed("a-4;p=1"), "anybody:a-4;p=1"),
                Arguments.of("a caller", Raw.keyed("a-5").with("X-Caller", "shop"), "shop:a-5"),
                Arguments.of("longest", Raw.keyed("k".repeat(255)), "anybody:" + "k".repeat(255)),
                Arguments.of(
                        "longest of both",
                        Raw.keyed("k".repeat(255)).with("X-Caller", "c".repeat(64)),
                        "c".repeat(64) + ":" + "k".repeat(255)),
                Arguments.of("JSON", Raw.keyed("a-6").with("Content-Type", "application/json"), "anybody:a-6"),
                Arguments.of(
                        "JSON in UTF-8",
                        Raw.keyed("a-7").with("Content-Type", "Application/JSON; charset=\"utf-8\""),
                        "anybody:a-7"),
                Arguments.of("identity", Raw.keyed("a-8").with("Content-Encoding", "identity"), "anybody:a-8"),
                Arguments.of("another Accept", Raw.keyed("a-9").with("Accept", "text/xml"), "anybody:a-9"),
                Arguments.of(
                        "chunks",
                        Raw.keyed("a-10")
                                .framedBy(
                                        "Transfer-Encoding",
                                        "chunked",
                                        Integer.toHexString(PAYMENT.length()) + "\r\n" + PAYMENT + "\r\n0\r\n\r\n"),
                        "anybody:a-10"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("accepted")
    void request_canBeDone_isPublishedUnderItsKey(String name, Raw request, String key) throws Exception {
        assertThat(send(request.bytes())).as(name).startsWith("HTTP/1.1 202 ");
        assertThat(published).containsExactly(key);
    }

    static Stream<Arguments> keys() {
        return Stream.of(
                Arguments.of("", "is empty"),
                Arguments.of("\"\"", "is empty"),
                Arguments.of("\"   \"", "blank"),
                Arguments.of("null", "placeholder 'null'"),
                Arguments.of("\"NULL\"", "placeholder 'null'"),
                Arguments.of("[]", "placeholder '[]'"),
                Arguments.of("00000000-0000-0000-0000-000000000000", "placeholder '00000000-"),
                Arguments.of("{FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF}", "placeholder 'ffffffff-"),
                Arguments.of("k".repeat(256), "longer than 255"),
                Arguments.of("\"" + "k".repeat(5_000) + "\"", "longer than 255"),
                Arguments.of("\"" + "\\\"".repeat(2_500) + "\"", "longer than 255"),
                Arguments.of("\"" + "k".repeat(5_000), "longer than 255"),
                Arguments.of("\"k\";p=1", "parameters"),
                Arguments.of("\"a\", \"b\"", "no list"),
                Arguments.of("a, b", "must be in quotes"),
                Arguments.of("\"not closed", "does not end with one"),
                Arguments.of("\"bad \\n\"", "backslash"),
                Arguments.of("a\tb", "U+0009"),
                Arguments.of("\u00fcmlaut", "U+00FC"),
                Arguments.of("\"\u00fcmlaut\"", "U+00FC"),
                Arguments.of("same\r\nIdempotency-Key: same", "2 times"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("keys")
    void request_keyIsNone_is400WithTheReason(String key, String why) throws Exception {
        assertProblem(Raw.keyed(key), 400, why);
    }

    static Stream<Arguments> refused() {
        return Stream.of(
                Arguments.of(new Raw(), 400, "needs an Idempotency-Key"),
                Arguments.of(Raw.keyed("k").with("X-Caller", "a b"), 400, "X-Caller must match"),
                Arguments.of(Raw.keyed("k").with("X-Caller", ""), 400, "X-Caller must match"),
                Arguments.of(Raw.keyed("k").with("X-Caller", "c".repeat(65)), 400, "X-Caller must match"),
                Arguments.of(Raw.keyed("k").with("X-Caller", "a").with("X-Caller", "b"), 400, "2 times"),
                // The headers and the line.
                Arguments.of(Raw.keyed("k".repeat(9_000)), 431, ""),
                Arguments.of(Raw.keyed("k").with("X-Other", "k".repeat(40_000)), 431, ""),
                Arguments.of(Raw.keyed("a\0b"), 400, "Illegal character"),
                Arguments.of(Raw.keyed("a\u0001b"), 400, "Illegal character"),
                Arguments.of(Raw.keyed("a\r\n b"), 400, "Folding"),
                Arguments.of(Raw.keyed("k").with("X Other", "1"), 400, "Illegal character"),
                Arguments.of(Raw.keyed("k").with("Content-Length", "5"), 400, "Content-Length"),
                Arguments.of(Raw.keyed("k").framedBy("Content-Length", "-1", ""), 400, "Content-Length"),
                Arguments.of(Raw.keyed("k").framedBy("Transfer-Encoding", "gzip", ""), 400, "Transfer-Encoding"),
                Arguments.of(
                        Raw.keyed("k")
                                .framedBy(
                                        "Transfer-Encoding",
                                        "gzip, chunked",
                                        Integer.toHexString(PAYMENT.length()) + "\r\n" + PAYMENT + "\r\n0\r\n\r\n"),
                        501,
                        "chunked alone"),
                Arguments.of(Raw.line("POST /payments/ HTTP/1.1").with("Idempotency-Key", "k"), 404, "/payments/"),
                Arguments.of(Raw.keyed("k").framedBy("Transfer-Encoding", "chunked", "zz\r\n"), 400, "to its end"),
                Arguments.of(Raw.keyed("k").with("Expect", "200-ok"), 417, ""),
                Arguments.of(Raw.line("POST /payments HTTP/9.9"), 505, ""),
                Arguments.of(Raw.line("POST /payments HTTP/2.0"), 426, ""),
                Arguments.of(Raw.line("hello"), 400, ""),
                Arguments.of(Raw.line("GET /" + "a".repeat(9_000) + " HTTP/1.1"), 414, ""),
                Arguments.of(Raw.line("GET /../x HTTP/1.1"), 400, ""),
                Arguments.of(Raw.line("GET /customers/%zz HTTP/1.1"), 400, ""),
                Arguments.of(Raw.line("GET /customers/%00 HTTP/1.1"), 400, ""),
                Arguments.of(Raw.line("GET /customers/%ff HTTP/1.1"), 400, ""),
                Arguments.of(Raw.line("GET /customers/\u00fc HTTP/1.1"), 400, ""),
                Arguments.of(Raw.line("CONNECT /payments HTTP/1.1"), 400, ""),
                // The path and the method.
                Arguments.of(Raw.line("POST /nope HTTP/1.1"), 404, "There is nothing at /nope"),
                Arguments.of(Raw.line("GET /nope HTTP/1.1"), 404, "There is nothing at /nope"),
                Arguments.of(Raw.line("POST /Payments HTTP/1.1"), 404, "/Payments"),
                Arguments.of(Raw.line("POST //payments HTTP/1.1"), 404, "//payments"),
                Arguments.of(Raw.line("POST /payments;x=1 HTTP/1.1"), 404, "/payments;x=1"),
                Arguments.of(Raw.line("GET /payments HTTP/1.1"), 405, "it takes POST"),
                Arguments.of(Raw.line("PUT /payments HTTP/1.1"), 405, "it takes POST"),
                Arguments.of(Raw.line("DELETE /orders HTTP/1.1"), 405, "it takes POST"),
                Arguments.of(Raw.line("OPTIONS /orders HTTP/1.1"), 405, "it takes POST"),
                Arguments.of(Raw.line("TRACE /orders HTTP/1.1"), 405, "it takes POST"),
                Arguments.of(Raw.line("post /orders HTTP/1.1"), 405, "it takes POST"),
                Arguments.of(Raw.line("HELLO /orders HTTP/1.1"), 405, "it takes POST"),
                Arguments.of(Raw.line("POST /customers/c-1 HTTP/1.1"), 405, "it takes GET, HEAD"),
                Arguments.of(Raw.line("POST /customers/c-1/email HTTP/1.1"), 405, "it takes PUT"),
                Arguments.of(Raw.line("POST / HTTP/1.1"), 405, "it takes GET, HEAD"),
                Arguments.of(Raw.line("POST /app.js HTTP/1.1"), 405, "it takes GET, HEAD"),
                Arguments.of(Raw.line("POST /payments?a=1 HTTP/1.1").with("Idempotency-Key", "k"), 400, "no query"),
                Arguments.of(Raw.line("POST /payments? HTTP/1.1").with("Idempotency-Key", "k"), 400, "no query"),
                // The body's form.
                Arguments.of(Raw.keyed("k").with("Content-Type", "text/plain"), 415, "text/plain"),
                Arguments.of(Raw.keyed("k").with("Content-Type", "application/x-www-form-urlencoded"), 415, "form"),
                Arguments.of(Raw.keyed("k").with("Content-Type", "application/json; charset=utf-16"), 415, "UTF-8"),
                Arguments.of(Raw.keyed("k").with("Content-Type", ";;;"), 415, ""),
                Arguments.of(
                        Raw.keyed("k").with("Content-Type", "application/json").with("Content-Type", "text/plain"),
                        415,
                        "text/plain"),
                Arguments.of(Raw.keyed("k").with("Content-Encoding", "gzip"), 415, "gzip"),
                Arguments.of(Raw.keyed("k").with("Content-Encoding", "identity, br"), 415, "br"),
                Arguments.of(Raw.of(PAYMENT + " ".repeat(20_000)), 413, "16384 bytes"),
                Arguments.of(Raw.keyed("k").framedBy("Content-Length", "99999999999", ""), 413, "16384 bytes"),
                Arguments.of(
                        Raw.keyed("k")
                                .framedBy(
                                        "Transfer-Encoding",
                                        "chunked",
                                        "5000\r\n" + " ".repeat(0x5000) + "\r\n0\r\n\r\n"),
                        413,
                        "16384 bytes"),
                // The body.
                Arguments.of(Raw.of(""), 400, "The body is missing"),
                Arguments.of(Raw.of("  "), 400, "The body is empty"),
                Arguments.of(Raw.of("null"), 400, "must be a JSON object"),
                Arguments.of(Raw.of("[" + PAYMENT + "]"), 400, "must be a JSON object"),
                Arguments.of(Raw.of(PAYMENT + PAYMENT), 400, "something follows it"),
                Arguments.of(Raw.of(PAYMENT + "x"), 400, "is not JSON"),
                Arguments.of(Raw.of(PAYMENT.substring(1)), 400, "The body"),
                Arguments.of(Raw.of("[".repeat(8_000)), 400, "too deep"),
                Arguments.of(Raw.of("\uFEFF" + PAYMENT), 400, "is not JSON"),
                Arguments.of(Raw.keyed("k").body(PAYMENT.getBytes(UTF_16)), 400, "is not UTF-8"),
                Arguments.of(
                        Raw.keyed("k").body(PAYMENT.replace("c-1", "\u00fc").getBytes(ISO_8859_1)),
                        400,
                        "is not UTF-8"),
                Arguments.of(body("1999", "1999, \"amountCents\": 1"), 400, "Duplicate field 'amountCents'"),
                Arguments.of(body("\"EUR\"", "\"EUR\", \"note\": 1"), 400, "not known: 'note'"),
                Arguments.of(body("amountCents", "amount"), 400, "not known: 'amount'"),
                Arguments.of(body("1999", "\"1999\""), 400, "amountCents must be"),
                Arguments.of(body("1999", "19.99"), 400, "amountCents must be"),
                Arguments.of(body("1999", "1999.0"), 400, "amountCents must be"),
                Arguments.of(body("1999", "1e3"), 400, "amountCents must be"),
                Arguments.of(body("1999", "0"), 400, "amountCents must be"),
                Arguments.of(body("1999", "100000001"), 400, "amountCents must be"),
                Arguments.of(body("1999", "1e99999999999"), 400, "out of range"),
                Arguments.of(body("1999", "1".repeat(5_000)), 400, "too long"),
                Arguments.of(body("\"c-1\"", "7"), 400, "customerId must be"),
                Arguments.of(body("\"EUR\"", "\"euro\""), 400, "currency must be"));
    }

    private static Raw body(String part, String other) {
        return Raw.of(PAYMENT.replace(part, other));
    }

    @ParameterizedTest(name = "{index}: {1} {2}")
    @MethodSource("refused")
    void request_cannotBeDone_isAProblemWithTheReason(Raw request, int status, String why) throws Exception {
        assertProblem(request, status, why);
    }

    /** The same holds for what needs no key. */
    @ParameterizedTest
    @MethodSource("addresses")
    void put_bodyIsNoAddress_is400(String body, String why) throws Exception {
        assertProblem(Raw.line("PUT /customers/c-1/email HTTP/1.1").body(body.getBytes(UTF_8)), 400, why);
    }

    static Stream<Arguments> addresses() {
        return Stream.of(
                Arguments.of("{\"email\": 1}", "email must be an address"),
                Arguments.of("{\"email\": \"a@b\", \"email\": \"c@d\"}", "Duplicate field 'email'"),
                Arguments.of("{\"email\": \"a@b\"} {}", "something follows it"),
                Arguments.of("{\"email\": \"a@b\", \"name\": 1}", "not known: 'name'"));
    }

    @ParameterizedTest
    @CsvSource({"/payments/none, 404", "/customers/none, 404", "/demo/nothing, 404", "/payments, 405", "/app.js, 200"})
    void head_anyPath_hasTheStatusOfGetAndNoBody(String path, int status) throws Exception {
        String answer = send(Raw.line("HEAD " + path + " HTTP/1.1").bytes());
        assertThat(answer).startsWith("HTTP/1.1 " + status + " ").endsWith("\r\n\r\n");
        if (status != 405) {
            assertThat(send(Raw.line("GET " + path + " HTTP/1.1").bytes())).startsWith("HTTP/1.1 " + status + " ");
        }
    }

    @Test
    void request_methodIsAnother_isToldWhichThereAre() throws Exception {
        assertThat(send(Raw.line("DELETE /payments HTTP/1.1").bytes())).contains("\r\nAllow: POST\r\n");
        assertThat(send(Raw.line("DELETE /customers/c-1 HTTP/1.1").bytes())).contains("\r\nAllow: GET, HEAD\r\n");
    }

    @Test
    void request_formIsAnother_isToldWhichIsRead() throws Exception {
        assertThat(send(Raw.keyed("k").with("Content-Type", "text/plain").bytes()))
                .contains("\r\nAccept: application/json\r\n");
        assertThat(send(Raw.keyed("k").with("Content-Encoding", "gzip").bytes()))
                .contains("\r\nAccept-Encoding: identity\r\n");
    }

    /** The answer says where the log has the reason, and not the reason. */
    @Test
    void request_serverFails_isAProblemWithAnId() throws Exception {
        String answer = send(Raw.line("GET /fails HTTP/1.1").bytes());
        JsonNode problem = problem(answer, 500);
        assertThat(problem.path("instance").asText()).matches("urn:uuid:[0-9a-f-]{36}");
        assertThat(answer).doesNotContain("as it may");
    }

    /** Two spellings of one key are one operation, and so the second is a replay. */
    @Test
    void request_keyIsSpelledAnotherWay_isReplayed() throws Exception {
        assertThat(send(Raw.keyed("1D03978E40D543DDBC936894A57F9324").bytes())).startsWith("HTTP/1.1 202 ");
        assertThat(send(Raw.keyed("\"urn:uuid:1d03978e-40d5-43dd-bc93-6894a57f9324\"")
                        .bytes()))
                .startsWith("HTTP/1.1 202 ")
                .contains("Idempotent-Replayed: true");
        assertThat(published).hasSize(1);
    }

    private void assertProblem(Raw request, int status, String why) throws Exception {
        JsonNode problem = problem(send(request.bytes()), status);
        assertThat(problem.path("detail").asText()).contains(why);
        assertThat(published).isEmpty();
    }

    private static JsonNode problem(String answer, int status) throws Exception {
        int end = answer.indexOf("\r\n\r\n");
        String head = answer.substring(0, Math.max(0, end));
        assertThat(head).startsWith("HTTP/1.1 " + status + " ");
        assertThat(head.toLowerCase(Locale.ROOT)).contains("\r\ncontent-type: application/problem+json");
        String body = answer.substring(end + 4);
        JsonNode problem = MAPPER.readTree(body.substring(body.indexOf('{'), body.lastIndexOf('}') + 1));
        assertThat(problem.path("status").asInt()).isEqualTo(status);
        assertThat(problem.path("title").asText()).isNotBlank();
        assertThat(problem.path("detail").asText()).isNotBlank();
        return problem;
    }

    /** Sends the bytes, and fails if there is no whole answer within a few seconds. */
    private String send(byte[] request) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            socket.setSoTimeout(PATIENCE_MS);
            socket.getOutputStream().write(request);
            socket.getOutputStream().flush();
            return new String(socket.getInputStream().readAllBytes(), UTF_8);
        }
    }
}
