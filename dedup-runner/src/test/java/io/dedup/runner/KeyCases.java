// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.jspecify.annotations.Nullable;

/** Records as systems send them, and what every way in has to say of each. */
final class KeyCases {
    private static final String UUID = "7f2c1e0a-9b1d-4c3e-8f00-1234567890ab";
    private static final String HEADER = "idempotency-key";

    private KeyCases() {}

    /**
     * A record and what is decided about it.
     *
     * @param verdict {@code first}, {@code duplicate}, {@code conflict}, {@code forwarded} or {@code missing-key:REASON}
     */
    record Sent(ProducerRecord<byte[], byte[]> record, String verdict) {
        Sent(Headers headers, byte @Nullable [] key, byte @Nullable [] value, String verdict) {
            this(new ProducerRecord<>("in", 0, null, key, value, headers), verdict);
        }

        Headers headers() {
            return new RecordHeaders(record.headers());
        }

        byte @Nullable [] key() {
            return record.key();
        }

        byte @Nullable [] value() {
            return record.value();
        }
    }

    /** A configuration and the records that are sent to it, in that order. */
    record Case(String name, Map<String, String> settings, List<Sent> records) {
        @Override
        public String toString() {
            return name;
        }
    }

    static List<Case> all() {
        List<Case> cases = new ArrayList<>();
        cases.add(new Case(
                "placeholders are no keys",
                Map.of(),
                List.of(
                        keyed("null", "missing-key:placeholder"),
                        keyed("undefined", "missing-key:placeholder"),
                        keyed("None", "missing-key:placeholder"),
                        keyed("{}", "missing-key:placeholder"),
                        keyed("00000000-0000-0000-0000-000000000000", "missing-key:placeholder"),
                        keyed("  ", "missing-key:empty"),
                        keyed("o-1", "first"))));
        cases.add(new Case(
                "placeholders by configuration",
                Map.of("dedup.key.placeholders", "test"),
                List.of(
                        keyed("TEST ", "missing-key:placeholder"),
                        keyed("null", "first"),
                        keyed("null", "duplicate"))));
        cases.add(new Case(
                "keys of a pattern",
                Map.of("dedup.key.pattern", "[0-9a-f-]{36}"),
                List.of(keyed(UUID, "first"), keyed("o-1", "missing-key:pattern-mismatch"))));
        cases.add(new Case(
                "one UUID in several spellings",
                Map.of("dedup.key", "header:idempotency-key|trim|uuid"),
                List.of(
                        keyed(UUID, "first"),
                        keyed(UUID.toUpperCase(java.util.Locale.ROOT), "duplicate"),
                        keyed("{" + UUID + "}", "duplicate"),
                        keyed("urn:uuid:" + UUID, "duplicate"),
                        keyed(UUID + "\n", "duplicate"),
                        keyed(HexFormat.of().parseHex(UUID.replace("-", "")), "duplicate"))));
        cases.add(new Case(
                "a JSON string beside the bare text",
                Map.of("dedup.key", "header:idempotency-key|json-string"),
                List.of(keyed("k-1", "first"), keyed("\"k-1\"", "duplicate"), keyed("\"k-2\"", "first"))));
        cases.add(new Case(
                "a header in another case",
                Map.of(),
                List.of(new Sent(headers("Idempotency-Key", "k"), null, text("v"), "missing-key:absent"))));
        cases.add(new Case(
                "headers whose case is ignored",
                Map.of("dedup.key", "header-ignore-case:idempotency-key"),
                List.of(
                        keyed("k", "first"),
                        new Sent(headers("Idempotency-Key", "k"), null, text("v"), "duplicate"),
                        new Sent(
                                headers("Idempotency-Key", "k", HEADER, "other"),
                                null,
                                text("v"),
                                "missing-key:ambiguous"))));
        cases.add(new Case("a key of two headers", Map.of("dedup.key", "header:tenant + header:id"), tenants()));
        cases.add(new Case(
                "a scope in a header", Map.of("dedup.key", "header:id", "dedup.scope", "header:tenant"), tenants()));
        cases.add(new Case(
                "a scope in the value",
                Map.of("dedup.scope", "value:/tenant"),
                List.of(
                        keyed("1", "{\"tenant\":\"a\"}", "first"),
                        keyed("1", "{\"tenant\":\"b\"}", "first"),
                        keyed("1", "{\"tenant\":\"a\"}", "duplicate"),
                        keyed("1", "{}", "missing-key:absent"))));
        cases.add(new Case(
                "JSON in the frame of a schema registry",
                Map.of("dedup.key", "value:/id"),
                List.of(
                        new Sent(headers(), null, framed(1, text("{\"id\":7}")), "first"),
                        new Sent(headers(), null, framed(2, text("{\"id\":7}")), "duplicate"),
                        new Sent(headers(), null, text("{\"id\":7}"), "duplicate"),
                        new Sent(headers(), null, framed(3, new byte[] {2, 'a'}), "missing-key:invalid-json"))));
        cases.add(new Case(
                "a framed record key",
                Map.of("dedup.key", "record-key|unframed"),
                List.of(
                        new Sent(headers(), framed(1, text("k")), text("v"), "first"),
                        new Sent(headers(), framed(2, text("k")), text("v"), "duplicate"))));
        cases.add(new Case(
                "a fingerprint without the frame",
                Map.of("dedup.fingerprint", "framed-value"),
                List.of(
                        new Sent(headers(HEADER, "k"), null, framed(1, text("a")), "first"),
                        new Sent(headers(HEADER, "k"), null, framed(2, text("a")), "duplicate"),
                        new Sent(headers(HEADER, "k"), null, framed(2, text("b")), "conflict"))));
        cases.add(new Case("CloudEvents as bridges send them", Map.of("dedup.key", "cloudevents"), events()));
        cases.add(new Case(
                "the payload as a part of the key",
                Map.of("dedup.key", "header:idempotency-key + sha256:value"),
                List.of(
                        keyed("1", "click a", "first"),
                        keyed("1", "click b", "first"),
                        keyed("1", "click a", "duplicate"),
                        new Sent(headers(HEADER, "1"), null, null, "missing-key:absent"))));
        cases.add(new Case("judged tombstones", Map.of("dedup.key", "record-key"), tombstones("duplicate")));
        cases.add(new Case(
                "forwarded tombstones",
                Map.of("dedup.key", "record-key", "dedup.on.tombstone", "forward"),
                tombstones("forwarded")));
        cases.add(new Case(
                "serialized numbers as record keys",
                Map.of("dedup.key", "record-key|trim"),
                List.of(
                        new Sent(headers(), number(0), text("v"), "first"),
                        new Sent(headers(), number(13), text("v"), "first"),
                        new Sent(headers(), number(32), text("v"), "first"),
                        new Sent(headers(), number(13), text("v"), "duplicate"))));
        return cases;
    }

    private static List<Sent> tenants() {
        return List.of(
                new Sent(headers("tenant", "a", "id", "1"), null, text("v"), "first"),
                new Sent(headers("tenant", "b", "id", "1"), null, text("v"), "first"),
                new Sent(headers("tenant", "a", "id", "1"), null, text("v"), "duplicate"),
                new Sent(headers("id", "1"), null, text("v"), "missing-key:absent"),
                new Sent(headers("tenant", "null", "id", "1"), null, text("v"), "missing-key:placeholder"));
    }

    private static List<Sent> events() {
        String event = "{\"specversion\":\"1.0\",\"source\":\"/shop\",\"id\":%s}";
        return List.of(
                new Sent(headers("ce_source", "/shop", "ce_id", "25"), null, text("v"), "first"),
                new Sent(headers("ce-source", "/shop", "ce-id", "25"), null, text("v"), "duplicate"),
                new Sent(headers(), null, text(event.formatted("\"25\"")), "duplicate"),
                new Sent(headers(), null, text(event.formatted("25")), "missing-key:not-text"),
                new Sent(headers("ce_source", "/s".repeat(500), "ce_id", "1"), null, text("v"), "first"),
                new Sent(
                        headers("content-type", "application/cloudevents-batch+json"),
                        null,
                        text("[]"),
                        "missing-key:batch"));
    }

    private static List<Sent> tombstones(String second) {
        return List.of(
                new Sent(headers(), text("k"), text("v"), "first"),
                new Sent(headers(), text("k"), null, second),
                new Sent(headers(), text("k"), text("v"), "duplicate"));
    }

    private static Sent keyed(String key, String verdict) {
        return keyed(text(key), verdict);
    }

    private static Sent keyed(byte[] key, String verdict) {
        return new Sent(new RecordHeaders().add(HEADER, key), null, text("v"), verdict);
    }

    private static Sent keyed(String key, String value, String verdict) {
        return new Sent(headers(HEADER, key), null, text(value), verdict);
    }

    private static Headers headers(String... namesAndValues) {
        Headers headers = new RecordHeaders();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            headers.add(namesAndValues[i], text(namesAndValues[i + 1]));
        }
        return headers;
    }

    private static byte[] framed(int schema, byte[] content) {
        return ByteBuffer.allocate(5 + content.length)
                .put((byte) 0)
                .putInt(schema)
                .put(content)
                .array();
    }

    private static byte[] number(long number) {
        return ByteBuffer.allocate(Long.BYTES).putLong(number).array();
    }

    private static byte[] text(String text) {
        return text.getBytes(UTF_8);
    }
}
