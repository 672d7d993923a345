// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import com.fasterxml.jackson.databind.JsonNode;
import io.dedup.Fingerprint;
import io.dedup.internal.Sentences;
import org.jspecify.annotations.Nullable;

/**
 * Takes fingerprints of payloads that are at hand: of a request, an entity, a document. For those of records see {@link
 * Fingerprinter}.
 *
 * <p>All of them can be compared with each other. Two payloads that are equal as JSON have equal fingerprints: the order
 * of their fields, the spelling of their numbers and the classes of the objects do not count.
 *
 * <p>Thread-safe.
 */
public final class Fingerprints {
    /** What stands for the digest of a payload that is not there: no bytes are known to have it. */
    static final byte[] OF_NOTHING = new byte[32];

    private static final String DEFINITION = "payload";

    private Fingerprints() {}

    /**
     * The fingerprint of a payload. Bytes count as they are. Everything else counts as its canonical JSON (RFC 8785): a {@link
     * JsonNode}, a text (which is <em>not</em> read as JSON: see {@link #ofJson}), and objects as Jackson writes them, which are
     * records, maps, collections, and beans by their getters and annotations.
     *
     * <p>Names of classes do not count. A field that is null differs from one that is not there, and so does a field that was added
     * to the class since. Times ({@code java.time}) are texts in ISO 8601; an empty {@code Optional} is null; the order of a set does
     * not count. Jackson's modules are not looked for, so that fingerprints do not depend on the class path.
     *
     * @param payload null differs from everything else
     * @throws IllegalArgumentException if it cannot be written as JSON: it has no properties, is endless, holds NaN or half of a
     *     surrogate pair; the message names the type and the fix
     */
    public static Fingerprint of(@Nullable Object payload) {
        if (payload == null) {
            return Fingerprint.of(DEFINITION, OF_NOTHING);
        } else if (payload instanceof byte[] bytes) {
            return Fingerprint.of(DEFINITION, Sha256.of(bytes));
        }
        try {
            JsonNode json = payload instanceof JsonNode node ? node : ObjectsAsJson.tree(payload);
            return Fingerprint.of(DEFINITION, Sha256.of(json));
        } catch (Json.NotJson unwritable) {
            throw new IllegalArgumentException(
                    Sentences.of(
                            "payload must be writable as JSON: "
                                    + payload.getClass().getName(),
                            unwritable.detail(),
                            "Pass its bytes, or a record of the fields that make two of them equal"),
                    unwritable);
        }
    }

    /**
     * The fingerprint of a JSON document, as of the object that it was read into. What is not a JSON document, or has half of a
     * surrogate pair in a text, counts as bytes.
     *
     * @param document in UTF-8
     */
    public static Fingerprint ofJson(byte[] document) {
        try {
            return Fingerprint.of(DEFINITION, Sha256.of(Json.parse(document)));
        } catch (Json.NotJson unreadable) {
            return Fingerprint.of(DEFINITION, Sha256.of(document));
        }
    }
}
