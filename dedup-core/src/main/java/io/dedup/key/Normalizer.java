// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * One spelling for keys that are spelled in several ways, as it is written behind a key source: {@code header:id|trim|uuid}. What
 * a normaliser does not understand stays as it is.
 */
enum Normalizer {
    /** Without white space of ASCII at both ends, in what is text. */
    TRIM("trim"),
    /** A to Z as a to z, in what is text. */
    LOWER("lower"),
    /**
     * A UUID as 36 characters in small letters: from capitals, from braces, from {@code urn:uuid:} (RFC 9562), from 32 digits
     * without hyphens, and from 16 bytes that are no text.
     */
    UUID_TEXT("uuid"),
    /** The text of a JSON string: {@code k-1} of {@code "k-1"}. */
    JSON_STRING("json-string"),
    /** What follows the five bytes of a schema registry ({@link SchemaFrame}): only where every key has them. */
    UNFRAMED("unframed"),
    /**
     * The bytes as they are, also if they look like text: no placeholder, pattern or white space is looked for. For serialized numbers,
     * of which some are the bytes of a text.
     */
    BINARY("binary");

    private static final Pattern UUID_SPELLING =
            Pattern.compile("(?i)(?:urn:uuid:)?(?:\\{([0-9a-f-]{36})}|([0-9a-f-]{36})|([0-9a-f]{32}))");
    private static final Pattern HYPHENATED = Pattern.compile("(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");
    private static final int UUID_BYTES = 16;
    private static final int UUID_CHARACTERS = 36;
    private static final int MAX_UUID_TEXT = 64;

    private final String text;

    Normalizer(String text) {
        this.text = text;
    }

    /** The names, for messages and documentation. */
    static String names() {
        return Arrays.stream(values()).map(one -> one.text).collect(Collectors.joining(", "));
    }

    /**
     * @throws IllegalArgumentException if there is no normaliser of that name, naming those that there are
     */
    static Normalizer parse(String name) {
        return Arrays.stream(values())
                .filter(one -> one.text.equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "'" + name + "' is not a normaliser of keys; allowed are " + names()));
    }

    String text() {
        return text;
    }

    byte[] apply(byte[] key) {
        return switch (this) {
            case TRIM -> trimmed(key);
            case LOWER -> KeyRules.loweredText(key);
            case UUID_TEXT -> uuid(key);
            case JSON_STRING -> unquoted(key);
            case UNFRAMED -> SchemaFrame.contentOf(key);
            case BINARY -> key;
        };
    }

    /** Whether these bytes between two offsets can be a placeholder or a blank in another spelling: quoted, a UUID, or beyond ASCII. */
    static boolean mayBeSpelledOtherwise(byte[] bytes, int first, int end) {
        int length = end - first;
        byte begin = bytes[first];
        boolean isQuoted = begin == '"' && bytes[end - 1] == '"';
        boolean isLikeUuid = (length == UUID_BYTES && begin == bytes[end - 1] && (begin == 0 || begin == -1))
                || (length >= UUID_CHARACTERS - 4
                        && length <= MAX_UUID_TEXT
                        && (begin == '{' || begin == '0' || (begin | 0x20) == 'f' || (begin | 0x20) == 'u'));
        return isQuoted || isLikeUuid || begin < 0;
    }

    /** The text that is spelled so, in quotation marks and as a UUID. */
    static byte[] plain(byte[] key) {
        return uuid(trimmed(unquoted(key)));
    }

    private static byte[] trimmed(byte[] key) {
        int end = KeyRules.endOf(key);
        int first = KeyRules.firstOf(key, end);
        if ((first == 0 && end == key.length) || !KeyRules.isText(key)) {
            return key;
        }
        return Arrays.copyOfRange(key, first, end);
    }

    private static byte[] uuid(byte[] key) {
        if (isCanonicalUuid(key)) {
            return key;
        } else if (key.length == UUID_BYTES && !isPrintable(key)) {
            ByteBuffer bytes = ByteBuffer.wrap(key);
            return new UUID(bytes.getLong(), bytes.getLong()).toString().getBytes(UTF_8);
        } else if (key.length > MAX_UUID_TEXT) {
            return key;
        }
        var spelled = UUID_SPELLING.matcher(KeyRules.text(key).orElse(""));
        if (!spelled.matches()) {
            return key;
        }
        String digits = spelled.group(3);
        String hyphenated = digits != null
                ? digits.replaceFirst("(.{8})(.{4})(.{4})(.{4})(.{12})", "$1-$2-$3-$4-$5")
                : spelled.group(1) != null ? spelled.group(1) : spelled.group(2);
        return HYPHENATED.matcher(hyphenated).matches() ? KeyRules.loweredText(hyphenated.getBytes(UTF_8)) : key;
    }

    private static boolean isCanonicalUuid(byte[] key) {
        if (key.length != UUID_CHARACTERS) {
            return false;
        }
        for (int i = 0; i < UUID_CHARACTERS; i++) {
            boolean isHyphen = i == 8 || i == 13 || i == 18 || i == 23;
            byte found = key[i];
            boolean isDigit = (found >= '0' && found <= '9') || (found >= 'a' && found <= 'f');
            if (isHyphen ? found != '-' : !isDigit) {
                return false;
            }
        }
        return true;
    }

    /** Whether these are characters: no UUID has printable ASCII alone, since its ninth byte is 0 or beyond ASCII (RFC 9562). */
    private static boolean isPrintable(byte[] key) {
        for (byte value : key) {
            if (value < ' ' || value > '~') {
                return false;
            }
        }
        return true;
    }

    private static byte[] unquoted(byte[] key) {
        if (key.length < 2 || key[0] != '"' || key[key.length - 1] != '"') {
            return key;
        }
        try {
            String text = Json.parse(key).textValue();
            if (text == null) {
                return key;
            }
            CanonicalJson.checkWellFormed(text);
            return text.getBytes(UTF_8);
        } catch (Json.NotJson notQuoted) {
            return key; // It begins and ends with quotation marks of its own.
        }
    }
}
