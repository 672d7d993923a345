// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.format;

import io.dedup.config.ConfigProblem;
import io.dedup.config.ConfigProblem.Code;
import io.dedup.config.DedupConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The definition by which the keys of a store are made and found, as it is written in configuration: what is remembered under one
 * definition is not found under another.
 *
 * @param key the key sources with their normalisers, as {@link io.dedup.key.KeyExtractors#definition} spells them; empty if
 *     unknown
 * @param scope what keys are unique within; empty if unknown
 * @param fingerprint what is compared of payloads; empty if unknown
 */
public record KeyDefinition(String key, String scope, String fingerprint) {
    /** Of a store that does not say, and of sources that are code: it differs from nothing. */
    public static final KeyDefinition UNKNOWN = new KeyDefinition("", "", "");

    /** Pointers of a digest follow one another by a comma and a slash. */
    private static final Pattern BETWEEN_SOURCES = Pattern.compile(",(?!/)");

    private static final Pattern NORMALIZER = Pattern.compile("\\|[a-z-]+");

    private static final String STEPS =
            "Set it back, or follow 'Change where the key is' in docs/operations.md, so that what was done is remembered under"
                    + " the keys of today";

    /** The same with another scope. */
    public KeyDefinition withScope(String otherScope) {
        return new KeyDefinition(key, otherScope, fingerprint);
    }

    /** The same with another fingerprint. */
    public KeyDefinition withFingerprint(String otherFingerprint) {
        return new KeyDefinition(key, scope, otherFingerprint);
    }

    /** What is worth knowing where a store was written under that one, each with a code. */
    public List<ConfigProblem> changesSince(KeyDefinition before) {
        List<ConfigProblem> changes = new ArrayList<>();
        if (differ(key, before.key)) {
            keyChange(before.key).ifPresent(changes::add);
        }
        if (differ(scope, before.scope)) {
            changes.add(forgotten(DedupConfig.SCOPE, scope, before.scope));
        }
        if (differ(fingerprint, before.fingerprint)) {
            changes.add(new ConfigProblem(
                    Code.MEMORY_NOT_USED,
                    DedupConfig.FINGERPRINT,
                    fingerprint,
                    "It was " + before.fingerprint
                            + " when the store was written last: payloads are not compared with those that"
                            + " were remembered then, and a conflict with them is taken for a duplicate",
                    "Set it back, or expect no conflicts until the TTL has passed"));
        }
        return List.copyOf(changes);
    }

    /** What is not found of what was remembered; nothing if only sources were added behind those of before. */
    private Optional<ConfigProblem> keyChange(String before) {
        List<String> sources = sources(key);
        List<String> former = sources(before);
        boolean areRespelled = false;
        for (int i = 0; i < former.size(); i++) {
            String source = i < sources.size() ? sources.get(i) : "";
            if (!name(source).equals(name(former.get(i)))) {
                return Optional.of(forgotten(DedupConfig.KEY, key, before));
            }
            areRespelled |= !source.equals(former.get(i));
        }
        return areRespelled
                ? Optional.of(new ConfigProblem(
                        Code.MEMORY_NOT_USED,
                        DedupConfig.KEY,
                        key,
                        "It was " + before
                                + " when the store was written last: a key that the normalisers of today spell"
                                + " otherwise than those of then is not found, and its duplicates come through",
                        STEPS + "; keys that both leave as they are need nothing"))
                : Optional.empty();
    }

    private static List<String> sources(String definition) {
        return List.of(BETWEEN_SOURCES.split(definition));
    }

    private static String name(String source) {
        return NORMALIZER.matcher(source).replaceAll("");
    }

    private static boolean differ(String now, String before) {
        return !now.isEmpty() && !before.isEmpty() && !now.equals(before);
    }

    private static ConfigProblem forgotten(String key, String now, String before) {
        return new ConfigProblem(
                Code.MEMORY_NOT_USED,
                key,
                now,
                "It was " + before + " when the store was written last: what was remembered then is not found, and its"
                        + " duplicates come through",
                STEPS);
    }
}
