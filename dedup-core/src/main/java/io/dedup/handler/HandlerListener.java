// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import io.dedup.store.ScopedKey;
import java.time.Duration;

/**
 * Is told what happens to operations, for metrics and alarms. Called on the thread of the operation but for {@link
 * #leaseLost}; what it throws is logged and changes nothing.
 */
public interface HandlerListener {
    /**
     * A call has an answer.
     *
     * @param attempt which attempt it was, if it was done now; else 0
     * @param waited how long it waited for somebody else
     * @param took how long the whole call took
     */
    default void answered(ScopedKey key, Outcome outcome, int attempt, Duration waited, Duration took) {}

    /**
     * An operation has failed with something that its caller gets to see.
     *
     * @param attempt from 1
     */
    default void failed(ScopedKey key, Throwable failure, int attempt) {}

    /** The right to do an operation was lost while it was being done. Called on a thread of the handler. */
    default void leaseLost(ScopedKey key) {}

    /** The store did not say or do what it was asked for. */
    default void storeUnavailable(ScopedKey key, StoreUnavailableException failure) {}
}
