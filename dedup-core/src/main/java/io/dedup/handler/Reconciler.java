// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import io.dedup.StoredOutcome;

/**
 * Finds out what became of an operation whose outcome is unknown, by asking whoever has the effect: the payment provider, by
 * the {@linkplain Execution#downstreamKey key} that was passed on to it.
 */
@FunctionalInterface
public interface Reconciler {
    /**
     * What became of it. Asked by one caller at a time for each key.
     *
     * @param execution the operation, with the same keys as when it was run
     */
    Finding find(Execution execution);

    /** What was found out. */
    sealed interface Finding {}

    /** It was done, and came to this. */
    record Done(StoredOutcome outcome) implements Finding {}

    /** It was not done, and is done now. */
    record NotDone() implements Finding {}

    /** Still nobody knows. */
    record StillUnknown() implements Finding {}
}
