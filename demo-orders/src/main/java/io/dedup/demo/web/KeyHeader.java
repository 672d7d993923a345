// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.web;

import io.dedup.demo.traffic.OperationKey;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What a request says in its {@code Idempotency-Key}: a key, nothing, or nonsense.
 *
 * <p>A key is a string of RFC 8941 in quotes, as the IETF's draft wants it, or bare, as most clients send it. Either way it is
 * the same key.
 */
sealed interface KeyHeader {
    /** The name of the header. */
    String NAME = "Idempotency-Key";

    /** How long a key may be. */
    int MOST_CHARACTERS = OperationKey.MAX_CHARACTERS;

    /** A key, without its quotes. */
    record Key(String text) implements KeyHeader {}

    /** The header is not there. */
    record Missing() implements KeyHeader {}

    /**
     * The header is there, and no key.
     *
     * @param why for whoever has sent it
     */
    record Malformed(String why) implements KeyHeader {}

    /** What the values of the header say; more than one is nonsense. */
    static KeyHeader of(List<String> values) {
        if (values.isEmpty()) {
            return new Missing();
        } else if (values.size() > 1) {
            return new Malformed("there are " + values.size() + " of them");
        }
        String value = values.get(0).strip();
        if (value.length() > Syntax.MAX_WRITTEN) {
            return new Malformed("it is longer than " + MOST_CHARACTERS + " characters");
        }
        KeyHeader read = value.startsWith("\"") ? Syntax.quoted(value) : Syntax.bare(value);
        if (read instanceof Key key && key.text().isEmpty()) {
            return new Malformed("it is empty");
        } else if (read instanceof Key key && key.text().length() > MOST_CHARACTERS) {
            return new Malformed("it is longer than " + MOST_CHARACTERS + " characters");
        }
        return read;
    }

    /** How keys are written. */
    final class Syntax {
        /** Of RFC 8941: printable ASCII, in which quotes and backslashes are escaped. Parameters are of no use here. */
        private static final Pattern QUOTED = Pattern.compile("\"((?:[ !#-\\[\\]-~]|\\\\[\"\\\\])*+)\"");

        /** How long a key may be as it is written: every character escaped, and the quotes. Longer ones are not looked at. */
        private static final int MAX_WRITTEN = 2 * MOST_CHARACTERS + 2;

        /** Printable ASCII but for spaces, quotes, commas and backslashes, which would make it something else. */
        private static final Pattern BARE = Pattern.compile("[!#-+\\--\\[\\]-~]*");

        private Syntax() {}

        private static KeyHeader quoted(String value) {
            var matcher = QUOTED.matcher(value);
            return matcher.matches()
                    ? new Key(matcher.group(1).replaceAll("\\\\([\"\\\\])", "$1"))
                    : new Malformed("it begins with a quote and is not a string of RFC 8941");
        }

        private static KeyHeader bare(String value) {
            return BARE.matcher(value).matches()
                    ? new Key(value)
                    : new Malformed("it has characters that must be in quotes or are not ASCII");
        }
    }
}
