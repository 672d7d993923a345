// SPDX-License-Identifier: Apache-2.0
package io.dedup;

/**
 * The store of seen records as {@link DedupPolicy#decide} reads it, at most once for a record.
 *
 * <p>Confined to one thread.
 */
@FunctionalInterface
public interface SeenRecords {
    /**
     * Returns what is remembered of that key, and of no other, at the given time.
     *
     * @param timestamp event time in milliseconds since the epoch
     * @param ttlMs the TTL of the record in hand, in milliseconds
     */
    Recollection recall(IdempotencyKey key, long timestamp, long ttlMs);
}
