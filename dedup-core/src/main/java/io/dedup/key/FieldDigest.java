// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Map;
import java.util.TreeMap;

/**
 * SHA-256 (FIPS 180-4) over parts that cannot run into each other: every part is preceded by its kind and its length, so
 * that ("a", "bc") and ("ab", "c") differ, and so do the number 1 and the text "1". Object fields count in the order of
 * their names, whatever order they were written in.
 */
final class FieldDigest {
    /** What a part is. The tags are part of stored keys and fingerprints: never change one. */
    private enum Kind {
        ABSENT(0),
        NULL(1),
        TEXT(2),
        NUMBER(3),
        BOOLEAN(4),
        ARRAY(5),
        OBJECT(6),
        BYTES(7);

        private final byte tag;

        Kind(int tag) {
            this.tag = (byte) tag;
        }
    }

    private final MessageDigest digest;

    FieldDigest() {
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("Every Java platform has SHA-256", impossible);
        }
    }

    FieldDigest add(JsonNode node) {
        update(node);
        return this;
    }

    FieldDigest addBytes(byte[] bytes) {
        update(Kind.BYTES, bytes);
        return this;
    }

    private void update(JsonNode node) {
        if (node.isMissingNode()) {
            update(Kind.ABSENT, new byte[0]);
        } else if (node.isNull()) {
            update(Kind.NULL, new byte[0]);
        } else if (node.isTextual()) {
            update(Kind.TEXT, units(node.textValue()));
        } else if (node.isNumber()) {
            update(Kind.NUMBER, units(Json.number(node)));
        } else if (node.isBoolean()) {
            update(Kind.BOOLEAN, units(node.asText()));
        } else if (node.isArray()) {
            start(Kind.ARRAY, node.size());
            node.forEach(this::update);
        } else {
            Map<String, JsonNode> fields = new TreeMap<>();
            node.properties().forEach(field -> fields.put(field.getKey(), field.getValue()));
            start(Kind.OBJECT, fields.size());
            fields.forEach((name, value) -> {
                update(Kind.TEXT, units(name));
                update(value);
            });
        }
    }

    byte[] sha256() {
        return digest.digest();
    }

    private void update(Kind kind, byte[] content) {
        start(kind, content.length);
        digest.update(content);
    }

    private void start(Kind kind, int length) {
        digest.update(kind.tag);
        digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(0, length));
    }

    /** The text's UTF-16 code units: unlike in UTF-8, two different texts never give the same bytes. */
    private static byte[] units(String text) {
        ByteBuffer bytes = ByteBuffer.allocate(text.length() * Character.BYTES);
        bytes.asCharBuffer().put(text);
        return bytes.array();
    }
}
