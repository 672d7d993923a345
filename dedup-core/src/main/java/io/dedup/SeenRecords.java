// SPDX-License-Identifier: Apache-2.0
package io.dedup;

/**
 * What has been remembered so far, as the deciding function asks for it, once for a record at most.
 *
 * <p>Confined to one thread.
 */
@FunctionalInterface
public interface SeenRecords {
    /**
     * What is remembered of that key at the given time. Must not be of another key.
     *
     * @param timestamp event time in milliseconds since the epoch
     * @param ttlMs the TTL of the record in hand, in milliseconds
     */
    Recollection recall(IdempotencyKey key, long timestamp, long ttlMs);
}
