// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.traffic;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;

/**
 * Reads JSON of which two readers cannot see two different things: UTF-8 (RFC 8259) without a byte order mark, one document and
 * nothing after it, no member twice in an object, numbers with all their digits.
 */
public final class StrictJson {
    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
            .build();

    private StrictJson() {}

    /**
     * The document in these bytes.
     *
     * @throws IllegalArgumentException with what is wrong, as the end of a sentence that begins with what was read
     */
    public static JsonNode read(byte[] bytes) {
        try {
            return read(UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
        } catch (CharacterCodingException notText) {
            throw new IllegalArgumentException("is not UTF-8", notText);
        }
    }

    /**
     * The document in this text.
     *
     * @throws IllegalArgumentException with what is wrong, as the end of a sentence that begins with what was read
     */
    public static JsonNode read(String text) {
        try (JsonParser parser = MAPPER.createParser(text)) {
            JsonNode document = MAPPER.readTree(parser);
            if (document == null) {
                throw new IllegalArgumentException("is empty");
            } else if (parser.nextToken() != null) {
                throw new IllegalArgumentException("is not one JSON document: something follows it");
            }
            return document;
        } catch (StreamConstraintsException excessive) {
            throw new IllegalArgumentException("is too deep, or has a number or a name that is too long", excessive);
        } catch (JsonProcessingException notJson) {
            throw new IllegalArgumentException("is not JSON: " + notJson.getOriginalMessage(), notJson);
        } catch (ArithmeticException | NumberFormatException outOfRange) {
            throw new IllegalArgumentException("has a number whose exponent is out of range", outOfRange);
        } catch (IOException impossible) {
            throw new UncheckedIOException("A text can always be read", impossible);
        }
    }

    /**
     * The object in these bytes.
     *
     * @throws IllegalArgumentException as {@link #read(byte[])}, and if the document is no object
     */
    public static JsonNode readObject(byte[] bytes) {
        JsonNode document = read(bytes);
        if (!document.isObject()) {
            throw new IllegalArgumentException("must be a JSON object");
        }
        return document;
    }
}
