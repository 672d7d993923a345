// SPDX-License-Identifier: Apache-2.0
package io.dedup;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * The bytes that name one operation, the same for every retry of it, together with the source they were read from.
 *
 * <p>The source is part of the identity: a key {@code 7} from a header and a key {@code 7} from a field of the payload
 * name different operations. Any bytes are legal except none at all.
 *
 * <p>Immutable and thread-safe.
 */
public final class IdempotencyKey implements KeyResult {
    private static final Pattern HEXADECIMAL = Pattern.compile("0x(?:[0-9a-fA-F]{2})++");

    private final String source;
    private final byte[] value;

    private IdempotencyKey(String source, byte[] value) {
        this.source = source;
        this.value = value;
    }

    /**
     * The key with these bytes, read from that source.
     *
     * @param source what the key was read from, as in configuration: {@code header:idempotency-key}
     * @param value at least one byte; copied
     * @throws IllegalArgumentException if {@code value} is empty
     */
    public static IdempotencyKey of(String source, byte[] value) {
        if (value.length == 0) {
            throw new IllegalArgumentException("value must have at least one byte: none from " + source);
        }
        return new IdempotencyKey(source, value.clone());
    }

    /**
     * The key that is this text, in UTF-8. Its source is {@code text}.
     *
     * @throws IllegalArgumentException if the text is blank, or has half of a surrogate pair
     */
    public static IdempotencyKey of(String text) {
        return of("text", utf8("text", text));
    }

    /**
     * The key that a header had, in UTF-8: the same as that of a record with this header.
     *
     * @param name as in configuration: {@code idempotency-key}; small letters and capitals differ
     * @throws IllegalArgumentException if the name or the value is blank, or the value has half of a surrogate pair
     */
    public static IdempotencyKey ofHeader(String name, String value) {
        if (name.isBlank() || !name.equals(name.strip())) {
            throw new IllegalArgumentException("name must have no blanks around it: '" + name + "'");
        }
        return of("header:" + name, utf8("value", value));
    }

    private static byte[] utf8(String parameter, String text) {
        if (text.isBlank()) {
            throw new IllegalArgumentException(parameter + " must not be blank: '" + text + "'");
        }
        try {
            ByteBuffer utf8 = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
            byte[] bytes = new byte[utf8.remaining()];
            utf8.get(bytes);
            return bytes;
        } catch (CharacterCodingException halfACharacter) {
            // Replacing it would give two different texts one key.
            throw new IllegalArgumentException(
                    parameter + " must have no half of a surrogate pair: '" + text + "'", halfACharacter);
        }
    }

    /** What the key was read from, as it is written in configuration. */
    public String source() {
        return source;
    }

    @Override
    public IdempotencyKey orElseThrow() {
        return this;
    }

    /** A copy of the bytes. Never empty. */
    public byte[] value() {
        return value.clone();
    }

    /** Number of bytes, at least 1. */
    public int length() {
        return value.length;
    }

    /** Appends the bytes to {@code target}, without the copy that {@link #value()} makes. */
    public void writeTo(ByteBuffer target) {
        target.put(value);
    }

    /**
     * The bytes as text where they are UTF-8 without control characters, else in hexadecimal with a leading {@code 0x}: a key
     * cannot forge a line of a log. So is a key that is itself such a text, so that no two keys look alike.
     */
    public String text() {
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(value))
                    .toString();
            boolean isPlain = text.chars().noneMatch(Character::isISOControl)
                    && !HEXADECIMAL.matcher(text).matches();
            return isPlain ? text : hexadecimal();
        } catch (CharacterCodingException notText) {
            return hexadecimal();
        }
    }

    /**
     * The bytes that {@link #text()} shows: what follows {@code 0x} in hexadecimal, or the text in UTF-8.
     *
     * @throws IllegalArgumentException if the text is empty or has half of a surrogate pair
     */
    public static byte[] bytesOf(String text) {
        return HEXADECIMAL.matcher(text).matches()
                ? HexFormat.of().parseHex(text, 2, text.length())
                : utf8("text", text);
    }

    private String hexadecimal() {
        return "0x" + HexFormat.of().formatHex(value);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof IdempotencyKey that && source.equals(that.source) && Arrays.equals(value, that.value);
    }

    @Override
    public int hashCode() {
        return 31 * source.hashCode() + Arrays.hashCode(value);
    }

    @Override
    public String toString() {
        return source + "=" + text();
    }
}
