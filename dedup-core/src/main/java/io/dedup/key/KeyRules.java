// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dedup.IdempotencyKey;
import io.dedup.KeyResult;
import io.dedup.MissingKey;
import io.dedup.MissingKey.Reason;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The rules for usable keys: not blank, no placeholder, and matching a pattern if there is one. Unrelated records share a
 * placeholder, so that the operation of the second would be dropped as a duplicate of the first.
 *
 * <p>The rules hold for each text that a key is made of: a header, a record key, a field, each part of a key of several.
 *
 * <p>Immutable and thread-safe.
 */
public final class KeyRules {
    /**
     * The texts that are no key unless something else is asked for: what programs write where they have no value, the nil UUID and
     * the max UUID (RFC 9562). Capitals and white space around them do not count.
     */
    public static final List<String> PLACEHOLDERS = List.of(
            "null",
            "undefined",
            "none",
            "nil",
            "nan",
            "n/a",
            "{}",
            "[]",
            "\"\"",
            "[object object]",
            "00000000-0000-0000-0000-000000000000",
            "ffffffff-ffff-ffff-ffff-ffffffffffff");

    /** The longest key that is held against a pattern, in bytes: a longer one does not match. */
    public static final int MAX_MATCHED_BYTES = 1024;

    /** How many characters a pattern may look at, by going back too: a key for which it needs more does not match. */
    public static final int MAX_STEPS = 100_000;

    private static final KeyRules STANDARD = new KeyRules(PLACEHOLDERS, null);

    private final byte[][] placeholders;
    private final @Nullable Pattern pattern;

    private KeyRules(Collection<String> placeholders, @Nullable Pattern pattern) {
        this(
                placeholders.stream()
                        .map(text -> lowered(text.strip().getBytes(UTF_8)))
                        .toArray(byte[][]::new),
                pattern);
    }

    private KeyRules(byte[][] placeholders, @Nullable Pattern pattern) {
        this.placeholders = placeholders;
        this.pattern = pattern;
    }

    /** Refuses blank keys and {@link #PLACEHOLDERS}. */
    public static KeyRules standard() {
        return STANDARD;
    }

    /**
     * The same rules with these placeholders in the place of all others.
     *
     * @param texts small letters and capitals (A to Z) are alike; may be empty
     */
    public KeyRules withPlaceholders(Collection<String> texts) {
        return new KeyRules(texts, pattern);
    }

    /**
     * The same rules, refusing what does not match as a whole: also bytes that are not UTF-8, and keys of more than {@value
     * #MAX_MATCHED_BYTES} bytes.
     */
    public KeyRules withPattern(Pattern matching) {
        return new KeyRules(placeholders, matching);
    }

    /**
     * The key with these bytes, or why they are none.
     *
     * @param source what they were read from, as in {@link IdempotencyKey#source()}
     */
    KeyResult key(String source, byte[] bytes) {
        int end = endOf(bytes);
        int first = firstOf(bytes, end);
        if (first == end) {
            return new MissingKey(Reason.EMPTY, source, "The key is blank");
        }
        byte[] placeholder = placeholder(bytes, first, end);
        if (placeholder == null && Normalizer.mayBeSpelledOtherwise(bytes, first, end)) {
            byte[] plain = Normalizer.plain(Arrays.copyOfRange(bytes, first, end));
            if (isBlankText(plain)) {
                return new MissingKey(Reason.EMPTY, source, "The key is blank");
            }
            placeholder = placeholder(plain, 0, plain.length);
        }
        if (placeholder != null) {
            return new MissingKey(
                    Reason.PLACEHOLDER,
                    source,
                    "The key is the placeholder '" + new String(placeholder, UTF_8)
                            + "', which other operations have as well");
        }
        if (pattern != null && !matches(pattern, bytes)) {
            return new MissingKey(
                    Reason.PATTERN_MISMATCH, source, "The key does not match the pattern '" + pattern.pattern() + "'");
        }
        return IdempotencyKey.of(source, bytes);
    }

    private byte @Nullable [] placeholder(byte[] bytes, int first, int end) {
        for (byte[] placeholder : placeholders) {
            if (equalsLowered(placeholder, bytes, first, end)) {
                return placeholder;
            }
        }
        return null;
    }

    /** Whether there is nothing but white space of any script, and characters that are not seen. */
    private static boolean isBlankText(byte[] bytes) {
        return text(bytes)
                .filter(text -> text.codePoints()
                        .allMatch(point -> Character.isWhitespace(point)
                                || Character.isSpaceChar(point)
                                || Character.getType(point) == Character.FORMAT))
                .isPresent();
    }

    /** Where the bytes end without the white space behind them; 0 if there is nothing else. */
    static int endOf(byte[] bytes) {
        int end = bytes.length;
        while (end > 0 && isBlank(bytes[end - 1])) {
            end--;
        }
        return end;
    }

    /** Where the bytes before {@code end} begin without the white space before them. */
    static int firstOf(byte[] bytes, int end) {
        int first = 0;
        while (first < end && isBlank(bytes[first])) {
            first++;
        }
        return first;
    }

    /** White space of ASCII. Other control characters are not blank: a serialized number has them. */
    private static boolean isBlank(byte value) {
        return value == ' ' || (value >= '\t' && value <= '\r');
    }

    private static boolean equalsLowered(byte[] placeholder, byte[] bytes, int first, int end) {
        if (placeholder.length != end - first) {
            return false;
        }
        for (int i = 0; i < placeholder.length; i++) {
            if (placeholder[i] != lowered(bytes[first + i])) {
                return false;
            }
        }
        return true;
    }

    private static byte[] lowered(byte[] bytes) {
        byte[] lowered = bytes.clone();
        for (int i = 0; i < lowered.length; i++) {
            lowered[i] = lowered(lowered[i]);
        }
        return lowered;
    }

    private static byte lowered(byte value) {
        return value >= 'A' && value <= 'Z' ? (byte) (value + ('a' - 'A')) : value;
    }

    /** A long key could take a backtracking pattern to the end of its stack, and a hostile one could keep it busy for ever. */
    private static boolean matches(Pattern pattern, byte[] bytes) {
        if (bytes.length > MAX_MATCHED_BYTES) {
            return false;
        }
        try {
            return text(bytes)
                    .filter(text ->
                            pattern.matcher(new BoundedText(text, MAX_STEPS)).matches())
                    .isPresent();
        } catch (BoundedText.StepsExceededException endless) {
            return false;
        }
    }

    /** The bytes as text; empty if they are not UTF-8. */
    static Optional<String> text(byte[] bytes) {
        try {
            return Optional.of(UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
        } catch (CharacterCodingException notText) {
            return Optional.empty();
        }
    }

    /** Whether the bytes are UTF-8 without control characters but white space, as most serialized numbers are not. */
    static boolean isText(byte[] bytes) {
        for (byte value : bytes) {
            if (value >= 0 && value < ' ' && !isBlank(value)) {
                return false;
            }
        }
        return text(bytes).isPresent();
    }

    private static boolean hasCapitals(byte[] bytes) {
        for (byte value : bytes) {
            if (value != lowered(value)) {
                return true;
            }
        }
        return false;
    }

    /** The small letters of ASCII in the place of capitals; what is no text stays. */
    static byte[] loweredText(byte[] bytes) {
        return hasCapitals(bytes) && isText(bytes) ? lowered(bytes) : bytes;
    }
}
