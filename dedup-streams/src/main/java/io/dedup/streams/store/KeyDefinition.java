// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import io.dedup.config.ConfigProblem;
import io.dedup.config.ConfigProblem.Code;
import io.dedup.config.DedupConfig;
import java.util.ArrayList;
import java.util.List;

/**
 * By what the keys of a store are made and found, as it is written in configuration: what is remembered under one definition is not
 * found under another.
 *
 * @param key the key sources with their normalisers; empty if unknown
 * @param scope what keys are unique within; empty if unknown
 * @param fingerprint what is compared of payloads; empty if unknown
 */
public record KeyDefinition(String key, String scope, String fingerprint) {
    /** Of a store that does not say, and of sources that are code: it differs from nothing. */
    public static final KeyDefinition UNKNOWN = new KeyDefinition("", "", "");

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
            changes.add(forgotten(DedupConfig.KEY, key, before.key));
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
