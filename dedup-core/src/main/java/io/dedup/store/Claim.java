// SPDX-License-Identifier: Apache-2.0
package io.dedup.store;

/**
 * The right to run an operation, until its lease is over and somebody else takes it.
 *
 * @param request what it was given for
 * @param token the fencing token: greater than that of every earlier claim for the key, so that a resource that remembers
 *     the highest it has seen can turn away whoever comes late
 * @param attempt how often the key has been claimed since it was last absent, this time included; from 1
 */
public record Claim(ClaimRequest request, long token, int attempt) {
    /** The key that was claimed. */
    public ScopedKey key() {
        return request.key();
    }
}
