// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import org.jspecify.annotations.Nullable;

/**
 * Strict reading of JSON: the whole input must be one document, and an object that names a field twice is refused,
 * since two readers could see two different keys in it.
 */
final class Json {
    private static final int LONGEST_PLAIN_EXPONENT = 40;

    static final JsonNode MISSING = MissingNode.getInstance();

    private static final ObjectReader READER = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .build()
            .reader();

    private Json() {}

    static JsonNode parse(byte[] bytes) throws NotJson {
        try {
            JsonNode document = READER.readTree(bytes);
            if (document.isMissingNode()) {
                throw new NotJson(null);
            }
            return document;
        } catch (IOException | ArithmeticException | NumberFormatException unreadable) {
            // The latter two are numbers with exponents that nobody means.
            throw new NotJson(unreadable);
        }
    }

    /**
     * @throws IllegalArgumentException if the text is not a JSON pointer to something inside the document
     */
    static JsonPointer pointer(String text) {
        if (!text.startsWith("/")) {
            throw new IllegalArgumentException(
                    "'" + text + "' is not a JSON pointer: it starts with a slash, as in /orderId");
        }
        return JsonPointer.compile(text);
    }

    /**
     * A number in one form, so that 10, 10.0 and 1e1 are the same: digits without trailing zeros and an exponent, or the
     * plain number where that is short. Never expanded beyond that, so that 1e999999 stays short.
     */
    static String number(JsonNode number) {
        BigDecimal value = number.decimalValue();
        BigInteger digits = value.unscaledValue();
        if (digits.signum() == 0) {
            return "0";
        }
        long exponent = -(long) value.scale();
        BigInteger[] tenth = digits.divideAndRemainder(BigInteger.TEN);
        while (tenth[1].signum() == 0) {
            digits = tenth[0];
            exponent++;
            tenth = digits.divideAndRemainder(BigInteger.TEN);
        }
        return Math.abs(exponent) <= LONGEST_PLAIN_EXPONENT
                ? new BigDecimal(digits, (int) -exponent).toPlainString()
                : digits + "E" + exponent;
    }

    /** The bytes are not one JSON document. Carries no text of the payload. */
    static final class NotJson extends Exception {
        private static final long serialVersionUID = 1L;

        NotJson(@Nullable Exception cause) {
            super("not a JSON document", cause);
        }
    }
}
