// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import io.dedup.store.ClaimRequest;
import io.dedup.store.IdempotencyStore;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The settings of a handler. Immutable.
 *
 * @param patience how long a call is repeated that the store does not answer
 * @param waitFor how long a call waits for another owner
 * @param abandonedIsUnknown whether an operation whose owner has vanished counts as unknown
 */
record HandlerSettings<T>(
        IdempotencyStore store,
        OutcomeFormat<T> format,
        Duration lease,
        Duration ttl,
        Duration waitFor,
        Duration patience,
        Duration maxDuration,
        int maxOutcomeBytes,
        Map<Class<?>, OnFailure> failures,
        @Nullable Reconciler<T> reconciler,
        boolean abandonedIsUnknown,
        HandlerListener listener) {
    private static final Duration MIN_LEASE = Duration.ofMillis(10);

    static void requireLease(Duration duration) {
        ClaimRequest.millis("duration", duration);
        if (duration.compareTo(MIN_LEASE) < 0) {
            throw new IllegalArgumentException(
                    "duration must be at least " + MIN_LEASE + ", so that a lease can be renewed: " + duration);
        }
    }

    static void requireNotNegative(String name, Duration duration) {
        if (duration.isNegative()) {
            throw new IllegalArgumentException(name + " must not be negative: " + duration);
        }
    }

    /** The same with other durations; null leaves one as it is. */
    HandlerSettings<T> with(@Nullable Duration otherLease, @Nullable Duration otherTtl, @Nullable Duration otherWait) {
        return new HandlerSettings<>(
                store,
                format,
                otherLease == null ? lease : otherLease,
                otherTtl == null ? ttl : otherTtl,
                otherWait == null ? waitFor : otherWait,
                patience,
                maxDuration,
                maxOutcomeBytes,
                failures,
                reconciler,
                abandonedIsUnknown,
                listener);
    }

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
