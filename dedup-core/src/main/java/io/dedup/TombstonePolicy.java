// SPDX-License-Identifier: Apache-2.0
package io.dedup;

import java.util.Locale;

/** The treatment of records without a value, by which a keyed topic says that its key is deleted. */
public enum TombstonePolicy {
    /** It gets a verdict as every other record. */
    JUDGE,

    /** It is forwarded as it is, without a verdict, and neither remembered nor counted. */
    FORWARD;

    /** The name as it is written in configuration. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
