// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Iterator;
import java.util.Map;
import java.util.TreeMap;

/**
 * The canonical text of a JSON value by RFC 8785 (JSON Canonicalization Scheme): no spaces, an object's fields in the order of
 * the UTF-16 code units of their names, one spelling for every text and number. Programs in any language can write the same
 * bytes. Where numbers go beyond the RFC, {@link CanonicalNumber} says how they are written.
 */
final class CanonicalJson {
    private static final char FIRST_PRINTABLE = ' ';

    private final StringBuilder text = new StringBuilder();

    private CanonicalJson() {}

    /**
     * The UTF-8 bytes of the canonical text.
     *
     * @throws Json.NotJson if the value holds what JSON has no text for: half of a surrogate pair, NaN, an object of Java
     */
    static byte[] bytes(JsonNode value) throws Json.NotJson {
        return text(value).getBytes(UTF_8);
    }

    /** As {@link #bytes}, before it is encoded. */
    static String text(JsonNode value) throws Json.NotJson {
        CanonicalJson canonical = new CanonicalJson();
        canonical.append(value);
        return canonical.text.toString();
    }

    private void append(JsonNode value) throws Json.NotJson {
        if (value.isTextual() || value.isBinary()) {
            append(value.asText()); // Bytes are in Base64, as Jackson writes them.
        } else if (value.isNumber()) {
            text.append(CanonicalNumber.text(value));
        } else if (value.isBoolean() || value.isNull()) {
            text.append(value.asText());
        } else if (value.isArray()) {
            appendArray(value);
        } else if (value.isObject()) {
            appendObject(value);
        } else {
            throw new Json.NotJson("A " + value.getNodeType() + " is not a value of JSON", null);
        }
    }

    private void appendArray(JsonNode array) throws Json.NotJson {
        text.append('[');
        for (int i = 0; i < array.size(); i++) {
            if (i > 0) {
                text.append(',');
            }
            append(array.get(i));
        }
        text.append(']');
    }

    private void appendObject(JsonNode object) throws Json.NotJson {
        Map<String, JsonNode> fields = new TreeMap<>(); // The order of strings is that of their code units.
        object.properties().forEach(field -> fields.put(field.getKey(), field.getValue()));
        text.append('{');
        for (Iterator<Map.Entry<String, JsonNode>> each = fields.entrySet().iterator(); each.hasNext(); ) {
            Map.Entry<String, JsonNode> field = each.next();
            append(field.getKey());
            text.append(':');
            append(field.getValue());
            if (each.hasNext()) {
                text.append(',');
            }
        }
        text.append('}');
    }

    private void append(String string) throws Json.NotJson {
        checkWellFormed(string);
        text.append('"');
        for (int i = 0; i < string.length(); i++) {
            append(string.charAt(i));
        }
        text.append('"');
    }

    private void append(char unit) {
        switch (unit) {
            case '"' -> text.append("\\\"");
            case '\\' -> text.append("\\\\");
            case '\b' -> text.append("\\b");
            case '\f' -> text.append("\\f");
            case '\n' -> text.append("\\n");
            case '\r' -> text.append("\\r");
            case '\t' -> text.append("\\t");
            default -> {
                if (unit < FIRST_PRINTABLE) {
                    text.append(String.format("\\u%04x", (int) unit));
                } else {
                    text.append(unit);
                }
            }
        }
    }

    /** In UTF-8 half of a surrogate pair becomes a question mark, which would give two different texts the same bytes. */
    static void checkWellFormed(String string) throws Json.NotJson {
        if (!isWellFormed(string)) {
            throw new Json.NotJson("A text has half of a surrogate pair", null);
        }
    }

    private static boolean isWellFormed(String string) {
        // A pair is one code point: what is left of the surrogates stands alone.
        return string.codePoints()
                .noneMatch(point -> point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE);
    }
}
