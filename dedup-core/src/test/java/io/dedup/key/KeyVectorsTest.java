// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.DoubleNode;
import io.dedup.IdempotencyKey;
import io.dedup.KeyResult;
import io.dedup.key.IdempotencyKeys.Derived;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The published vectors: keys are stored, and made by programs in other languages, so that none of these may ever change. */
class KeyVectorsTest {
    private static final String RESOURCE = "/keys/vectors.json";
    private static final Pattern DIGEST = Pattern.compile("\\b[0-9a-f]{64}\\b");
    private static final JsonMapper PLAIN = new JsonMapper();

    @ParameterizedTest
    @MethodSource("doubles")
    void doubles_ofAppendixB_areWrittenAsThere(JsonNode vector) throws Json.NotJson {
        double number = Double.longBitsToDouble(Long.parseUnsignedLong(text(vector, "ieee754"), 16));
        assertThat(CanonicalJson.text(DoubleNode.valueOf(number))).isEqualTo(text(vector, "canonical"));
    }

    static List<JsonNode> doubles() {
        return vectors("doubles");
    }

    /** However they are read. */
    @ParameterizedTest
    @MethodSource("decimals")
    void decimals_thatDoublesHold_areWrittenAsTheDoubles(JsonNode vector) throws IOException, Json.NotJson {
        assertThat(canonical(text(vector, "input"))).isEqualTo(text(vector, "canonical"));
        assertThat(CanonicalJson.text(PLAIN.readTree(text(vector, "input")))).isEqualTo(text(vector, "canonical"));
    }

    static List<JsonNode> decimals() {
        return vectors("decimals");
    }

    @ParameterizedTest
    @MethodSource("beyondRfc8785")
    void beyondRfc8785_numbers_keepTheirDigits(JsonNode vector) throws Json.NotJson {
        assertThat(canonical(text(vector, "input"))).isEqualTo(text(vector, "canonical"));
    }

    static List<JsonNode> beyondRfc8785() {
        return vectors("beyondRfc8785");
    }

    /** Numbers are doubles in RFC 8785. */
    @ParameterizedTest
    @MethodSource("documents")
    void documents_readAsRfc8785Does_haveItsText(JsonNode vector) throws IOException, Json.NotJson {
        JsonNode document = PLAIN.readTree(text(vector, "input"));
        assertThat(CanonicalJson.text(document)).isEqualTo(text(vector, "canonical"));
        assertThat(hex(Sha256.of(document))).isEqualTo(text(vector, "sha256"));
    }

    static List<JsonNode> documents() {
        return vectors("documents");
    }

    @ParameterizedTest
    @MethodSource("keys")
    void keys_everyVector_isMade(JsonNode vector) throws Json.NotJson {
        KeyResult key = KeyExtractors.parse(text(vector, "source"))
                .extract(RecordView.of(new RecordHeaders(), null, bytes(vector, "value")));
        assertThat(hex(key.orElseThrow().value())).isEqualTo(text(vector, "key"));
        if (vector.has("canonical")) {
            assertThat(hex(Sha256.of(text(vector, "canonical").getBytes(UTF_8))))
                    .isEqualTo(text(vector, "key"));
        }
    }

    static List<JsonNode> keys() {
        return vectors("keys");
    }

    @ParameterizedTest
    @MethodSource("derived")
    void derived_everyVector_isMade(JsonNode vector) {
        Derived derived = IdempotencyKeys.derived(text(vector, "purpose"));
        vector.get("fields").properties().forEach(field -> {
            JsonNode value = field.getValue();
            if (value.isNumber()) {
                derived.with(field.getKey(), value.longValue());
            } else {
                derived.with(field.getKey(), value.textValue());
            }
        });
        assertThat(derived.key())
                .isEqualTo(text(vector, "key"))
                .isEqualTo(hex(Sha256.of(text(vector, "canonical").getBytes(UTF_8))));
    }

    static List<JsonNode> derived() {
        return vectors("derived");
    }

    @ParameterizedTest
    @MethodSource("downstream")
    void downstream_everyVectorInEveryShape_isMade(JsonNode vector) {
        IdempotencyKey key =
                IdempotencyKey.of(text(vector, "source"), HexFormat.of().parseHex(text(vector, "key")));
        assertThat(List.of(
                        KeyShape.hex(),
                        KeyShape.uuid(),
                        KeyShape.atMost(20),
                        KeyShape.atMost(38),
                        KeyShape.atMost(255)))
                .extracting(
                        shape -> IdempotencyKeys.downstream(text(vector, "scope"), key, text(vector, "step"), shape))
                .containsExactly(
                        text(vector, "hex"),
                        text(vector, "uuid"),
                        text(vector, "atMost20"),
                        text(vector, "atMost38"),
                        text(vector, "atMost255"));
        assertThat(hex(Sha256.of(text(vector, "canonical").getBytes(UTF_8)))).isEqualTo(text(vector, "hex"));
    }

    static List<JsonNode> downstream() {
        return vectors("downstream");
    }

    @ParameterizedTest
    @MethodSource("fingerprints")
    void fingerprints_everyVector_isMade(JsonNode vector) {
        assertThat(Fingerprinter.parse(text(vector, "form"))
                        .fingerprint(RecordView.of(new RecordHeaders(), null, bytes(vector, "value"))))
                .hasToString(text(vector, "fingerprint"));
    }

    static List<JsonNode> fingerprints() {
        return vectors("fingerprints");
    }

    @Test
    void page_digestsThatItShows_areOfTheVectors() throws IOException {
        String page = Files.readString(Path.of("..", "docs", "keys.md"));
        Set<String> shown =
                DIGEST.matcher(page).results().map(MatchResult::group).collect(Collectors.toSet());
        assertThat(shown)
                .hasSizeGreaterThan(1)
                .allSatisfy(digest -> assertThat(file()).contains(digest));
    }

    @Test
    void page_examplesThatItShows_areTheFirstVectors() throws IOException {
        String page = Files.readString(Path.of("..", "docs", "keys.md"));
        assertThat(page)
                .contains(text(keys().get(0), "canonical"), text(keys().get(0), "key"))
                .contains(text(derived().get(0), "canonical"))
                .contains(
                        text(downstream().get(0), "canonical"),
                        text(downstream().get(0), "hex"),
                        text(downstream().get(0), "uuid"),
                        text(downstream().get(0), "atMost38"));
    }

    private static List<JsonNode> vectors(String group) {
        try {
            JsonNode all = PLAIN.readTree(file()).required(group);
            return StreamSupport.stream(all.spliterator(), false).toList();
        } catch (IOException unreadable) {
            throw new AssertionError(RESOURCE, unreadable);
        }
    }

    private static String file() throws IOException {
        try (InputStream file = Objects.requireNonNull(KeyVectorsTest.class.getResourceAsStream(RESOURCE))) {
            return new String(file.readAllBytes(), UTF_8);
        }
    }

    private static String canonical(String json) throws Json.NotJson {
        return CanonicalJson.text(Json.parse(json.getBytes(UTF_8)));
    }

    private static String text(JsonNode vector, String name) {
        return vector.required(name).asText();
    }

    private static byte @Nullable [] bytes(JsonNode vector, String name) {
        return vector.required(name).isNull() ? null : text(vector, name).getBytes(UTF_8);
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }
}
