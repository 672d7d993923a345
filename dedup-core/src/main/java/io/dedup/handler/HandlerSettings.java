// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import io.dedup.store.IdempotencyStore;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is configured for a handler. Immutable.
 *
 * @param patience how long a call is repeated that the store does not answer
 * @param waitFor how long a call waits for another owner
 * @param abandonedIsUnknown whether an operation whose owner has vanished counts as unknown
 */
record HandlerSettings(
        IdempotencyStore store,
        Duration lease,
        Duration ttl,
        Duration waitFor,
        Duration patience,
        Duration maxDuration,
        int maxOutcomeBytes,
        Map<Class<?>, OnFailure> failures,
        @Nullable Reconciler reconciler,
        boolean abandonedIsUnknown,
        HandlerListener listener) {
    /** What is configured for that exception: of several that fit, for the most special type. */
    OnFailure onFailure(Class<?> type) {
        for (Class<?> at = type; at != null; at = at.getSuperclass()) {
            OnFailure found = failures.get(at);
            if (found != null) {
                return found;
            }
        }
        throw new IllegalStateException(type + " is not something that can be thrown");
    }
}
