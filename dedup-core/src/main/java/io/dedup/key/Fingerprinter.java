// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import io.dedup.Fingerprint;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Takes the fingerprint of a record's payload, which distinguishes a reused key from a retry.
 *
 * <p>The law: records of one operation give equal fingerprints. Thread-safe.
 */
@FunctionalInterface
public interface Fingerprinter {
    /** The forms that {@link #parse} understands, for messages and documentation. */
    String FORMS = "none, value, framed-value, value:/POINTER,/POINTER…";

    /** The fingerprint of that record; null if payloads are not compared. */
    @Nullable
    Fingerprint fingerprint(RecordView record);

    /** Payloads are not compared. */
    static Fingerprinter none() {
        return record -> null;
    }

    /**
     * Every byte of the value counts: SHA-256 over them. A tombstone, which has none, differs from every value with bytes and
     * from an empty one; its digest is all zeros. Where a value has been read into an object, these are the bytes that its
     * serializer writes.
     */
    static Fingerprinter wholeValue() {
        return record -> {
            byte[] value = record.value();
            return Fingerprint.of("value", value == null ? Fingerprints.OF_NOTHING : Sha256.of(value));
        };
    }

    /**
     * Every byte of the value counts but the five that serializers of a schema registry write before it, so that a schema that is
     * registered once more changes no fingerprint. Only for values that are framed: of others that begin with a zero five bytes
     * would not count. A tombstone is like that of {@link #wholeValue()}.
     */
    static Fingerprinter framedValue() {
        return record -> {
            byte[] value = record.value();
            return Fingerprint.of(
                    "framed-value", value == null ? Fingerprints.OF_NOTHING : Sha256.of(SchemaFrame.contentOf(value)));
        };
    }

    /**
     * Only these fields of a JSON value count: SHA-256 over the canonical JSON (RFC 8785) of an object that has the pointers as
     * names and what stands there as values. Spaces, the order of an object's fields and the spelling of numbers do not count. A
     * field that is not there is left out of that object, and so differs from one that is null. A value that is not JSON, or has
     * half of a surrogate pair in a field, counts whole; a tombstone is like that of {@link #wholeValue()}.
     *
     * @param pointers at least one JSON pointer (RFC 6901); their order does not count
     * @throws IllegalArgumentException if there is none or one is malformed
     */
    static Fingerprinter fields(List<String> pointers) {
        if (pointers.isEmpty()) {
            throw new IllegalArgumentException("pointers must name at least one field, as in value:/amount: []");
        }
        NamedFields fields = new NamedFields(pointers);
        String definition = "value:" + fields.names();
        return record -> {
            byte[] value = record.value();
            if (value == null) {
                return Fingerprint.of(definition, Fingerprints.OF_NOTHING);
            }
            try {
                return Fingerprint.of(definition, Sha256.of(fields.of(record.json())));
            } catch (Json.NotJson unreadable) {
                return Fingerprint.of(definition, Sha256.of(value));
            }
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
        } else if (text.equals("framed-value")) {
            return framedValue();
        } else if (text.startsWith("value:")) {
            return fields(Arrays.stream(text.substring("value:".length()).split(",", -1))
                    .map(String::strip)
                    .toList());
        }
        throw new IllegalArgumentException("'" + text + "' is not a fingerprint; allowed are " + FORMS);
    }
}
