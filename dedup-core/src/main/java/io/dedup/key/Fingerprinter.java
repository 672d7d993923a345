// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import io.dedup.Fingerprint;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Takes the fingerprint of a record's payload, by which a reused key is told from a retry.
 *
 * <p>The law: records of one operation give equal fingerprints. Thread-safe.
 */
@FunctionalInterface
public interface Fingerprinter {
    /** The forms that {@link #parse} understands, for messages and documentation. */
    String FORMS = "none, value, value:/POINTER,/POINTER…";

    /** The fingerprint of that record; null if payloads are not compared. */
    @Nullable
    Fingerprint fingerprint(RecordView record);

    /** Payloads are not compared. */
    static Fingerprinter none() {
        return record -> null;
    }

    /**
     * Every byte of the value counts; a tombstone is like no value with bytes. Where a value has been read into an object,
     * these are the bytes that its serializer writes.
     */
    static Fingerprinter wholeValue() {
        return record -> {
            byte[] value = record.value();
            FieldDigest digest = new FieldDigest();
            return Fingerprint.of(
                    "value", (value == null ? digest.add(Json.MISSING) : digest.addBytes(value)).sha256());
        };
    }

    /**
     * Only these fields of a JSON value count, in one canonical form: spaces, the order of an object's fields and the
     * spelling of numbers do not. A field that is not there differs from one that is null. A value that is not JSON
     * counts whole.
     *
     * @param pointers at least one JSON pointer (RFC 6901)
     * @throws IllegalArgumentException if there is none or one is malformed
     */
    static Fingerprinter fields(List<String> pointers) {
        if (pointers.isEmpty()) {
            throw new IllegalArgumentException("A fingerprint over fields needs at least one, as in value:/amount");
        }
        List<JsonPointer> compiled = pointers.stream().map(Json::pointer).toList();
        String definition = "value:" + String.join(",", pointers);
        return record -> {
            FieldDigest digest = new FieldDigest();
            try {
                JsonNode value = record.json();
                compiled.forEach(pointer -> digest.add(value.at(pointer)));
            } catch (Json.NotJson unreadable) {
                byte[] value = record.value();
                digest.addBytes(value == null ? new byte[0] : value);
            }
            return Fingerprint.of(definition, digest.sha256());
        };
    }

    /**
     * Reads the forms used in configuration.
     *
     * @throws IllegalArgumentException if the form is unknown or malformed, naming it and the {@link #FORMS}
     */
    static Fingerprinter parse(String text) {
        if (text.equals("none")) {
            return none();
        } else if (text.equals("value")) {
            return wholeValue();
        } else if (text.startsWith("value:")) {
            return fields(Arrays.stream(text.substring("value:".length()).split(",", -1))
                    .map(String::strip)
                    .toList());
        }
        throw new IllegalArgumentException("'" + text + "' is not a fingerprint; allowed are " + FORMS);
    }
}
