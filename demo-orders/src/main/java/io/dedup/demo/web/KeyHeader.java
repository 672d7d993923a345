// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.web;

import io.dedup.demo.traffic.OperationKey;
import java.util.List;

/**
 * What a request says in its {@code Idempotency-Key}: a key, nothing, or nonsense.
 *
 * <p>A key is a string of RFC 9651 in quotes, as the IETF's draft wants it, or bare, as most clients send it. Either way it is
 * the same key. It is read in one pass. Whether the text can be a key is for {@link OperationKey} to say.
 */
sealed interface KeyHeader {
    /** The name of the header. */
    String NAME = "Idempotency-Key";

    /** A key, without its quotes. */
    record Key(String text) implements KeyHeader {}

    /** The header is not there. */
    record Missing() implements KeyHeader {}

    /**
     * The header is there, and no key.
     *
     * @param why for the caller, as the end of a sentence that begins with the header
     */
    record Malformed(String why) implements KeyHeader {}

    /** What the values of the header say; more than one is nonsense, since they are one item of a list then. */
    static KeyHeader of(List<String> values) {
        if (values.isEmpty()) {
            return new Missing();
        } else if (values.size() > 1) {
            return new Malformed("is there " + values.size() + " times");
        }
        String value = values.get(0);
        int first = 0;
        int end = value.length();
        while (first < end && isBlank(value.charAt(first))) {
            first++;
        }
        while (end > first && isBlank(value.charAt(end - 1))) {
            end--;
        }
        if (first == end) {
            return new Malformed("is empty");
        }
        return value.charAt(first) == '"'
                ? Syntax.quoted(value.substring(first + 1, end))
                : Syntax.bare(value.substring(first, end));
    }

    private static boolean isBlank(char character) {
        return character == ' ' || character == '\t';
    }

    /** How keys are written. */
    final class Syntax {
        private static final int MAX = OperationKey.MAX_CHOSEN;
        private static final Malformed TOO_LONG = new Malformed("is longer than " + MAX + " characters");

        private Syntax() {}

        /** Of RFC 9651, 3.3.3: printable ASCII, in which quotes and backslashes are escaped. */
        private static KeyHeader quoted(String afterTheQuote) {
            StringBuilder key = new StringBuilder();
            for (int i = 0; i < afterTheQuote.length(); i++) {
                char character = afterTheQuote.charAt(i);
                if (character == '"') {
                    return closed(key.toString(), afterTheQuote.substring(i + 1));
                } else if (character == '\\') {
                    i++;
                    if (i == afterTheQuote.length() || !isEscaped(afterTheQuote.charAt(i))) {
                        return new Malformed("has a backslash before something else than a quote or a backslash");
                    }
                    character = afterTheQuote.charAt(i);
                } else if (!isPrintable(character)) {
                    return notPrintable(character);
                }
                if (key.length() == MAX) {
                    return TOO_LONG;
                }
                key.append(character);
            }
            return new Malformed("begins with a quote and does not end with one");
        }

        private static KeyHeader closed(String key, String rest) {
            if (rest.stripLeading().startsWith(";")) {
                return new Malformed("has parameters behind the string, which would not be part of the key");
            } else if (!rest.isEmpty()) {
                return new Malformed("goes on after the string: it must be one string, and no list");
            }
            return key.isEmpty() ? new Malformed("is empty") : new Key(key);
        }

        /** Printable ASCII but for what would make it something else. */
        private static KeyHeader bare(String value) {
            for (int i = 0; i < value.length(); i++) {
                char character = value.charAt(i);
                if (!isPrintable(character)) {
                    return notPrintable(character);
                } else if (" \",\\".indexOf(character) >= 0) {
                    return new Malformed("has a character that must be in quotes: '" + character + "'");
                } else if (i == MAX) {
                    return TOO_LONG;
                }
            }
            return new Key(value);
        }

        private static boolean isEscaped(char character) {
            return character == '"' || character == '\\';
        }

        private static boolean isPrintable(char character) {
            return character >= ' ' && character <= '~';
        }

        private static KeyHeader notPrintable(char character) {
            return new Malformed(String.format("has a character that is not printable ASCII: U+%04X", (int) character));
        }
    }
}
