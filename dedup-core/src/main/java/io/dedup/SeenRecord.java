// SPDX-License-Identifier: Apache-2.0
package io.dedup;

import org.jspecify.annotations.Nullable;

/**
 * A first as it is remembered: its times, coordinates, fingerprint and outcome.
 *
 * @param timestamp its event time in milliseconds since the epoch
 * @param expiresAt the last millisecond at which a later record is still its duplicate; never before {@code timestamp}
 * @param coordinates where it stands; null if unknown
 * @param fingerprint the digest of its payload; null if payloads were not compared when it was seen
 * @param outcome the result of processing it; null if outcomes were not stored when it was seen
 * @param settled whether it is known to have been processed to the end outside of the operator: then even the record at its own
 *     coordinates is its duplicate and no {@link Verdict#REPLAY}
 */
public record SeenRecord(
        long timestamp,
        long expiresAt,
        @Nullable Coordinates coordinates,
        @Nullable Fingerprint fingerprint,
        @Nullable StoredOutcome outcome,
        boolean settled) {
    public SeenRecord {
        if (expiresAt < timestamp) {
            throw new IllegalArgumentException(
                    "expiresAt must not be before timestamp, which is " + timestamp + ": " + expiresAt);
        }
    }

    /** A first without an outcome, that has just been seen. */
    public SeenRecord(
            long timestamp, long expiresAt, @Nullable Coordinates coordinates, @Nullable Fingerprint fingerprint) {
        this(timestamp, expiresAt, coordinates, fingerprint, null, false);
    }

    /** Returns this first with that outcome. */
    public SeenRecord withOutcome(@Nullable StoredOutcome newOutcome) {
        return new SeenRecord(timestamp, expiresAt, coordinates, fingerprint, newOutcome, settled);
    }

    /** Returns this first as one that is known to have been processed to the end. */
    public SeenRecord asSettled() {
        return new SeenRecord(timestamp, expiresAt, coordinates, fingerprint, outcome, true);
    }

    /**
     * Whether a record of that time falls within the TTL of this first, in either direction: of two records the TTL of
     * the earlier one counts.
     *
     * @param time event time in milliseconds since the epoch
     * @param ttlMs the TTL of that record in milliseconds; counts if it is older than this first, which arrived out of
     *     order
     */
    public boolean covers(long time, long ttlMs) {
        return time >= timestamp ? time <= expiresAt : timestamp - time <= ttlMs;
    }
}
