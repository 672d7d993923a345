// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.function.Predicate;

/**
 * The one spelling of a number by RFC 8785, which is that of ECMAScript (ECMA-262, Number::toString): {@code 10}, {@code 10.0}
 * and {@code 1e1} are all {@code 10}.
 *
 * <p>A {@code double} is written with the fewest digits that are read back as it. A decimal number is written with all its
 * digits, and without zeros at their end. Wherever RFC 8785 knows a number, which is where a decimal is exactly the shortest
 * form of a {@code double}, the two are the same. It excludes the others, {@code 9007199254740993} or {@code 1e400}: rounding
 * those would give two different numbers one text, and one key.
 */
final class CanonicalNumber {
    /** Digits before the point, zeros included, up to which numbers are written without an exponent. */
    private static final int MAX_PLAIN = 21;
    /** Zeros between the point and the first digit, up to which numbers are written without an exponent. */
    private static final int MAX_LEADING_ZEROS = 5;
    /** So many digits are enough for any {@code double}, or {@code float}. */
    private static final int DOUBLE_DIGITS = 17;

    private static final int FLOAT_DIGITS = 9;
    /** Up to here, every whole number is a {@code double} whose shortest form is its digits. */
    private static final long MAX_EXACT = 1L << 53;

    private CanonicalNumber() {}

    /**
     * The text of a number.
     *
     * @throws Json.NotJson if it is infinite or not a number
     */
    static String text(JsonNode number) throws Json.NotJson {
        if (number.isIntegralNumber() && number.canConvertToLong()) {
            return Long.toString(number.longValue());
        } else if (number.isDouble() || number.isFloat()) {
            return text(number.doubleValue(), number.isFloat());
        }
        return layout(number.decimalValue());
    }

    private static String text(double value, boolean isFloat) throws Json.NotJson {
        if (!Double.isFinite(value)) {
            throw new Json.NotJson("JSON has no text for the number " + value, null);
        }
        if (Math.abs(value) <= MAX_EXACT && value == Math.rint(value) && !isFloat) {
            return Long.toString((long) value); // Both zeros are 0.
        }
        BigDecimal exact = new BigDecimal(Math.abs(value));
        BigDecimal shortest = isFloat
                ? shortest(exact, FLOAT_DIGITS, digits -> digits.floatValue() == (float) Math.abs(value))
                : shortest(exact, DOUBLE_DIGITS, digits -> digits.doubleValue() == Math.abs(value));
        return layout(value < 0 ? shortest.negate() : shortest);
    }

    /**
     * The number of fewest digits that is read back; the closest of several, and the even one of two that are equally close. {@code
     * Double.toString} of Java 17 does not always find it. What is read back is an interval around the exact value, so that only
     * its neighbours come into question.
     */
    private static BigDecimal shortest(BigDecimal exact, int maxDigits, Predicate<BigDecimal> readsBack) {
        for (int digits = 1; digits < maxDigits; digits++) {
            BigDecimal closer = exact.round(new MathContext(digits, RoundingMode.HALF_EVEN));
            if (readsBack.test(closer)) {
                return closer;
            }
            RoundingMode otherSide = closer.compareTo(exact) < 0 ? RoundingMode.CEILING : RoundingMode.FLOOR;
            BigDecimal farther = exact.round(new MathContext(digits, otherSide));
            if (readsBack.test(farther)) {
                return farther;
            }
        }
        return exact.round(new MathContext(maxDigits, RoundingMode.HALF_EVEN));
    }

    /** The layout of ECMAScript, for any number of digits; an exponent is never expanded. */
    private static String layout(BigDecimal number) {
        String all = number.unscaledValue().abs().toString();
        long point = all.length() - (long) number.scale();
        String digits = withoutZerosAtTheEnd(all);
        if (digits.isEmpty()) {
            return "0";
        }
        String sign = number.signum() < 0 ? "-" : "";
        int length = digits.length();
        if (length <= point && point <= MAX_PLAIN) {
            return sign + digits + "0".repeat((int) point - length);
        } else if (0 < point && point <= MAX_PLAIN) {
            return sign + digits.substring(0, (int) point) + "." + digits.substring((int) point);
        } else if (-MAX_LEADING_ZEROS <= point && point <= 0) {
            return sign + "0." + "0".repeat((int) -point) + digits;
        }
        long exponent = point - 1;
        String fraction = length == 1 ? "" : "." + digits.substring(1);
        return sign + digits.charAt(0) + fraction + (exponent < 0 ? "e-" : "e+") + Math.abs(exponent);
    }

    private static String withoutZerosAtTheEnd(String digits) {
        int end = digits.length();
        while (end > 0 && digits.charAt(end - 1) == '0') {
            end--;
        }
        return digits.substring(0, end);
    }
}
