// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import io.dedup.InvalidTtl;
import io.dedup.InvalidTtl.Reason;
import io.dedup.RecordTtl;
import io.dedup.TtlResult;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.regex.Pattern;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.jspecify.annotations.Nullable;

/**
 * Reads the TTL that a record asks for from a header: milliseconds as a decimal number in ASCII, as in {@code 600000}.
 *
 * @param name the header
 * @param longest how long keys are remembered at all; a record cannot ask for more
 */
public record TtlHeader(String name, Duration longest) {
    private static final Pattern NUMBER = Pattern.compile("[+-]?[0-9]{1,30}");
    private static final int DIGITS_OF_A_LONG = 18;

    public TtlHeader {
        if (name.isBlank() || !name.equals(name.strip())) {
            throw new IllegalArgumentException("name must not be blank or have blanks around it: '" + name + "'");
        }
    }

    /** The TTL that these headers ask for, or what is wrong with it; null if they ask for none. */
    public @Nullable TtlResult read(Headers headers) {
        Header last = headers.lastHeader(name);
        if (last == null) {
            return null;
        }
        for (Header other : headers.headers(name)) {
            if (!Arrays.equals(last.value(), other.value())) {
                return invalid(Reason.AMBIGUOUS, "is there several times and its values differ");
            }
        }
        String text = last.value() == null ? "" : new String(last.value(), StandardCharsets.US_ASCII).strip();
        return NUMBER.matcher(text).matches()
                ? number(text)
                : invalid(Reason.NOT_A_NUMBER, "is not a whole number of milliseconds");
    }

    private TtlResult number(String text) {
        String digits = text.replaceFirst("^[+-]?0*", "");
        if (text.startsWith("-") || digits.isEmpty()) {
            return invalid(Reason.NOT_POSITIVE, "asks for a TTL that is not positive");
        }
        long millis = digits.length() > DIGITS_OF_A_LONG ? Long.MAX_VALUE : Long.parseLong(digits);
        return millis > longest.toMillis()
                ? invalid(
                        Reason.TOO_LONG,
                        "asks for more than the " + longest.toMillis() + " ms for which keys are remembered")
                : new RecordTtl(millis);
    }

    private InvalidTtl invalid(Reason reason, String fault) {
        return new InvalidTtl(reason, "The header '" + name + "' " + fault);
    }
}
