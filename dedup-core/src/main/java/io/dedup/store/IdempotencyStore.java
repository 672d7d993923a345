// SPDX-License-Identifier: Apache-2.0
package io.dedup.store;

import java.time.Duration;

/**
 * A memory of operations that is shared by everybody who might run them.
 *
 * <p>For each key it is a state machine:
 *
 * <pre>
 *            claim                complete
 *   absent --------&gt; claimed ----------------&gt; completed
 *                    |     ^                        |
 *            release |     | claim                  | time to live is over
 *                    v     | (or the lease is over) v
 *                   released                     absent
 * </pre>
 *
 * <p>The laws, which the contract kit in this module's test jar checks:
 *
 * <ul>
 *   <li>Of all claims for a key, at most one holds its lease at any moment of the store's clock.
 *   <li>A claim that has been superseded can neither renew, complete nor release: what it holds is {@linkplain
 *       LeaseResult.Lost lost}. Its fencing token is smaller than every later one for that key.
 *   <li>What is completed stays completed, with the same bytes, until its time to live is over; at exactly that time it is
 *       still there, one millisecond later it is not.
 *   <li>Time is the store's. The clocks of those who call it do not matter.
 *   <li>A call that is repeated with the same arguments because its answer was {@code Indeterminate} does no harm, and its
 *       answer says what is the case.
 *   <li>A key that lives is never dropped to make room.
 * </ul>
 *
 * <p>No method but {@link #purge} throws because the store could not be reached, and none because of what it has found:
 * those are results. An {@link IllegalArgumentException} is for durations that are not positive and for keys that are too long.
 *
 * <p>Implementations are thread-safe.
 */
public interface IdempotencyStore extends AutoCloseable {
    /**
     * Asks for the right to run an operation.
     *
     * <p>It is given if the key is absent, has been released, or was claimed under a lease that is over. Who has sent the
     * same request before, and has not been superseded, gets the same claim once more, with its lease from now.
     */
    ClaimResult claim(ClaimRequest request);

    /**
     * Lets the lease end no earlier than {@code leaseFor} from now. Succeeds also after the lease is over, as long as nobody
     * else has taken the key.
     *
     * @param leaseFor from now, by the store's clock; positive
     */
    LeaseResult renew(Claim claim, Duration leaseFor);

    /**
     * Records what the operation came to. Succeeds also after the lease is over, as long as nobody else has taken the key.
     *
     * @param timeToLive how long it is kept, from now; positive
     */
    LeaseResult complete(Claim claim, Completion completion, Duration timeToLive);

    /**
     * Gives the right back, so that somebody else may have it at once. The number of attempts is kept for the request's
     * time to live, the fingerprint is not.
     */
    LeaseResult release(Claim claim);

    /**
     * Deletes keys whose time to live is over. Nothing depends on it but room.
     *
     * @param atMost how many; positive
     * @return how many were deleted; 0 where the store does it by itself
     * @throws IllegalStateException if the store cannot be reached
     */
    int purge(int atMost);

    /** Lets go of what the store has opened itself. */
    @Override
    default void close() {}
}
