// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.dedup.IdempotencyKey;
import io.dedup.KeyResult;
import io.dedup.MissingKey;
import io.dedup.MissingKey.Reason;
import java.util.List;
import java.util.Random;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeyExtractorsTest {
    private static final String PIECES = "{}[]\":,\\ud8e+-.0123456789aintrufls\u0000\u00ff";
    private static final byte[] NOT_TEXT = {(byte) 0xff, 0, (byte) 0xc3, 0x28};

    @Test
    void header_anyBytes_areTheKey() {
        // When
        KeyResult result = KeyExtractors.header("id").extract(record(headers("id", NOT_TEXT), null));
        // Then
        assertThat(result).isEqualTo(IdempotencyKey.of("header:id", NOT_TEXT));
    }

    @Test
    void header_repeatedAndEqual_isTheKey() {
        // Given
        Headers headers = headers("id", bytes("a")).add("id", bytes("a"));
        // When
        KeyResult result = KeyExtractors.header("id").extract(record(headers, null));
        // Then
        assertThat(result).isEqualTo(IdempotencyKey.of("header:id", bytes("a")));
    }

    @Test
    void header_unusable_saysWhy() {
        assertThat(reason("header:id", new RecordHeaders(), null)).isEqualTo(Reason.ABSENT);
        assertThat(reason("header:id", headers("ID", bytes("a")), null)).isEqualTo(Reason.ABSENT);
        assertThat(reason("header:id", headers("id", new byte[0]), null)).isEqualTo(Reason.EMPTY);
        assertThat(reason("header:id", headers("id", null), null)).isEqualTo(Reason.EMPTY);
        assertThat(reason("header:id", headers("id", bytes("a")).add("id", bytes("b")), null))
                .isEqualTo(Reason.AMBIGUOUS);
        assertThat(reason("header:id", headers("id", bytes("a")).add("id", null), null))
                .isEqualTo(Reason.AMBIGUOUS);
    }

    @Test
    void recordKey_presentAbsentEmpty() {
        // Given
        KeyExtractor extractor = KeyExtractors.recordKey();
        // Then
        assertThat(extractor.extract(RecordView.of(new RecordHeaders(), NOT_TEXT, null)))
                .isEqualTo(IdempotencyKey.of("record-key", NOT_TEXT));
        assertThat(extractor.extract(RecordView.of(new RecordHeaders(), null, null)))
                .isInstanceOfSatisfying(
                        MissingKey.class, m -> assertThat(m.reason()).isEqualTo(Reason.ABSENT));
        assertThat(extractor.extract(RecordView.of(new RecordHeaders(), new byte[0], null)))
                .isInstanceOfSatisfying(
                        MissingKey.class, m -> assertThat(m.reason()).isEqualTo(Reason.EMPTY));
    }

    @Test
    void jsonPointer_scalar_isItsText() {
        assertThat(text("value:/a/b", "{\"a\":{\"b\":\"x-1\"}}")).isEqualTo("x-1");
        assertThat(text("value:/a", "{\"a\":17}")).isEqualTo("17");
        assertThat(text("value:/a", "{\"a\":17.0}")).isEqualTo("17");
        assertThat(text("value:/a", "{\"a\":12345678901234567890123}")).isEqualTo("1.2345678901234567890123e+22");
        assertThat(text("value:/a", "{\"a\":1e999999}")).isEqualTo("1e+999999");
        assertThat(text("value:/a", "{\"a\":1e2147483647}")).isEqualTo("1e+2147483647");
        assertThat(text("value:/a", "{\"a\":-1e-2147483647}")).isEqualTo("-1e-2147483647");
        assertThat(text("value:/a", "{\"a\":17.50}")).isEqualTo("17.5");
        assertThat(text("value:/a", "{\"a\":-0.0e7}")).isEqualTo("0");
        assertThat(text("value:/a~1b", "{\"a/b\":\"slash\"}")).isEqualTo("slash");
    }

    @Test
    void jsonPointer_unusable_saysWhy() {
        assertThat(reason("value:/a", new RecordHeaders(), "{\"b\":1}")).isEqualTo(Reason.ABSENT);
        assertThat(reason("value:/a", new RecordHeaders(), "{\"a\":null}")).isEqualTo(Reason.ABSENT);
        assertThat(reason("value:/a", new RecordHeaders(), null)).isEqualTo(Reason.ABSENT);
        assertThat(reason("value:/a", new RecordHeaders(), "{\"a\":\"\"}")).isEqualTo(Reason.EMPTY);
        assertThat(reason("value:/a", new RecordHeaders(), "{\"a\":{}}")).isEqualTo(Reason.NOT_SCALAR);
        assertThat(reason("value:/a", new RecordHeaders(), "{\"a\":true}")).isEqualTo(Reason.NOT_SCALAR);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "{\"a\":1} {\"a\":2}", "not json", "{\"a\":1,\"a\":2}", "{'a':1}"})
    void jsonPointer_notOneDocument_isInvalidJson(String value) {
        assertThat(reason("value:/a", new RecordHeaders(), value)).isEqualTo(Reason.INVALID_JSON);
        assertThat(reason("sha256:/a", new RecordHeaders(), value)).isEqualTo(Reason.INVALID_JSON);
    }

    /** Whatever a record contains, an extractor answers: an exception would stop the application at it for ever. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"a\":1e2147483647}",
                "{\"a\":100e2147483647}",
                "{\"a\":1e99999999999}",
                "{\"a\":10E-2147483648}",
                "{\"a\":1E-99999999999}",
                "{\"a\":\"\\ud800\"}",
                "[[[[[[",
                "\u0000"
            })
    void extract_hostileValue_isAnswered(String value) {
        for (String source : List.of("value:/a", "sha256:/a", "cloudevents")) {
            assertThat(KeyExtractors.parse(source)
                            .extract(record(headers("content-type", bytes("application/cloudevents+json")), value)))
                    .as(source)
                    .isNotNull();
        }
        assertThat(Fingerprinter.parse("value:/a").fingerprint(record(new RecordHeaders(), value)))
                .isNotNull();
    }

    @Test
    void extract_randomBytes_areAnswered() {
        Random random = new Random(7);
        for (int i = 0; i < 5_000; i++) {
            byte[] value = new byte[random.nextInt(40)];
            for (int j = 0; j < value.length; j++) {
                value[j] = (byte) PIECES.charAt(random.nextInt(PIECES.length()));
            }
            RecordView view = RecordView.of(headers("id", value), value, value);
            for (String source : List.of("header:id", "record-key", "value:/a", "sha256:/a,/b", "cloudevents")) {
                assertThat(KeyExtractors.parse(source).extract(view))
                        .as("try %d", i)
                        .isNotNull();
            }
        }
    }

    @Test
    void jsonPointer_halfACharacter_isRefusedAndNotReplaced() {
        assertThat(reason("value:/a", new RecordHeaders(), "{\"a\":\"\\ud800\"}"))
                .isEqualTo(Reason.INVALID_JSON);
        assertThat(reason("sha256:/a", new RecordHeaders(), "{\"a\":{\"\\ud800\":1}}"))
                .isEqualTo(Reason.INVALID_JSON);
        assertThat(text("value:/a", "{\"a\":\"\\ud83d\\ude00\"}")).isEqualTo("\ud83d\ude00");
    }

    @Test
    void cloudEvents_binaryMode_sourceAndIdTogether() {
        // Given
        KeyExtractor extractor = KeyExtractors.cloudEvents();
        // When
        KeyResult one = extractor.extract(record(event("/shop/a", "b1"), null));
        KeyResult other = extractor.extract(record(event("/shop/ab", "1"), null));
        // Then
        assertThat(one).isInstanceOf(IdempotencyKey.class).isNotEqualTo(other);
        assertThat(one).isEqualTo(extractor.extract(record(event("/shop/a", "b1"), null)));
        assertThat(reason("cloudevents", headers("ce_id", bytes("1")), null)).isEqualTo(Reason.ABSENT);
        assertThat(reason("cloudevents", headers("ce_source", bytes("s")), null))
                .isEqualTo(Reason.ABSENT);
    }

    @Test
    void cloudEvents_otherSourceOrIdOfTheSameLength_isAnotherKey() {
        KeyExtractor extractor = KeyExtractors.cloudEvents();
        assertThat(List.of(
                        extractor.extract(record(event("/a", "1"), null)),
                        extractor.extract(record(event("/b", "1"), null)),
                        extractor.extract(record(event("/a", "2"), null))))
                .doesNotHaveDuplicates();
    }

    /** As they are named in keys, in headers and in commands. */
    @Test
    void sources_severalForms_areNamedAsInKeys() {
        assertThat(KeyExtractors.sources("header: id , sha256:/a, /b,record-key"))
                .containsExactly("header:id", "sha256:/a,/b", "record-key");
    }

    @Test
    void atMost_limit_isIncluded() {
        KeyExtractor one = KeyExtractors.atMost(1, KeyExtractors.header("id"));
        assertThat(one.extract(record(headers("id", bytes("a")), null))).isInstanceOf(IdempotencyKey.class);
        assertThat(one.extract(record(headers("id", bytes("ab")), null))).isInstanceOf(MissingKey.class);
        assertThatIllegalArgumentException().isThrownBy(() -> KeyExtractors.atMost(0, KeyExtractors.header("id")));
    }

    @Test
    void cloudEvents_structuredMode_isTheSameIdentityAsBinaryMode() {
        // Given
        KeyExtractor extractor = KeyExtractors.cloudEvents();
        Headers structured = headers("content-type", bytes("application/CloudEvents+json; charset=UTF-8"));
        // When
        KeyResult fromJson = extractor.extract(record(structured, "{\"source\":\"/shop\",\"id\":\"7\"}"));
        // Then
        assertThat(fromJson).isEqualTo(extractor.extract(record(event("/shop", "7"), null)));
        assertThat(reason("cloudevents", structured, "oops")).isEqualTo(Reason.INVALID_JSON);
    }

    @Test
    void sha256_fields_cannotRunIntoEachOther() {
        assertThat(key("sha256:/a,/b", "{\"a\":\"a\",\"b\":\"bc\"}"))
                .isNotEqualTo(key("sha256:/a,/b", "{\"a\":\"ab\",\"b\":\"c\"}"));
        assertThat(key("sha256:/a", "{\"a\":1}")).isNotEqualTo(key("sha256:/a", "{\"a\":\"1\"}"));
        assertThat(key("sha256:/a", "{\"a\":[\"x\",\"y\"]}")).isNotEqualTo(key("sha256:/a", "{\"a\":[\"xy\"]}"));
        assertThat(key("sha256:/a", "{\"a\":true}")).isNotEqualTo(key("sha256:/a", "{\"a\":\"true\"}"));
    }

    /** Two applications that share a store may name the fields in different orders. */
    @Test
    void sha256_pointersInAnotherOrder_isTheSameKey() {
        assertThat(key("sha256:/b,/a", "{\"a\":1,\"b\":2}")).isEqualTo(key("sha256:/a,/b", "{\"a\":1,\"b\":2}"));
        assertThat(KeyExtractors.sources("sha256:/b, /a,/b")).containsExactly("sha256:/a,/b");
    }

    /** Numbers of operations grow beyond what a {@code double} holds. */
    @Test
    void sha256_numbersBeyondDoubles_areToldApart() {
        assertThat(key("sha256:/a", "{\"a\":9007199254740993}"))
                .isNotEqualTo(key("sha256:/a", "{\"a\":9007199254740992}"))
                .isEqualTo(key("sha256:/a", "{\"a\":9007199254740993.0}"));
    }

    @Test
    void sha256_sameFieldsWrittenOtherwise_isTheSameKey() {
        assertThat(key("sha256:/a,/b", "{\"a\":10,\"b\":{\"x\":1,\"y\":null}}"))
                .isEqualTo(key("sha256:/a,/b", "{ \"b\": {\"y\":null,\"x\":1.0}, \"z\":5, \"a\": 1e1 }"));
        assertThat(reason("sha256:/a,/b", new RecordHeaders(), "{\"a\":1}")).isEqualTo(Reason.ABSENT);
    }

    @Test
    void firstOf_absentSource_passesToTheNext() {
        // Given
        KeyExtractor extractor = KeyExtractors.parse("header:id, value:/id, record-key");
        // When
        KeyResult fromValue = extractor.extract(record(new RecordHeaders(), "{\"id\":\"v\"}"));
        KeyResult fromHeader = extractor.extract(record(headers("id", bytes("h")), "{\"id\":\"v\"}"));
        KeyResult nowhere = extractor.extract(record(new RecordHeaders(), "{}"));
        // Then
        assertThat(fromValue).isEqualTo(IdempotencyKey.of("value:/id", bytes("v")));
        assertThat(fromHeader).isEqualTo(IdempotencyKey.of("header:id", bytes("h")));
        assertThat(nowhere).isInstanceOfSatisfying(MissingKey.class, missing -> {
            assertThat(missing.reason()).isEqualTo(Reason.ABSENT);
            assertThat(missing.source()).isEqualTo("header:id,value:/id,record-key");
        });
    }

    @Test
    void firstOf_unusableSource_endsTheSearch() {
        assertThat(reason("header:id,value:/id", headers("id", new byte[0]), "{\"id\":\"v\"}"))
                .isEqualTo(Reason.EMPTY);
        assertThat(reason("value:/id,header:id", headers("id", bytes("h")), "oops"))
                .isEqualTo(Reason.INVALID_JSON);
    }

    @Test
    void atMost_boundary_isIncluded() {
        // Given
        KeyExtractor extractor = KeyExtractors.atMost(3, KeyExtractors.header("id"));
        // Then
        assertThat(extractor.extract(record(headers("id", bytes("abc")), null)))
                .isEqualTo(IdempotencyKey.of("header:id", bytes("abc")));
        assertThat(extractor.extract(record(headers("id", bytes("abcd")), null)))
                .isInstanceOfSatisfying(MissingKey.class, missing -> {
                    assertThat(missing.reason()).isEqualTo(Reason.TOO_LONG);
                    assertThat(missing.detail()).contains("4").contains("3").doesNotContain("abcd");
                });
    }

    @Test
    void parse_slashBelongsToTheSourceBeforeIt() {
        // When
        KeyResult result = KeyExtractors.parse("header:id,sha256:/a,/b,record-key")
                .extract(record(new RecordHeaders(), "{\"a\":1,\"b\":2}"));
        // Then
        assertThat(result)
                .isInstanceOfSatisfying(
                        IdempotencyKey.class, key -> assertThat(key.source()).isEqualTo("sha256:/a,/b"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "header",
                "header:",
                "headr:id",
                "value: ",
                "record-key:x",
                "value:",
                "value:id",
                "value:/a,/b",
                "cloudevents:x",
                "sha256",
                "sha256:a",
                "/a",
                "header:id,"
            })
    void parse_malformed_isRefused(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> KeyExtractors.parse(text));
    }

    @Test
    void recordView_lazy_headersAloneNeverAskForKeyOrValue() {
        // Given
        RecordView view = RecordView.lazily(
                headers("id", bytes("a")),
                () -> {
                    throw new AssertionError("key was asked for");
                },
                () -> {
                    throw new AssertionError("value was asked for");
                });
        // When
        KeyResult result = KeyExtractors.parse("header:id,value:/id").extract(view);
        // Then
        assertThat(result).isInstanceOf(IdempotencyKey.class);
    }

    private static Reason reason(String source, Headers headers, @Nullable String value) {
        KeyResult result = KeyExtractors.parse(source).extract(record(headers, value));
        assertThat(result).isInstanceOf(MissingKey.class);
        return ((MissingKey) result).reason();
    }

    private static IdempotencyKey key(String source, String value) {
        KeyResult result = KeyExtractors.parse(source).extract(record(new RecordHeaders(), value));
        assertThat(result).isInstanceOf(IdempotencyKey.class);
        return (IdempotencyKey) result;
    }

    private static String text(String source, String value) {
        return key(source, value).text();
    }

    private static Headers event(String source, String id) {
        return headers("ce_source", bytes(source)).add("ce_id", bytes(id));
    }

    private static Headers headers(String name, byte @Nullable [] value) {
        return new RecordHeaders().add(name, value);
    }

    private static RecordView record(Headers headers, @Nullable String value) {
        return RecordView.of(headers, null, value == null ? null : bytes(value));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }

    @Test
    void firstOf_nothing_isRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> KeyExtractors.firstOf(List.of()));
    }

    /** A limit that was set counts, wherever in the source it is. */
    @Test
    void atMostUnlessSet_limitIsThere_isNotReplaced() {
        RecordView view =
                RecordView.of(new RecordHeaders().add("long", new byte[300]).add("short", new byte[20]), null, null);
        KeyExtractor wide = KeyExtractors.atMost(1_000, KeyExtractors.header("long"));
        assertThat(KeyExtractors.atMostUnlessSet(255, wide).extract(view)).isInstanceOf(IdempotencyKey.class);
        assertThat(KeyExtractors.atMostUnlessSet(255, KeyExtractors.header("long"))
                        .extract(view))
                .isInstanceOf(MissingKey.class);
        KeyExtractor several = KeyExtractors.firstOf(List.of(KeyExtractors.header("none"), wide));
        assertThat(KeyExtractors.atMostUnlessSet(255, several).extract(view)).isInstanceOf(IdempotencyKey.class);
        KeyExtractor narrow = KeyExtractors.atMost(10, KeyExtractors.header("short"));
        assertThat(KeyExtractors.atMostUnlessSet(
                                255, KeyExtractors.firstOf(List.of(KeyExtractors.header("none"), narrow)))
                        .extract(view))
                .isInstanceOf(MissingKey.class);
    }
}
