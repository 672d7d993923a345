// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Strict reading of JSON: the whole input must be one document, and an object that names a field twice is refused,
 * since two readers could see two different keys in it. Numbers keep all their digits.
 */
final class Json {
    static final JsonNode MISSING = MissingNode.getInstance();

    private static final ObjectReader READER = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .build()
            .reader();

    private Json() {}

    static JsonNode parse(byte[] bytes) throws NotJson {
        try {
            JsonNode document = READER.readTree(bytes);
            if (document.isMissingNode()) {
                throw notOneDocument(null);
            }
            return document;
        } catch (IOException | ArithmeticException | NumberFormatException unreadable) {
            // The latter two are numbers whose exponents are out of range.
            throw notOneDocument(unreadable);
        }
    }

    /** As {@link #parse}, of a value that may begin with a schema registry's frame. */
    static JsonNode parseFramed(byte[] value) throws NotJson {
        if (!SchemaFrame.canBegin(value)) {
            return parse(value);
        }
        try {
            return parse(SchemaFrame.contentOf(value));
        } catch (NotJson notFramed) {
            try {
                return parse(value); // It may be in UTF-16.
            } catch (NotJson unreadable) {
                throw new NotJson(
                        "The value is not a JSON document: it begins as serializers of a schema registry write it (schema "
                                + SchemaFrame.schemaOf(value)
                                + "), and what follows is not JSON but probably Avro or Protobuf",
                        unreadable);
            }
        }
    }

    private static NotJson notOneDocument(@Nullable Exception cause) {
        return new NotJson("The value is not a JSON document", cause);
    }

    /**
     * @throws IllegalArgumentException if the text is not a JSON pointer to something inside the document
     */
    static JsonPointer pointer(String text) {
        if (!text.startsWith("/")) {
            throw new IllegalArgumentException(
                    "'" + text + "' is not a JSON pointer: it starts with a slash, as in /orderId");
        }
        return JsonPointer.compile(text);
    }

    /** What is at hand is not JSON, or has no canonical form. The message is one sentence without any text of the payload. */
    static final class NotJson extends Exception {
        private static final long serialVersionUID = 1L;

        NotJson(String message, @Nullable Exception cause) {
            super(message, cause);
        }

        /** One sentence for a person, without any of the payload. */
        String detail() {
            return String.valueOf(getMessage());
        }
    }
}
