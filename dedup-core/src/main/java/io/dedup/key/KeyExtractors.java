// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import io.dedup.IdempotencyKey;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The kinds of key source, in code and as they are written in configuration.
 *
 * <p>Every source keeps its name in the {@link IdempotencyKey#source()} of the keys it gives.
 */
public final class KeyExtractors {
    /** The forms that {@link #parse} understands, for messages and documentation. */
    public static final String FORMS =
            "header:NAME, record-key, value:/POINTER, cloudevents, sha256:/POINTER,/POINTER…";

    private KeyExtractors() {}

    /**
     * The value of a header, any bytes. Several headers of that name are fine as long as they are equal.
     *
     * @throws IllegalArgumentException if the name is blank
     */
    public static KeyExtractor header(String name) {
        return new HeaderKey(name);
    }

    /** The record's own key. */
    public static KeyExtractor recordKey() {
        return new RecordKey();
    }

    /**
     * A string or a number inside a JSON value; the key is its text in UTF-8, that of a number as canonical JSON (RFC 8785)
     * writes it.
     *
     * @param pointer a JSON pointer (RFC 6901), as in {@code /payment/id}
     * @throws IllegalArgumentException if it is not one
     */
    public static KeyExtractor jsonPointer(String pointer) {
        return new JsonPointerKey(pointer);
    }

    /**
     * The identity of a CloudEvent, which is its {@code source} and {@code id} together (CloudEvents 1.0): from the
     * headers {@code ce_source} and {@code ce_id}, or from the JSON value if the content type says that it is one.
     */
    public static KeyExtractor cloudEvents() {
        return new CloudEventsKey();
    }

    /**
     * SHA-256 over fields of a JSON value, for producers that send no key. Two requests with the same fields are one
     * operation: name enough fields to tell two intended operations apart. Every field must be there.
     *
     * <p>The 32 bytes are the digest of the canonical JSON (RFC 8785) of an object that has the pointers as names, as they are
     * written here, and what stands there as values. So other programs can make the same key: {@code {"/amount":10,"/orderId":"7"}}.
     *
     * @param pointers at least one JSON pointer (RFC 6901); their order does not count, and the source has them sorted
     * @throws IllegalArgumentException if there is none or one is malformed
     */
    public static KeyExtractor sha256(List<String> pointers) {
        return new FieldsHashKey(pointers);
    }

    /**
     * The first source that has something. A source that has something unusable (an empty key, one that is too long,
     * two that differ) ends the search: taking the next one would give a retry another identity than its original.
     *
     * @throws IllegalArgumentException if there is no source
     */
    public static KeyExtractor firstOf(List<KeyExtractor> sources) {
        return sources.size() == 1 ? sources.get(0) : new FirstOfKey(sources);
    }

    /**
     * The same source, refusing keys that are longer.
     *
     * @param maxBytes at least 1
     * @throws IllegalArgumentException if it is less
     */
    public static KeyExtractor atMost(int maxBytes, KeyExtractor source) {
        if (maxBytes < 1) {
            throw new IllegalArgumentException("The longest allowed key has at least 1 byte, not " + maxBytes);
        }
        return new LimitedKey(maxBytes, source);
    }

    /**
     * The same source, refusing keys that are longer, except where {@link #atMost} has set another limit: for the whole of it, or
     * for one of several.
     *
     * @param maxBytes at least 1
     * @throws IllegalArgumentException if it is less
     */
    public static KeyExtractor atMostUnlessSet(int maxBytes, KeyExtractor source) {
        if (source instanceof LimitedKey) {
            return source;
        } else if (source instanceof FirstOfKey several) {
            return firstOf(several.sources().stream()
                    .map(one -> atMostUnlessSet(maxBytes, one))
                    .toList());
        }
        return atMost(maxBytes, source);
    }

    /**
     * Reads the forms used in configuration, separated by commas; several mean {@link #firstOf}. A part that starts with
     * a slash belongs to the source before it: {@code header:id,sha256:/a,/b} are two sources.
     *
     * @throws IllegalArgumentException if a form is unknown or malformed, naming it and the {@link #FORMS}
     */
    public static KeyExtractor parse(String text) {
        return firstOf(split(text).stream().map(KeyExtractors::parseOne).toList());
    }

    /**
     * The sources that {@link #parse} reads there, each as it is named in keys and in headers: {@code header:id}, {@code
     * sha256:/a,/b}, whose pointers are sorted.
     *
     * @throws IllegalArgumentException as {@link #parse}
     */
    public static List<String> sources(String text) {
        return split(text).stream()
                .map(parts -> parseOne(parts) instanceof FieldsHashKey fields
                        ? fields.source()
                        : String.join(",", parts).replaceFirst(":\\s+", ":"))
                .toList();
    }

    private static List<List<String>> split(String text) {
        List<List<String>> sources = new ArrayList<>();
        for (String part : text.split(",", -1)) {
            String trimmed = part.strip();
            if (trimmed.startsWith("/") && !sources.isEmpty()) {
                sources.get(sources.size() - 1).add(trimmed);
            } else {
                sources.add(new ArrayList<>(List.of(trimmed)));
            }
        }
        return sources;
    }

    private static KeyExtractor parseOne(List<String> parts) {
        String head = parts.get(0);
        int colon = head.indexOf(':');
        String kind = colon < 0 ? head : head.substring(0, colon);
        List<String> arguments = new ArrayList<>(parts.subList(1, parts.size()));
        if (colon >= 0) {
            arguments.add(0, head.substring(colon + 1).strip());
        }
        return switch (kind + "/" + Math.min(arguments.size(), 2)) {
            case "header/1" -> header(arguments.get(0));
            case "record-key/0" -> recordKey();
            case "value/1" -> jsonPointer(arguments.get(0));
            case "cloudevents/0" -> cloudEvents();
            case "sha256/1", "sha256/2" -> sha256(arguments);
            default ->
                throw new IllegalArgumentException(
                        "'" + String.join(",", parts) + "' is not a key source; allowed are " + FORMS);
        };
    }

    /** The source's name as it is written in configuration. */
    static String name(String kind, String... arguments) {
        return kind + ":" + String.join(",", Arrays.asList(arguments));
    }
}
