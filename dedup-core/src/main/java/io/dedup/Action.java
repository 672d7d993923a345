// SPDX-License-Identifier: Apache-2.0
package io.dedup;

import java.util.Locale;

/** The action taken with a record once its {@link Verdict} is known. */
public enum Action {
    /**
     * The record goes downstream. Unless it {@linkplain Verdict#isAccepted() is accepted} it carries headers with the
     * verdict, so that its readers can tell.
     */
    FORWARD,

    /** The record goes nowhere; only the metrics tell of it. */
    DROP,

    /** The record goes to the duplicates topic, with headers that name its first. */
    DUPLICATES_TOPIC,

    /** The duplicate is answered with the stored outcome of its first. Only where outcomes are stored. */
    REPLAY_OUTCOME,

    /** The record goes to the dead-letter topic, with headers that give the reason. */
    DEAD_LETTER,

    /** The application stops at this record without committing it, so that nothing is lost. */
    FAIL;

    /** The name as it is written in configuration: lower case with hyphens, {@code dead-letter}. */
    public String text() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
