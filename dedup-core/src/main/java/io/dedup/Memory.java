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
     */
    @Nullable
    Sighting recall(IdempotencyKey key, long timestamp);
}
