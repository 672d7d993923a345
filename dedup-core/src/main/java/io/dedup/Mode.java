// SPDX-License-Identifier: Apache-2.0
package io.dedup;

import java.util.Locale;

/** The degree to which verdicts are acted upon. */
public enum Mode {
    /** Every verdict is followed by its action. */
    ENFORCE,

    /**
     * Everything is forwarded; verdicts are counted, and records that would not have been forwarded are marked. The
     * safe way to introduce deduplication to a running system.
     */
    OBSERVE,

    /** Everything is forwarded untouched; nothing is decided, counted or remembered. */
    OFF;

    /** The name as it is written in configuration. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
