// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.dedup.IdempotencyKey;
import io.dedup.KeyResult;
import io.dedup.MissingKey;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The key that an operator types is the key that a record has. */
class TypedKeyTest {
    private static final String JSON = "{\"id\":\"7\",\"n\":1.0}";

    /** A source, what is typed for each text of its key. */
    record Typed(String source, List<String> texts) {}

    static List<Typed> typed() {
        return List.of(
                new Typed("header:id", List.of("A-1")),
                new Typed("header:id|lower|trim", List.of(" a-1 ")),
                new Typed("header-ignore-case:ID", List.of("A-1")),
                new Typed("record-key", List.of("0x00ff")),
                new Typed("value:/id", List.of("7")),
                new Typed("cloudevents", List.of("/shop", "e-1")),
                new Typed("header:tenant + header:id", List.of("t", "A-1")),
                new Typed("header:tenant + cloudevents + record-key", List.of("t", "/shop", "e-1", "0x00ff")),
                new Typed("sha256:value", List.of(HexFormat.of().formatHex(Sha256.of(JSON.getBytes(UTF_8))))));
    }

    @ParameterizedTest
    @MethodSource("typed")
    void keyOf_textsOfARecord_isItsKey(Typed typed) {
        KeyResult read = KeyExtractors.parse(typed.source()).extract(record());
        assertThat(read).isInstanceOf(IdempotencyKey.class);
        assertThat(keyOf(typed.source(), typed.texts())).isEqualTo(read);
    }

    /** As commands print it, where that is not what the key was made of. */
    @ParameterizedTest
    @MethodSource("typed")
    void keyOf_printedText_isTheKey(Typed typed) {
        String printed = KeyExtractors.parse(typed.source())
                .extract(record())
                .orElseThrow()
                .text();
        assertThat(keyOf(typed.source(), List.of(printed)).orElseThrow().text()).isEqualTo(printed);
    }

    /** The frame is of the record, and not of what is printed: what is typed may begin as one does. */
    @Test
    void keyOf_printedTextOfAFramedKey_isTheKey() {
        byte[] framed = HexFormat.of().parseHex("0000000007" + "000a0568656c6c6f");
        IdempotencyKey read = KeyExtractors.parse("record-key|unframed")
                .extract(RecordView.of(new RecordHeaders(), framed, null))
                .orElseThrow();
        assertThat(read.text()).isEqualTo("0x000a0568656c6c6f");
        assertThat(keyOf("record-key|unframed", List.of(read.text()))).isEqualTo(read);
    }

    /** Part of a key would be another key, which is never remembered. */
    @ParameterizedTest
    @CsvSource({"header:tenant + header:id, A-1", "cloudevents, /shop", "header:tenant + cloudevents, t"})
    void keyOf_onePartOfAKeyOfSeveral_isRefused(String source, String part) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> keyOf(source, List.of(part)))
                .withMessageContaining("or the whole key");
    }

    @Test
    void keyOf_noKey_saysWhy() {
        assertThat(keyOf("header:id", List.of("null"))).isInstanceOf(MissingKey.class);
    }

    @Test
    void keyOf_unusable_isRefusedByName() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> keyOf("header:id", List.of("a", "b")))
                .withMessageStartingWith("texts must be 1, or the whole key, for a key of header:id: 2");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> keyOf("sha256:/a", List.of("abc")))
                .withMessageContaining("64 hexadecimal digits: 'abc'");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> KeyExtractors.keyOf("header:id", KeyRules.standard(), "record-key", List.of()))
                .withMessageStartingWith("source must be one of [header:id]: 'record-key'");
    }

    /** Or the text 0x41 and the byte A would look alike. */
    @ParameterizedTest
    @ValueSource(strings = {"A", "0x41", "0x", "0xzz", "0x4", "k 1", "\0A", "Ä"})
    void text_ofAnyKey_isReadBackAsIt(String text) {
        IdempotencyKey key = IdempotencyKey.of("record-key", text.getBytes(UTF_8));
        assertThat(IdempotencyKey.bytesOf(key.text())).isEqualTo(key.value());
    }

    private static KeyResult keyOf(String source, List<String> texts) {
        return KeyExtractors.keyOf(
                source,
                KeyRules.standard(),
                KeyExtractors.sources(source).get(0),
                texts.stream().map(IdempotencyKey::bytesOf).toList());
    }

    private static RecordView record() {
        Headers headers = new RecordHeaders();
        for (String header : Arrays.asList("tenant=t", "id=A-1", "ce_source=/shop", "ce_id=e-1")) {
            String[] parts = header.split("=", 2);
            headers.add(parts[0], parts[1].getBytes(UTF_8));
        }
        return RecordView.of(headers, new byte[] {0, (byte) 0xff}, JSON.getBytes(UTF_8));
    }
}
