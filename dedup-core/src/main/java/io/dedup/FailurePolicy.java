// SPDX-License-Identifier: Apache-2.0
package io.dedup;

import java.util.Locale;

/** The treatment of the key of a first whose processing failed and was skipped. */
public enum FailurePolicy {
    /** It is forgotten, so that a retry is processed. What the first had done before it failed is then done again. */
    RELEASE,

    /** It stays remembered, so that a retry is a duplicate. For effects that must not happen twice even in part. */
    KEEP;

    /** The name as it is written in configuration. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
