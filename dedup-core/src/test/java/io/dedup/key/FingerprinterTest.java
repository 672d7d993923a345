// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.dedup.Fingerprint;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FingerprinterTest {
    @Test
    void none_givesNothing() {
        assertThat(print("none", "{}")).isNull();
    }

    @Test
    void wholeValue_everyByteCounts() {
        assertThat(print("value", "{\"a\":1}")).isEqualTo(print("value", "{\"a\":1}"));
        assertThat(print("value", "{\"a\":1}")).isNotEqualTo(print("value", "{\"a\": 1}"));
        assertThat(print("value", null)).isEqualTo(print("value", null)).isNotEqualTo(print("value", ""));
    }

    @Test
    void fields_onlyTheseCountInCanonicalForm() {
        // Given
        String form = "value:/amount,/to";
        // Then
        assertThat(print(form, "{\"amount\":10,\"to\":\"x\",\"note\":1}"))
                .isEqualTo(print(form, "{\"to\":\"x\", \"note\":2, \"amount\":10.00}"));
        assertThat(print(form, "{\"amount\":10,\"to\":\"x\"}"))
                .isNotEqualTo(print(form, "{\"amount\":11,\"to\":\"x\"}"))
                .isNotEqualTo(print(form, "{\"amount\":10}"));
        assertThat(print(form, "{\"amount\":10}")).isNotEqualTo(print(form, "{\"amount\":10,\"to\":null}"));
    }

    @Test
    void fields_orderOfPointers_doesNotCount() {
        assertThat(print("value:/to,/amount", "{\"amount\":10}"))
                .isEqualTo(print("value:/amount,/to", "{\"amount\":10}"));
    }

    @Test
    void fields_tombstone_differsFromAValueWithoutThem() {
        assertThat(print("value:/a", null)).isEqualTo(print("value:/a", null)).isNotEqualTo(print("value:/a", "{}"));
    }

    @Test
    void fields_halfOfASurrogatePair_countsWhole() {
        assertThat(print("value:/a", "{\"a\":\"\\ud800\"}"))
                .isNotNull()
                .isNotEqualTo(print("value:/a", "{\"a\":\"\\ud801\"}"))
                .isNotEqualTo(print("value:/a", "{\"a\":\"?\"}"));
    }

    @Test
    void fields_valueThatIsNotJson_countsWhole() {
        assertThat(print("value:/a", "oops")).isEqualTo(print("value:/a", "oops"));
        assertThat(print("value:/a", "oops")).isNotEqualTo(print("value:/a", "oops!"));
    }

    /** Values that differ in JSON have other fingerprints, and so has the same value in another field. */
    @Test
    void fields_everyKindOfValue_isToldApart() {
        List<String> values = List.of(
                "null",
                "true",
                "false",
                "1",
                "2",
                "\"1\"",
                "\"\"",
                "[]",
                "[1]",
                "[2]",
                "[[1]]",
                "[1,1]",
                "{}",
                "{\"x\":1}",
                "{\"x\":2}",
                "{\"y\":1}",
                "{\"x\":null}",
                "{\"x\":1,\"y\":1}");
        List<@Nullable Fingerprint> prints = new ArrayList<>();
        prints.add(print("value:/a,/b", "{}"));
        for (String value : values) {
            prints.add(print("value:/a,/b", "{\"a\":" + value + "}"));
            prints.add(print("value:/a,/b", "{\"b\":" + value + "}"));
        }
        assertThat(prints).doesNotHaveDuplicates().doesNotContainNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "all", "value:", "value:amount", "value:/a,b"})
    void parse_malformed_isRefused(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> Fingerprinter.parse(text));
    }

    private static @Nullable Fingerprint print(String form, @Nullable String value) {
        return Fingerprinter.parse(form)
                .fingerprint(RecordView.of(new RecordHeaders(), null, value == null ? null : value.getBytes(UTF_8)));
    }
}
