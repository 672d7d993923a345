// SPDX-License-Identifier: Apache-2.0
package io.dedup.store;

import java.time.Instant;

/**
 * The right to run an operation, until its lease is over and another owner takes it.
 *
 * @param request what it was given for
 * @param token the fencing token: greater than that of every earlier claim for the key that the store remembers, so that a
 *     resource that remembers the highest it has seen can turn away an owner that comes late
 * @param attempt how often the key has been claimed since it was last absent, this time included; from 1. Claims that were
 *     {@linkplain Release#uncounted released uncounted} do not count
 * @param priorRun what is known about the runs before
 * @param firstAttemptAt when the key was first claimed since it was last absent, by the store's clock. It is the same for all
 *     attempts, and is the time of the operation
 */
public record Claim(ClaimRequest request, long token, int attempt, PriorRun priorRun, Instant firstAttemptAt) {
    /** The key that was claimed. */
    public ScopedKey key() {
        return request.key();
    }
}
