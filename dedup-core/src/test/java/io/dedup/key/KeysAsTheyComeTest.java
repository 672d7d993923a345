// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.databind.node.TextNode;
import io.dedup.IdempotencyKey;
import io.dedup.KeyResult;
import io.dedup.MissingKey;
import io.dedup.MissingKey.Reason;
import io.dedup.config.ConfigProblem;
import io.dedup.config.DedupConfig;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Keys that are none, and keys that are spelled in several ways. */
class KeysAsTheyComeTest {
    private static final String UUID = "7f2c1e0a-9b1d-4c3e-8f00-1234567890ab";

    @ParameterizedTest
    @ValueSource(
            strings = {
                "null",
                "NULL",
                " None\n",
                "undefined",
                "NaN",
                "{}",
                "[object Object]",
                "00000000-0000-0000-0000-000000000000",
                "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"
            })
    void anySource_placeholder_isNoKey(String text) {
        for (String source : List.of("header:id", "record-key", "value:/id", "header-ignore-case:ID")) {
            assertThat(reason(extracted(source, text))).as(source).isEqualTo(Reason.PLACEHOLDER);
        }
        assertThat(reason(event(text))).isEqualTo(Reason.PLACEHOLDER);
        assertThat(reason(extracted("header:tenant + header:id", text))).isEqualTo(Reason.PLACEHOLDER);
    }

    /** Strangers share these whether or not the source has a normaliser that knows the spelling. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"null\"",
                "\" None \"",
                "{00000000-0000-0000-0000-000000000000}",
                "00000000000000000000000000000000",
                "urn:uuid:FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
                "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
            })
    void header_placeholderInAnotherSpelling_isNoKey(String text) {
        assertThat(reason(extracted("header:id", text))).isEqualTo(Reason.PLACEHOLDER);
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"  \"", "\u00a0", "\u3000\u2003", "\ufeff", "\u200b"})
    void header_blankOfAnyScript_isNoKey(String text) {
        assertThat(reason(extracted("header:id", text))).isEqualTo(Reason.EMPTY);
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"k-1\"", "{k-1}", "\u00a0k", "0123456789abcdef", "f0000000000000000000000000000000"})
    void header_likeAnotherSpelling_isAKeyAsItIs(String text) {
        assertThat(extracted("header:id", text).orElseThrow().value()).isEqualTo(text.getBytes(UTF_8));
    }

    /** Which would take hours. */
    @Test
    void pattern_goesBackAndForthInAHostileKey_doesNotMatch() {
        KeyRules rules = KeyRules.standard().withPattern(Pattern.compile("(.*-){12}x"));
        Headers headers = new RecordHeaders().add("id", ("ab-".repeat(80) + "!").getBytes(UTF_8));
        KeyResult result = KeyExtractors.parse("header:id", rules).extract(RecordView.of(headers, null, null));
        assertThat(reason(result)).isEqualTo(Reason.PATTERN_MISMATCH);
        Headers fitting = new RecordHeaders().add("id", ("a-".repeat(12) + "x").getBytes(UTF_8));
        assertThat(KeyExtractors.parse("header:id", rules).extract(RecordView.of(fitting, null, null)))
                .isInstanceOf(IdempotencyKey.class);
    }

    /** As a bridge sends during an upgrade. */
    @Test
    void header_twoSpellingsOfOneKey_areOneIfNormalised() {
        Headers headers = new RecordHeaders().add("id", "k-1".getBytes(UTF_8)).add("id", "\"k-1\"".getBytes(UTF_8));
        RecordView record = RecordView.of(headers, null, null);
        assertThat(KeyExtractors.parse("header:id|json-string").extract(record))
                .isEqualTo(IdempotencyKey.of("header:id", "k-1".getBytes(UTF_8)));
        assertThat(reason(KeyExtractors.parse("header:id").extract(record))).isEqualTo(Reason.AMBIGUOUS);
    }

    @Test
    void cloudEvents_headersInCapitals_areTheSameKeys() {
        Headers capitals = new RecordHeaders().add("CE_ID", bytes("e-1")).add("CE_SOURCE", bytes("/a"));
        Headers small = new RecordHeaders().add("ce_id", bytes("e-1")).add("ce_source", bytes("/a"));
        KeyExtractor events = KeyExtractors.parse("cloudevents");
        assertThat(events.extract(RecordView.of(capitals, null, null)))
                .isInstanceOf(IdempotencyKey.class)
                .isEqualTo(events.extract(RecordView.of(small, null, null)));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "[{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/a\"}]; BATCH",
                "{\"specversion\":1.0,\"id\":\"26\",\"source\":\"/a\"}; NOT_TEXT",
                "[1]; ABSENT"
            })
    void cloudEvents_valueWithoutContentType_saysWhatItIs(String value, Reason reason) {
        KeyResult result =
                KeyExtractors.parse("cloudevents").extract(RecordView.of(new RecordHeaders(), null, bytes(value)));
        assertThat(reason(result)).isEqualTo(reason);
    }

    /** 1853189228, 538976288, 1094861636: what look like texts are numbers here. */
    @ParameterizedTest
    @ValueSource(strings = {"null", "    ", "ABCD", " 123"})
    void binary_bytesOfANumberThatLookLikeAText_areAKeyAsTheyAre(String text) {
        byte[] number = text.getBytes(UTF_8);
        KeyExtractor binary = KeyExtractors.parse("record-key|binary");
        assertThat(binary.extract(RecordView.of(new RecordHeaders(), number, null)))
                .isEqualTo(IdempotencyKey.of("record-key", number));
        assertThat(KeyExtractors.keyOf("record-key|binary", KeyRules.standard(), "record-key", List.of(number)))
                .isEqualTo(IdempotencyKey.of("record-key", number));
    }

    @Test
    void binary_withAnotherNormaliser_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> KeyExtractors.parse("record-key|binary|trim"))
                .withMessageContaining("'binary' takes the bytes as they are");
    }

    /** At any length of what the parts become together. */
    @ParameterizedTest
    @ValueSource(ints = {1, 50, 64, 65, 100, 246, 260, 100_000})
    void atMost_keyOfSeveralParts_holdsForEachPart(int length) {
        KeyExtractor limited = KeyExtractors.atMost(64, KeyExtractors.parse("header:tenant + header:id"));
        KeyExtractor events = KeyExtractors.atMost(64, KeyExtractors.parse("cloudevents"));
        Headers headers = new RecordHeaders();
        headers.add("tenant", "t".getBytes(UTF_8));
        headers.add("id", "i".repeat(length).getBytes(UTF_8));
        headers.add("ce_source", ("/" + "s".repeat(300)).getBytes(UTF_8));
        headers.add("ce_id", "i".repeat(length).getBytes(UTF_8));
        for (KeyExtractor extractor : List.of(limited, events)) {
            KeyResult result = extractor.extract(RecordView.of(headers, null, null));
            if (length <= 64) {
                assertThat(result).isInstanceOf(IdempotencyKey.class);
            } else {
                assertThat(reason(result)).isEqualTo(Reason.TOO_LONG);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {" ", "  ", "\t\r\n", "\u000b\f"})
    void anySource_blank_isNoKey(String text) {
        assertThat(reason(extracted("header:id", text))).isEqualTo(Reason.EMPTY);
        assertThat(reason(extracted("record-key", text))).isEqualTo(Reason.EMPTY);
        assertThat(reason(event(text))).isEqualTo(Reason.EMPTY);
    }

    @ParameterizedTest
    @ValueSource(strings = {"nullable", "0", "-", "none-1", "00000000-0000-0000-0000-000000000001"})
    void header_moreThanAPlaceholder_isAKey(String text) {
        assertThat(extracted("header:id", text)).isEqualTo(IdempotencyKey.ofHeader("id", text));
    }

    @Test
    void configured_placeholdersAndPattern_areThoseThatHold() {
        KeyExtractor keys =
                configured(Map.of("dedup.key.placeholders", "test,-", "dedup.key.pattern", "[a-z]+-?\\d*|-"));
        assertThat(reason(keys.extract(record("Test", null)))).isEqualTo(Reason.PLACEHOLDER);
        assertThat(reason(keys.extract(record("-", null)))).isEqualTo(Reason.PLACEHOLDER);
        assertThat(reason(keys.extract(record("A-1", null)))).isEqualTo(Reason.PATTERN_MISMATCH);
        assertThat(reason(keys.extract(record("a-1 ", null)))).isEqualTo(Reason.PATTERN_MISMATCH);
        assertThat(keys.extract(record("null", null))).isInstanceOf(IdempotencyKey.class);
        assertThat(configured(Map.of("dedup.key.placeholders", "")).extract(record("null", null)))
                .isInstanceOf(IdempotencyKey.class);
    }

    /** A pattern that backtracks would end the stack. */
    @Test
    void configured_patternAndALongKey_isNotMatched() {
        KeyExtractor keys = configured(Map.of("dedup.key.pattern", "(a|b)*", "dedup.key.max.bytes", "65535"));
        assertThat(keys.extract(record("a".repeat(1024), null))).isInstanceOf(IdempotencyKey.class);
        assertThat(reason(keys.extract(record("a".repeat(60_000), null)))).isEqualTo(Reason.PATTERN_MISMATCH);
    }

    @Test
    void check_patternThatIsNone_isRefused() {
        assertThat(DedupConfig.check(Map.of("dedup.key.pattern", "[", "dedup.dead.letter.topic", "dead")))
                .singleElement()
                .satisfies(problem -> assertThat(problem.key()).isEqualTo("dedup.key.pattern"));
    }

    @ParameterizedTest
    @CsvSource({
        "7F2C1E0A-9B1D-4C3E-8F00-1234567890AB",
        "{7f2c1e0a-9b1d-4c3e-8f00-1234567890ab}",
        "urn:uuid:7f2c1e0a-9b1d-4c3e-8f00-1234567890ab",
        "URN:UUID:7F2C1E0A-9b1d-4c3e-8f00-1234567890ab",
        "7f2c1e0a9b1d4c3e8f001234567890ab",
        "7f2c1e0a-9b1d-4c3e-8f00-1234567890ab"
    })
    void uuid_anySpelling_isOneKey(String text) {
        assertThat(extracted("header:id|uuid", text)).isEqualTo(IdempotencyKey.ofHeader("id", UUID));
        assertThat(extracted("header:id|trim|json-string|uuid", " \"" + text + "\"\n"))
                .isEqualTo(IdempotencyKey.ofHeader("id", UUID));
    }

    @Test
    void uuid_bytes_areTheKeyOfTheText() {
        byte[] bytes = HexFormat.of().parseHex(UUID.replace("-", ""));
        Headers headers = new RecordHeaders().add("id", bytes);
        assertThat(KeyExtractors.parse("header:id|uuid").extract(RecordView.of(headers, null, null)))
                .isEqualTo(IdempotencyKey.ofHeader("id", UUID));
        assertThat(reason(KeyExtractors.parse("header:id|uuid")
                        .extract(RecordView.of(new RecordHeaders().add("id", new byte[16]), null, null))))
                .isEqualTo(Reason.PLACEHOLDER);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "7f2c1e0a-9b1d-4c3e-8f00-1234567890a",
                "{7f2c1e0a9b1d4c3e8f001234567890ab}",
                "order-7",
                "order-0000000042",
                "-7f2c1e0a9b1d4c3e8f00-1234567890ab--"
            })
    void uuid_noUuid_staysAsItIs(String text) {
        assertThat(extracted("header:id|uuid", text)).isEqualTo(IdempotencyKey.ofHeader("id", text));
    }

    @Test
    void normalizers_whatTheyDoNotUnderstand_staysAsItIs() {
        byte[] notText = {(byte) 0xff, 'A', 0x01};
        RecordView view = RecordView.of(new RecordHeaders().add("id", notText), null, null);
        assertThat(KeyExtractors.parse("header:id|lower|json-string").extract(view))
                .isEqualTo(IdempotencyKey.of("header:id", notText));
        assertThat(extracted("header:id|lower", "ÄB-1")).isEqualTo(IdempotencyKey.ofHeader("id", "Äb-1"));
        assertThat(extracted("header:id|json-string", "\"a\"b\"")).isEqualTo(IdempotencyKey.ofHeader("id", "\"a\"b\""));
        assertThat(extracted("header:id|json-string", "\"\\u0041\"")).isEqualTo(IdempotencyKey.ofHeader("id", "A"));
        assertThat(reason(extracted("header:id|json-string", "\"\""))).isEqualTo(Reason.EMPTY);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"header:id|upper", "header:id|", "sha256:/a|trim", "header:a +", "header:id,/a", "header:a + nil"
            })
    void parse_malformed_isRefused(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> KeyExtractors.parse(text));
    }

    @Test
    void header_anotherCase_isNamedInTheDetail() {
        Headers headers = new RecordHeaders().add("Idempotency-Key", bytes("k"));
        KeyResult exact = KeyExtractors.parse("header:idempotency-key").extract(RecordView.of(headers, null, null));
        assertThat(((MissingKey) exact).detail())
                .contains("'Idempotency-Key'")
                .contains("header-ignore-case:idempotency-key");
        KeyExtractor ignoring = KeyExtractors.parse("header-ignore-case:idempotency-key");
        assertThat(ignoring.extract(RecordView.of(headers, null, null)))
                .isEqualTo(IdempotencyKey.ofHeader("idempotency-key", "k"));
        headers.add("IDEMPOTENCY-KEY", bytes("other"));
        assertThat(reason(ignoring.extract(RecordView.of(headers, null, null)))).isEqualTo(Reason.AMBIGUOUS);
    }

    /** They have many zeros, and control characters. */
    @Test
    void recordKey_serializedNumber_isAKey() {
        for (long number : new long[] {0, 7, 13, 256}) {
            byte[] key = ByteBuffer.allocate(Long.BYTES).putLong(number).array();
            assertThat(KeyExtractors.parse("record-key|trim").extract(RecordView.of(new RecordHeaders(), key, null)))
                    .isEqualTo(IdempotencyKey.of("record-key", key));
        }
    }

    @Test
    void allOf_parts_cannotRunIntoEachOtherAndAllHaveToBeThere() {
        assertThat(ofTenant("a", "bc")).isInstanceOf(IdempotencyKey.class).isNotEqualTo(ofTenant("ab", "c"));
        assertThat(reason(ofTenant(null, "bc"))).isEqualTo(Reason.ABSENT);
        assertThat(KeyExtractors.sources("header:tenant|lower +  value:/id"))
                .containsExactly("header:tenant + value:/id");
        assertThat(((IdempotencyKey) ofTenant("a", "b")).source()).isEqualTo("header:tenant + header:id");
    }

    @Test
    void allOf_longParts_areAKeyThatIsShort() {
        IdempotencyKey one = (IdempotencyKey) ofTenant("t".repeat(300), "1");
        assertThat(one.length()).isEqualTo(36);
        assertThat(one).isEqualTo(ofTenant("t".repeat(300), "1")).isNotEqualTo(ofTenant("t".repeat(300), "2"));
    }

    @Test
    void cloudEvents_asBridgesSendThem_areOneKey() {
        KeyResult key = event("7");
        assertThat(key).isInstanceOf(IdempotencyKey.class);
        assertThat(event(new RecordHeaders().add("ce-source", bytes("/shop")).add("CE-Id", bytes("7")), null))
                .isEqualTo(key);
        assertThat(event(new RecordHeaders(), "{\"specversion\":\"1.0\",\"source\":\"/shop\",\"id\":\"7\"}"))
                .isEqualTo(key);
        assertThat(reason(event(
                        new RecordHeaders()
                                .add("ce_source", bytes("/shop"))
                                .add("ce_id", bytes("7"))
                                .add("ce-id", bytes("8")),
                        null)))
                .isEqualTo(Reason.AMBIGUOUS);
    }

    @Test
    void cloudEvents_unusable_sayWhy() {
        assertThat(reason(event(new RecordHeaders(), "{\"specversion\":\"1.0\",\"source\":\"/shop\",\"id\":25}")))
                .isEqualTo(Reason.NOT_TEXT);
        Headers batch = new RecordHeaders().add("content-type", bytes("application/cloudevents-batch+json"));
        assertThat(reason(event(batch, "[]"))).isEqualTo(Reason.BATCH);
        assertThat(reason(event(new RecordHeaders(), "oops"))).isEqualTo(Reason.ABSENT);
    }

    @Test
    void cloudEvents_longSource_isNoReasonToRefuse() {
        Headers headers =
                new RecordHeaders().add("ce_source", bytes("/s".repeat(500))).add("ce_id", bytes("7"));
        KeyExtractor keys = configured(Map.of("dedup.key", "cloudevents"));
        assertThat(keys.extract(RecordView.of(headers, null, null))).isInstanceOf(IdempotencyKey.class);
    }

    @Test
    void sha256Value_partOfAKey_tellsNaturalDuplicatesFromSyntheticOnes() {
        KeyExtractor keys = KeyExtractors.parse("header:id + sha256:value");
        assertThat(keys.extract(valued("1", "{\"a\":1}"))).isEqualTo(keys.extract(valued("1", "{\"a\":1}")));
        assertThat(keys.extract(valued("1", "{\"a\":1}"))).isNotEqualTo(keys.extract(valued("1", "{\"a\":2}")));
        assertThat(keys.extract(valued("1", "{\"a\":1}"))).isNotEqualTo(keys.extract(valued("2", "{\"a\":1}")));
        assertThat(reason(keys.extract(valued("1", null)))).isEqualTo(Reason.ABSENT);
    }

    @Test
    void scope_readFromRecords_isTheFirstPartOfEachKey() {
        Map<String, String> settings = Map.of("dedup.scope", "header:tenant", "dedup.key", "header:id,record-key");
        DedupConfig config = config(settings);
        assertThat(config.keySources()).containsExactly("header:tenant + header:id", "header:tenant + record-key");
        assertThat(config.scope().nameFor("orders")).isEmpty();
        assertThat(config.keyExtractor().extract(record("7", "k")))
                .isEqualTo(KeyExtractors.parse("header:tenant + header:id").extract(record("7", "k")));
        assertThat(reason(config.keyExtractor()
                        .extract(RecordView.of(new RecordHeaders().add("id", bytes("7")), null, null))))
                .isEqualTo(Reason.ABSENT);
    }

    @ParameterizedTest
    @ValueSource(strings = {"header:", "value:tenant", "header:a,header:b", " ", "header:a|upper"})
    void scope_malformed_isAProblem(String scope) {
        assertThat(DedupConfig.check(Map.of("dedup.scope", scope, "dedup.dead.letter.topic", "dead")))
                .extracting(ConfigProblem::key)
                .containsExactly("dedup.scope");
    }

    private static RecordView valued(String id, @Nullable String value) {
        return RecordView.of(new RecordHeaders().add("id", bytes(id)), null, value == null ? null : bytes(value));
    }

    private static KeyExtractor configured(Map<String, String> settings) {
        return config(settings).keyExtractor();
    }

    private static DedupConfig config(Map<String, String> settings) {
        Map<String, String> all = new HashMap<>(settings);
        all.putIfAbsent("dedup.key", "header:id");
        all.put("dedup.dead.letter.topic", "dead");
        return DedupConfig.of(all);
    }

    private static KeyResult ofTenant(@Nullable String tenant, String id) {
        Headers headers = new RecordHeaders().add("id", bytes(id));
        if (tenant != null) {
            headers.add("tenant", bytes(tenant));
        }
        return KeyExtractors.parse("header:tenant + header:id").extract(RecordView.of(headers, null, null));
    }

    private static KeyResult event(String id) {
        return event(new RecordHeaders().add("ce_source", bytes("/shop")).add("ce_id", bytes(id)), null);
    }

    private static KeyResult event(Headers headers, @Nullable String value) {
        return KeyExtractors.cloudEvents().extract(RecordView.of(headers, null, value == null ? null : bytes(value)));
    }

    private static KeyResult extracted(String source, String text) {
        return KeyExtractors.parse(source).extract(record(text, text));
    }

    private static RecordView record(String header, @Nullable String key) {
        Headers headers = new RecordHeaders().add("id", bytes(header)).add("tenant", bytes("t"));
        String json = "{\"id\":" + TextNode.valueOf(header) + "}";
        return RecordView.of(headers, key == null ? null : bytes(key), bytes(json));
    }

    private static Reason reason(KeyResult result) {
        assertThat(result).isInstanceOf(MissingKey.class);
        return ((MissingKey) result).reason();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }
}
