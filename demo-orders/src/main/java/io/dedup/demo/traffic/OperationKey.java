// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.traffic;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dedup.KeyResult;
import io.dedup.key.KeyExtractor;
import io.dedup.key.KeyExtractors;
import io.dedup.key.KeyRules;
import java.util.List;
import java.util.regex.Pattern;

/**
 * The idempotency key of an operation: how the front end makes it, and how the pipeline reads it. One definition for both, so that
 * what the one accepts the other books.
 */
public final class OperationKey {
    /** Where the pipeline finds it, as in {@code dedup.key}. */
    public static final String SOURCE = "header:" + Sending.IDEMPOTENCY_KEY;

    /** How long a key may be that a caller sends. */
    public static final int MAX_CHARACTERS = 255;

    /** How callers may be named: no name has the colon that follows it in a record's key. */
    public static final Pattern CALLER = Pattern.compile("[A-Za-z0-9._-]{1,64}");

    private static final int MAX_CALLER_CHARACTERS = 64;
    private static final int MAX_BYTES = MAX_CALLER_CHARACTERS + 1 + MAX_CHARACTERS;

    private OperationKey() {}

    /** Reads it from records. */
    public static KeyExtractor extractor() {
        return KeyExtractors.atMost(MAX_BYTES, KeyExtractors.parse(SOURCE));
    }

    /**
     * The key that a caller has sent, normalised and held against the rules as that of a record is.
     *
     * @param source with its normalisers, as {@link #SOURCE} has none
     * @param text as the caller has sent it
     */
    public static KeyResult sent(String source, String text) {
        String name = KeyExtractors.sources(source).get(0);
        return KeyExtractors.keyOf(source, KeyRules.standard(), name, List.of(text.getBytes(UTF_8)));
    }

    /**
     * The text of the header of a record.
     *
     * @param caller matches {@link #CALLER}
     * @param key at most {@link #MAX_CHARACTERS} of ASCII
     * @throws IllegalArgumentException if one of them is not so
     */
    public static String of(String caller, String key) {
        if (!CALLER.matcher(caller).matches()) {
            throw new IllegalArgumentException("caller must match " + CALLER.pattern() + ": '" + caller + "'");
        } else if (key.getBytes(UTF_8).length > MAX_CHARACTERS) {
            throw new IllegalArgumentException("key must have at most " + MAX_CHARACTERS + " bytes: '" + key + "'");
        }
        return caller + ":" + key;
    }
}
