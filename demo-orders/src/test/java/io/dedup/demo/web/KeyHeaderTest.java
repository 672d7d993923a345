// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class KeyHeaderTest {
    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '\'',
            value = {
                "8e03978e-40d5-43dd-bc93-6894a57f9324, 8e03978e-40d5-43dd-bc93-6894a57f9324",
                "'\"8e03978e-40d5-43dd-bc93-6894a57f9324\"', 8e03978e-40d5-43dd-bc93-6894a57f9324",
                "'  order:7/retry=1;a  ', order:7/retry=1;a",
                "'\"with space, comma\"', 'with space, comma'",
                "'\"a \\\"quote\\\" and a \\\\\"', 'a \"quote\" and a \\'"
            })
    void of_quotedOrBare_isTheKey(String value, String key) {
        assertThat(KeyHeader.of(List.of(value))).isEqualTo(new KeyHeader.Key(key));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "\"\"",
                "\"not closed",
                "\"closed\" twice\"",
                "\"bad \\n escape\"",
                "\"with a parameter\";a=1",
                "two keys",
                "one,two",
                "back\\slash",
                "ümlaut",
                "\"ümlaut\"",
                "in\"side"
            })
    void of_anythingElse_isMalformed(String value) {
        assertThat(KeyHeader.of(List.of(value))).isInstanceOf(KeyHeader.Malformed.class);
    }

    @Test
    void of_lengthAtItsBound_isAKeyAndOneMoreIsNot() {
        String longest = "k".repeat(255);
        assertThat(KeyHeader.of(List.of(longest))).isEqualTo(new KeyHeader.Key(longest));
        assertThat(KeyHeader.of(List.of("\"" + longest + "\""))).isEqualTo(new KeyHeader.Key(longest));
        assertThat(KeyHeader.of(List.of(longest + "k"))).isInstanceOf(KeyHeader.Malformed.class);
    }

    /** What is far too long is refused at once, of every kind of character. */
    @ParameterizedTest
    @ValueSource(strings = {"k", "\"", "\\\"", "\\\\", " ", "\\", ";a=\"b\"", "\u00fc"})
    void of_aMillionOfThem_isNoKeyAndNoFailure(String part) {
        for (String value : List.of("\"" + part.repeat(1_000_000) + "\"", part.repeat(1_000_000))) {
            assertThat(KeyHeader.of(List.of(value))).isInstanceOf(KeyHeader.Malformed.class);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\u0001',
            value = {
                "\"k\";p=1|has parameters",
                "\"k\" ;p|has parameters",
                "\"a\", \"b\"|must be one string, and no list",
                "a,b|must be in quotes: ','",
                "\"not closed|does not end with one",
                "\"bad \\n\"|a backslash before something else",
                "\"ends in \\|a backslash before something else",
                "a\u0000b|U+0000",
                "\"a\tb\"|U+0009",
                "\u00fcmlaut|U+00FC"
            })
    void of_malformed_saysWhy(String value, String why) {
        assertThat(KeyHeader.of(List.of(value)))
                .isInstanceOfSatisfying(
                        KeyHeader.Malformed.class,
                        malformed -> assertThat(malformed.why()).contains(why));
    }

    @Test
    void of_everyCharacterEscaped_hasTheSameLimit() {
        assertThat(KeyHeader.of(List.of("\"" + "\\\\".repeat(255) + "\"")))
                .isEqualTo(new KeyHeader.Key("\\".repeat(255)));
        assertThat(KeyHeader.of(List.of("\"" + "\\\\".repeat(256) + "\""))).isInstanceOf(KeyHeader.Malformed.class);
    }

    @Test
    void of_noneOrSeveral_isMissingOrMalformed() {
        assertThat(KeyHeader.of(List.of())).isEqualTo(new KeyHeader.Missing());
        assertThat(KeyHeader.of(List.of("a", "a"))).isInstanceOf(KeyHeader.Malformed.class);
    }
}
