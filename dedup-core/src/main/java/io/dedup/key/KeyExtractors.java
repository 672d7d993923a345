// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import io.dedup.IdempotencyKey;
import io.dedup.KeyResult;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The kinds of key source, in code and as they are written in configuration.
 *
 * <p>Every source keeps its name in the {@link IdempotencyKey#source()} of the keys it gives.
 */
public final class KeyExtractors {
    /** The forms that {@link #parse} understands, for messages and documentation. */
    public static final String FORMS =
            "header:NAME, header-ignore-case:NAME, record-key, value:/POINTER, cloudevents, sha256:/POINTER,/POINTER…,"
                    + " sha256:value, sha256:framed-value; behind each |trim, |lower, |uuid, |json-string, |unframed or |binary; several parts of one key with ' + ' between them";

    static final String ALL_OF = " + ";

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
        return new RecordKey(KeyForm.STANDARD);
    }

    /**
     * A string or a number inside a JSON value; the key is its text in UTF-8, that of a number as canonical JSON (RFC 8785)
     * writes it.
     *
     * @param pointer a JSON pointer (RFC 6901), as in {@code /payment/id}
     * @throws IllegalArgumentException if it is not one
     */
    public static KeyExtractor jsonPointer(String pointer) {
        return new JsonPointerKey(pointer, KeyForm.STANDARD);
    }

    /**
     * The identity of a CloudEvent, which is its {@code source} and {@code id} together (CloudEvents 1.0): from the
     * headers {@code ce_source} and {@code ce_id}, or from the JSON value if the content type says that it is one.
     */
    public static KeyExtractor cloudEvents() {
        return new CloudEventsKey(KeyForm.STANDARD);
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
     * The same source, refusing keys that are longer. Of a key of several parts each part is held against the limit; of a
     * CloudEvent its id.
     *
     * @param maxBytes at least 1
     * @throws IllegalArgumentException if it is less
     */
    public static KeyExtractor atMost(int maxBytes, KeyExtractor source) {
        if (maxBytes < 1) {
            throw new IllegalArgumentException("maxBytes must be at least 1: " + maxBytes);
        }
        if (source instanceof AllOfKey several) {
            return several.atMost(maxBytes);
        } else if (source instanceof CloudEventsKey event) {
            return event.atMost(maxBytes);
        } else if (source instanceof FirstOfKey several) {
            return firstOf(
                    several.sources().stream().map(one -> atMost(maxBytes, one)).toList());
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
        if (source instanceof LimitedKey
                || (source instanceof AllOfKey several && several.isLimited())
                || (source instanceof CloudEventsKey event && event.isLimited())) {
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
     * <p>{@code header:id|trim|uuid} normalises what it finds: {@code trim} takes white space off both ends, {@code lower} makes A to Z
     * small, {@code uuid} gives every spelling of a UUID as 36 small characters (capitals, braces, {@code urn:uuid:}, no hyphens, 16
     * bytes), {@code json-string} takes the text out of a JSON string, {@code unframed} takes off the five bytes of a schema
     * registry, {@code binary} takes the bytes as they are and looks for no placeholder; each leaves alone what it does not understand. {@code
     * header:tenant + header:id} is one key of both, which is absent if one of them is. {@code header-ignore-case:ID} takes headers
     * whose names differ in case only; its keys are those of {@code header:ID}. Blank keys and placeholders are none
     * ({@link KeyRules#standard()}). {@code sha256:value} is the digest of the whole value, {@code sha256:framed-value} that of what
     * follows the five bytes of a schema registry.
     *
     * @throws IllegalArgumentException if a form is unknown or malformed, naming it and the {@link #FORMS}
     */
    public static KeyExtractor parse(String text) {
        return parse(text, KeyRules.standard());
    }

    /**
     * As {@link #parse(String)}, with these rules for every text that a key is made of. They do not hold for {@code sha256}, whose
     * keys are digests.
     *
     * @throws IllegalArgumentException if a form is unknown or malformed, naming it and the {@link #FORMS}
     */
    public static KeyExtractor parse(String text, KeyRules rules) {
        return firstOf(List.copyOf(parsed(text, rules)));
    }

    /**
     * The sources that {@link #parse} reads there, each by itself, by its text: {@code header:id|trim}. In their order.
     *
     * @throws IllegalArgumentException as {@link #parse}
     */
    public static Map<String, KeyExtractor> each(String text, KeyRules rules) {
        Map<String, KeyExtractor> each = new LinkedHashMap<>();
        split(text).forEach(source -> each.put(source, parseParts(source, rules)));
        return each;
    }

    /**
     * The sources that {@link #parse} reads there, each as it is named in keys and in headers: {@code header:id}, {@code
     * sha256:/a,/b}, whose pointers are sorted. Normalisers do not belong to the name.
     *
     * @throws IllegalArgumentException as {@link #parse}
     */
    public static List<String> sources(String text) {
        return parsed(text, KeyRules.standard()).stream().map(KeySource::source).toList();
    }

    /**
     * The sources that {@link #parse} reads there with their normalisers, in one spelling for all texts that make the same keys: {@code
     * header:id|trim,record-key}.
     *
     * @throws IllegalArgumentException as {@link #parse}
     */
    public static String definition(String text) {
        return parsed(text, KeyRules.standard()).stream()
                .map(KeySource::definition)
                .collect(Collectors.joining(","));
    }

    /** As {@link #definition} has the sources of that one; empty if one of them is code of which nothing is known. */
    public static String definitionOf(KeyExtractor extractor) {
        if (extractor instanceof KeySource named) {
            return named.definition();
        } else if (extractor instanceof LimitedKey limited) {
            return definitionOf(limited.source());
        } else if (extractor instanceof FirstOfKey several) {
            List<String> each =
                    several.sources().stream().map(KeyExtractors::definitionOf).toList();
            return each.contains("") ? "" : String.join(",", each);
        }
        return "";
    }

    /**
     * The key of a record that has these texts where {@link #parse} reads them, normalised and held against the rules as that of
     * the record is.
     *
     * @param text as {@link #parse}
     * @param source one of {@link #sources}
     * @param texts one for each text that a key is made of: one for a header; for {@code cloudevents} the event's source and its
     *     id; for a digest its 32 bytes, or 64 hexadecimal digits. One where there are several is the whole key
     * @throws IllegalArgumentException if {@code text} is malformed, {@code source} is not one of its sources, or there are more
     *     or fewer texts
     */
    public static KeyResult keyOf(String text, KeyRules rules, String source, List<byte[]> texts) {
        KeySource found = parsed(text, rules).stream()
                .filter(each -> each.source().equals(source))
                .findFirst()
                .orElseThrow(() ->
                        new IllegalArgumentException("source must be one of " + sources(text) + ": '" + source + "'"));
        if (texts.size() == 1 && found.texts() > 1 && CompositeKey.isWhole(texts.get(0), found.parts())) {
            return IdempotencyKey.of(source, texts.get(0));
        } else if (texts.size() != found.texts()) {
            throw new IllegalArgumentException("texts must be " + found.texts() + ", or the whole key, for a key of "
                    + source + ": " + texts.size());
        }
        return found.keyOf(texts.iterator());
    }

    /** Whether that is a key source of one word. */
    public static boolean isSource(String text) {
        return text.equalsIgnoreCase("record-key") || text.equalsIgnoreCase("cloudevents");
    }

    private static List<String> split(String text) {
        List<String> sources = new ArrayList<>();
        for (String part : text.split(",", -1)) {
            String trimmed = part.strip();
            if (trimmed.startsWith("/") && !sources.isEmpty()) {
                sources.set(sources.size() - 1, sources.get(sources.size() - 1) + "," + trimmed);
            } else {
                sources.add(trimmed);
            }
        }
        return sources;
    }

    /** Whether a value begins as serializers of a schema registry write it: with a zero and the four bytes of a schema's number. */
    public static boolean isFramed(byte[] value) {
        return SchemaFrame.canBegin(value);
    }

    /**
     * The normalisers of spellings ({@code trim}, {@code uuid}, {@code json-string}) that would make another key of it. None would of a
     * key of several parts or of a digest, which are not spelled.
     */
    public static List<String> respellings(IdempotencyKey key) {
        if (key.source().contains(ALL_OF)
                || key.source().startsWith("sha256:")
                || key.source().equals("cloudevents")) {
            return List.of();
        }
        byte[] bytes = key.value();
        return Stream.of(Normalizer.TRIM, Normalizer.UUID_TEXT, Normalizer.JSON_STRING)
                .filter(normalizer -> !Arrays.equals(normalizer.apply(bytes), bytes))
                .map(Normalizer::text)
                .toList();
    }

    /**
     * The text of sources that have this part as their first: {@code header:tenant + header:id,header:tenant + record-key}.
     *
     * @param sources as {@link #parse} reads them
     */
    public static String joined(String part, String sources) {
        return split(sources).stream().map(source -> part + ALL_OF + source).collect(Collectors.joining(","));
    }

    private static List<KeySource> parsed(String text, KeyRules rules) {
        return split(text).stream().map(source -> parseParts(source, rules)).toList();
    }

    private static KeySource parseParts(String text, KeyRules rules) {
        if (text.startsWith("+ ") || text.endsWith(" +")) {
            throw new IllegalArgumentException("'" + text + "' lacks a part of the key beside its '+'");
        }
        List<KeySource> parts = Arrays.stream(text.split(Pattern.quote(ALL_OF), -1))
                .map(part -> parseOne(part.strip(), rules))
                .toList();
        return parts.size() == 1 ? parts.get(0) : new AllOfKey(parts);
    }

    private static KeySource parseOne(String text, KeyRules rules) {
        List<String> piped = Arrays.asList(text.split("\\|", -1));
        String source = piped.get(0).strip();
        KeyForm form = new KeyForm(
                piped.subList(1, piped.size()).stream()
                        .map(name -> Normalizer.parse(name.strip()))
                        .toList(),
                rules);
        int colon = source.indexOf(':');
        String kind = colon < 0 ? source : source.substring(0, colon);
        String argument = colon < 0 ? "" : source.substring(colon + 1).strip();
        boolean isOfSeveral = argument.contains(",") && !kind.equals("sha256");
        return switch (isOfSeveral ? "" : kind + (colon < 0 ? "" : ":")) {
            case "header:" -> new HeaderKey(argument, false, form);
            case "header-ignore-case:" -> new HeaderKey(argument, true, form);
            case "record-key" -> new RecordKey(form);
            case "value:" -> new JsonPointerKey(argument, form);
            case "cloudevents" -> new CloudEventsKey(form);
            case "sha256:" -> digest(text, argument, form);
            default -> throw new IllegalArgumentException("'" + text + "' is not a key source; allowed are " + FORMS);
        };
    }

    private static KeySource digest(String text, String argument, KeyForm form) {
        if (!form.normalizers().isEmpty()) {
            throw new IllegalArgumentException("'" + text + "' has a normaliser, and a digest is not normalised");
        }
        return switch (argument) {
            case "value" -> new PayloadHashKey(false);
            case "framed-value" -> new PayloadHashKey(true);
            default -> new FieldsHashKey(List.of(argument.split(",", -1)));
        };
    }

    /** The source's name as it is written in configuration. */
    static String name(String kind, String... arguments) {
        return kind + ":" + String.join(",", Arrays.asList(arguments));
    }
}
