// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import io.dedup.IdempotencyKey;
import io.dedup.KeyResult;
import io.dedup.MissingKey;
import io.dedup.MissingKey.Reason;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** A key that is a string or a number inside a JSON value. */
final class JsonPointerKey implements KeyExtractor {
    private final JsonPointer pointer;
    private final String source;

    JsonPointerKey(String pointer) {
        this.pointer = Json.pointer(pointer);
        this.source = KeyExtractors.name("value", pointer);
    }

    @Override
    public KeyResult extract(RecordView record) {
        try {
            return key(record.json().at(pointer), source, pointer.toString());
        } catch (Json.NotJson unreadable) {
            return notJson(source);
        }
    }

    static KeyResult key(JsonNode node, String source, String pointer) {
        if (node.isMissingNode() || node.isNull()) {
            return new MissingKey(Reason.ABSENT, source, "The value has nothing at " + pointer);
        }
        if (!node.isTextual() && !node.isNumber()) {
            return new MissingKey(
                    Reason.NOT_SCALAR,
                    source,
                    "What the value has at " + pointer + " is neither a string nor a number");
        }
        String text = node.isTextual() ? node.textValue() : Json.number(node);
        if (text.isEmpty()) {
            return new MissingKey(Reason.EMPTY, source, "The string at " + pointer + " is empty");
        }
        try {
            ByteBuffer utf8 = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
            byte[] bytes = new byte[utf8.remaining()];
            utf8.get(bytes);
            return IdempotencyKey.of(source, bytes);
        } catch (CharacterCodingException halfACharacter) {
            // Replacing it would give two different strings one key.
            return new MissingKey(
                    Reason.INVALID_JSON, source, "The string at " + pointer + " has half of a surrogate pair");
        }
    }

    static MissingKey notJson(String source) {
        return new MissingKey(Reason.INVALID_JSON, source, "The value is not a JSON document");
    }
}
