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

    /**
     * @throws IllegalArgumentException if it is malformed
     */
    static void check(String text) {
        if (!isOfRecords(text)) {
            Scope.parse(text);
        } else if (KeyExtractors.sources(text).size() != 1) {
            throw new IllegalArgumentException("'" + text + "' is not one source; allowed are " + FORMS);
        }
    }
}
