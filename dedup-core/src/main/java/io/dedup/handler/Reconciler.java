// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import org.jspecify.annotations.Nullable;

/**
 * Finds out whether an operation was done whose outcome is unknown or whose owner has vanished, by asking the system that has
 * the effect: the payment provider, by the {@linkplain Execution#downstreamKey key} that was passed on to it.
 *
 * @param <T> the result of operations
 */
@FunctionalInterface
public interface Reconciler<T> {
    /**
     * Finds out about an operation. Called by one owner at a time for each key, and again by the next one if that owner vanishes
     * or cannot store the finding.
     *
     * @param execution the operation, with the same keys as when it was run
     */
    Finding<T> find(Execution<T> execution);

    /** What was found out. */
    sealed interface Finding<T> {}

    /**
     * It was done.
     *
     * @param outcome its result; null if it has none
     */
    record Done<T>(@Nullable T outcome) implements Finding<T> {}

    /** It was not done, and is run now. */
    record NotDone<T>() implements Finding<T> {}

    /** It is still unknown. */
    record StillUnknown<T>() implements Finding<T> {}
}
