// SPDX-License-Identifier: Apache-2.0
package io.dedup.config;

import io.dedup.Scope;
import io.dedup.key.KeyExtractors;

/** A scope as it is written in configuration. */
final class ScopeText {
    static final String FORMS = "topic, none, a name, or header:NAME, header-ignore-case:NAME or value:/POINTER";

    private ScopeText() {}

    /** Whether it is read from each record. */
    static boolean isOfRecords(String text) {
        return text.startsWith("header:") || text.startsWith("header-ignore-case:") || text.startsWith("value:");
    }

    /** Whether it looks as if it were to be read from records. */
    private static boolean isLikeSource(String text) {
        return text.contains(":") || text.contains("|") || text.contains(" + ") || KeyExtractors.isSource(text);
    }

    /**
     * @throws IllegalArgumentException if it is malformed
     */
    static void check(String text) {
        if (!isOfRecords(text)) {
            if (isLikeSource(text)) {
                throw new IllegalArgumentException(
                        "'" + text + "' is not a scope, and would be one name for all records; allowed are " + FORMS);
            }
            Scope.parse(text);
        } else if (KeyExtractors.sources(text).size() != 1) {
            throw new IllegalArgumentException("'" + text + "' is not one source; allowed are " + FORMS);
        }
    }
}
