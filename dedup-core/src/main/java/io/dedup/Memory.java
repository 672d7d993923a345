// SPDX-License-Identifier: Apache-2.0
package io.dedup;

import org.jspecify.annotations.Nullable;

/**
 * What has been remembered so far, as the deciding function asks for it.
 *
 * <p>Confined to one thread.
 */
@FunctionalInterface
public interface Memory {
    /**
     * The first of that key whose TTL {@linkplain Sighting#covers covers} the given time, or null if none is
     * remembered. Must not return a sighting of another key; may forget what is older than TTL and allowed lateness.
     *
     * @param timestamp event time in milliseconds since the epoch
     * @param ttlMs the TTL of the record in hand, in milliseconds
     */
    @Nullable
    Sighting recall(IdempotencyKey key, long timestamp, long ttlMs);

    /**
     * Whether a first of that key whose TTL covered the time may have been forgotten early, as when a key with a short
     * TTL of its own has been used very often.
     *
     * @param timestamp event time in milliseconds since the epoch
     */
    default boolean mayHaveForgotten(IdempotencyKey key, long timestamp) {
        return false;
    }
}
