// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BinaryNode;
import com.fasterxml.jackson.databind.node.DecimalNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.FloatNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.POJONode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.math.BigDecimal;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CanonicalJsonTest {
    /** What is read back is the same number, and the digits are never more than those of Java, which finds most of them. */
    @Test
    void text_randomDoubles_areReadBackFromTheFewestDigits() throws Json.NotJson {
        Random random = new Random(8785);
        for (int i = 0; i < 20_000; i++) {
            double number = Double.longBitsToDouble(random.nextLong());
            if (Double.isFinite(number)) {
                String text = CanonicalJson.text(DoubleNode.valueOf(number));
                assertThat(Double.parseDouble(text)).as(text).isEqualTo(number);
                assertThat(digits(text)).as(text).isLessThanOrEqualTo(digits(Double.toString(number)));
            }
        }
    }

    /** For the first two {@code Double.toString} of Java 17 has 16 digits. */
    @ParameterizedTest
    @ValueSource(strings = {"8.41e+21", "4.73e+21", "2e+22", "1.1e-322", "2.2250738585072014e-308", "9.5e-7"})
    void text_doublesWithShortForms_findsThem(String shortest) throws Json.NotJson {
        assertThat(CanonicalJson.text(DoubleNode.valueOf(Double.parseDouble(shortest))))
                .isEqualTo(shortest);
    }

    /** Exactly 660203723966896.75 and 9073762226628.1875. */
    @ParameterizedTest
    @ValueSource(strings = {"660203723966896.8", "9073762226628.188"})
    void text_twoShortFormsEquallyClose_isTheEvenOne(String even) throws Json.NotJson {
        assertThat(CanonicalJson.text(DoubleNode.valueOf(Double.parseDouble(even))))
                .isEqualTo(even);
    }

    @Test
    void text_floats_areTheirOwnShortestForms() throws Json.NotJson {
        assertThat(CanonicalJson.text(FloatNode.valueOf(0.1f))).isEqualTo("0.1");
        assertThat(CanonicalJson.text(FloatNode.valueOf(-16777216f))).isEqualTo("-16777216");
        assertThat(CanonicalJson.text(FloatNode.valueOf(Float.MIN_VALUE))).isEqualTo("1e-45");
        assertThat(CanonicalJson.text(FloatNode.valueOf(-0f))).isEqualTo("0");
    }

    @Test
    void text_twoDecimalsThatOneDoubleStandsFor_differ() throws Json.NotJson {
        assertThat(CanonicalJson.text(DecimalNode.valueOf(new BigDecimal("9007199254740993"))))
                .isNotEqualTo(CanonicalJson.text(DecimalNode.valueOf(new BigDecimal("9007199254740992"))));
        assertThat(CanonicalJson.text(DecimalNode.valueOf(new BigDecimal("0.10000000000000000001"))))
                .isNotEqualTo(CanonicalJson.text(DecimalNode.valueOf(new BigDecimal("0.1"))));
    }

    @Test
    void text_bytes_areInBase64() throws Json.NotJson {
        assertThat(CanonicalJson.text(BinaryNode.valueOf(new byte[] {-1, 0, 62})))
                .isEqualTo("\"/wA+\"");
    }

    /** A program that wrote something instead would give two texts one key. */
    @ParameterizedTest
    @ValueSource(strings = {"\ud800", "\udc00", "a\ud83db", "\ude00\ud83d"})
    void text_halfOfASurrogatePair_isRefused(String text) {
        assertRefused(TextNode.valueOf(text));
        assertRefused(JsonNodeFactory.instance.objectNode().put(text, 1));
        assertRefused(JsonNodeFactory.instance.arrayNode().add(text));
    }

    @Test
    void text_whatJsonHasNoTextFor_isRefused() {
        assertRefused(DoubleNode.valueOf(Double.NaN));
        assertRefused(DoubleNode.valueOf(Double.NEGATIVE_INFINITY));
        assertRefused(FloatNode.valueOf(Float.POSITIVE_INFINITY));
        assertRefused(new POJONode(new Object()));
        assertRefused(Json.MISSING);
    }

    private static void assertRefused(JsonNode value) {
        assertThatExceptionOfType(Json.NotJson.class).isThrownBy(() -> CanonicalJson.text(value));
    }

    private static int digits(String number) {
        return new BigDecimal(number).stripTrailingZeros().precision();
    }
}
