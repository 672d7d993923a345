// SPDX-License-Identifier: Apache-2.0
package io.dedup;

import org.jspecify.annotations.Nullable;

/**
 * A record to decide about, reduced to what the decision needs.
 *
 * @param key its idempotency key, or why there is none
 * @param timestamp its event time in milliseconds since the epoch
 * @param coordinates where it stands; null if that is unknown (a punctuator made it) or does not tell it apart (an
 *     earlier operator made several records of one), in which case it is never a {@link Verdict#REPLAY}
 * @param fingerprint the digest of its payload; null if payloads are not compared
 * @param ttl the TTL it asks for, or why it cannot have it; null if it asks for none
 */
public record Candidate(
        KeyResult key,
        long timestamp,
        @Nullable Coordinates coordinates,
        @Nullable Fingerprint fingerprint,
        @Nullable TtlResult ttl) {
    /** A record that asks for no TTL of its own. */
    public Candidate(
            KeyResult key, long timestamp, @Nullable Coordinates coordinates, @Nullable Fingerprint fingerprint) {
        this(key, timestamp, coordinates, fingerprint, null);
    }
}
