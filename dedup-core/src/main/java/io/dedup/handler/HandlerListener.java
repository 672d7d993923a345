// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import io.dedup.store.ScopedKey;
import java.time.Duration;

/**
 * Receives events of operations, for metrics and alarms. Called on the thread of the operation but for {@link #leaseLost}; what it
 * throws is logged and changes nothing.
 */
public interface HandlerListener {
    /**
     * A call has an answer.
     *
     * @param attempt which attempt it was, if it was done now; else 0
     * @param waited how long it waited for another owner
     * @param took how long the whole call took
     */
    default void answered(ScopedKey key, Outcome<?> outcome, int attempt, Duration waited, Duration took) {}

    /**
     * An operation has failed. The caller gets to see it, unless the operation had committed its outcome before.
     *
     * @param attempt from 1
     */
    default void failed(ScopedKey key, Throwable failure, int attempt) {}

    /** The lease of an operation was lost while it ran. Called on a thread of the handler. */
    default void leaseLost(ScopedKey key) {}

    /** The store has not answered in time, or has refused. */
    default void storeUnavailable(ScopedKey key, StoreUnavailableException failure) {}
}
