// SPDX-License-Identifier: Apache-2.0
package io.dedup.store;

import java.time.Duration;
import java.util.List;

/**
 * Remembers operations for all processes that may run them.
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
 * <p>{@link KeyRecord} has its transitions as code. The laws, which the contract kit in this module's test jar checks:
 *
 * <ul>
 *   <li>Of all claims for a key, at most one holds its lease at any moment of the store's clock.
 *   <li>A claim that has been superseded can neither renew, complete nor release: what it holds is {@linkplain
 *       LeaseResult.Lost lost}. Its fencing token is smaller than every later one for that key, as long as the store remembers
 *       the key.
 *   <li>What is completed stays completed, with the same bytes, until its time to live is over; at exactly that time it is
 *       still there, one millisecond later it is not. But a completion that is unknown can be {@linkplain
 *       ClaimRequest#reopening reopened}, and if the claim for that is abandoned, the key is unknown again.
 *       {@link io.dedup.store.admin.OperationAdmin} has what can be done by hand.
 *   <li>That a run was abandoned is remembered until the key is completed or forgotten, through releases and further attempts.
 *   <li>All attempts at an operation have the time of the first.
 *   <li>Time is the store's. The clocks of callers do not matter.
 *   <li>A call that is repeated with the same arguments because its answer was {@code Indeterminate} does no harm, and its
 *       answer says what is the case.
 *   <li>A key that lives is never dropped to make room.
 *   <li>A call neither uses, commits nor rolls back a transaction of its caller.
 * </ul>
 *
 * <p>No method but {@link #purge} throws because the store could not be reached, and none because of what it has found:
 * those are results. An {@link IllegalArgumentException} is for durations that are not positive and for keys that are too long.
 *
 * <p>Implementations are thread-safe.
 */
public interface IdempotencyStore extends AutoCloseable {
    /** How many operations {@link #claimAll} and {@link #completeAll} take at most. */
    int MAX_BATCH = 1000;

    /**
     * Asks for the right to run an operation.
     *
     * <p>It is given if the key is absent, has been released, or was claimed under a lease that is over. The owner of the same
     * request, if it has not been superseded, gets the same claim once more, with its lease from now.
     */
    ClaimResult claim(ClaimRequest request);

    /**
     * Asks for the right to run several operations: as {@link #claim} for each of them in that order, in as few round trips as the
     * store can. Each has an answer of its own, and none depends on another's.
     *
     * @param requests at most {@link #MAX_BATCH}
     * @return the answers, in the order of the requests
     * @throws IllegalArgumentException if there are more
     */
    default List<ClaimResult> claimAll(List<ClaimRequest> requests) {
        requireBatch(requests);
        return requests.stream().map(this::claim).toList();
    }

    /**
     * Lets the lease end no earlier than {@code leaseFor} from now. Succeeds also after the lease is over, as long as no other
     * owner has taken the key. Does not wait for a transaction that holds the key.
     *
     * @param leaseFor from now, by the store's clock; positive
     */
    LeaseResult renew(Claim claim, Duration leaseFor);

    /**
     * Records how the operation ended. Succeeds also after the lease is over, as long as no other owner has taken the key.
     *
     * @param timeToLive how long it is kept, from now; positive
     */
    LeaseResult complete(Claim claim, Completion completion, Duration timeToLive);

    /**
     * Records how several operations ended: as {@link #complete} for each of them in that order, in as few round trips as the
     * store can. Each has an answer of its own, and none depends on another's.
     *
     * @param requests at most {@link #MAX_BATCH}
     * @return the answers, in the order of the requests
     * @throws IllegalArgumentException if there are more
     */
    default List<LeaseResult> completeAll(List<CompletionRequest> requests) {
        requireBatch(requests);
        return requests.stream()
                .map(request -> complete(request.claim(), request.completion(), request.timeToLive()))
                .toList();
    }

    /**
     * Gives the right back, so that another owner may have it at once. The number of attempts and the time of the first are
     * kept for the request's time to live; so is the fingerprint, but only if an earlier run was abandoned.
     */
    LeaseResult release(Claim claim, Release why);

    /**
     * Gives back what may have been claimed by a request whose answer never came, as {@link Release#NOT_ATTEMPTED}. Changes
     * nothing if another request has the key, or none.
     */
    LeaseResult withdraw(ClaimRequest request);

    /** The committed state of the claim: a transaction that has not ended does not count, and is not waited for. */
    ClaimState inspect(Claim claim);

    /**
     * Lets attempts be counted from one again, for a key that is released, or whose outcome is unknown. Nothing else about the
     * key changes, and nothing at all where it is claimed, absent, or completed otherwise.
     */
    LeaseResult resetAttempts(ScopedKey key);

    /**
     * Deletes keys whose time to live is over. Nothing depends on it but room.
     *
     * @param atMost how many; positive
     * @return how many were deleted; 0 where the store does it by itself
     * @throws IllegalStateException if the store cannot be reached
     */
    int purge(int atMost);

    /** Closes what the store has opened itself. */
    @Override
    default void close() {}

    /**
     * Checks the size of a batch.
     *
     * @throws IllegalArgumentException if it has more than {@link #MAX_BATCH} elements
     */
    static void requireBatch(List<?> requests) {
        if (requests.size() > MAX_BATCH) {
            throw new IllegalArgumentException("requests must be at most " + MAX_BATCH
                    + ", so that a batch takes a bounded time: " + requests.size());
        }
    }
}
