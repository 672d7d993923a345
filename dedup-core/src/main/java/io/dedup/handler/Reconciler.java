// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import io.dedup.StoredOutcome;

/**
 * Finds out whether an operation was done whose outcome is unknown or whose owner has vanished, by asking the system that has
 * the effect: the payment provider, by the {@linkplain Execution#downstreamKey key} that was passed on to it.
 */
@FunctionalInterface
public interface Reconciler {
    /**
     * Finds out about an operation. Called by one owner at a time for each key, and again by the next one if that owner vanishes
     * or cannot store the finding.
     *
     * @param execution the operation, with the same keys as when it was run
     */
    Finding find(Execution execution);

    /** What was found out. */
    sealed interface Finding {}

    /** It was done, with this outcome. */
    record Done(StoredOutcome outcome) implements Finding {}

    /** It was not done, and is run now. */
    record NotDone() implements Finding {}

    /** It is still unknown. */
    record StillUnknown() implements Finding {}
}
