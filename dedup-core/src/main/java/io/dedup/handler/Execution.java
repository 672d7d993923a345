// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import io.dedup.IdempotencyKey;
import io.dedup.StoredOutcome;
import io.dedup.key.IdempotencyKeys;
import io.dedup.store.Claim;
import io.dedup.store.Completion;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.LeaseResult;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * One run of an operation, as the operation sees it.
 *
 * <p>The flag of the lease may be read by any thread; everything else is for the thread of the operation.
 */
public final class Execution {
    private final Claim claim;
    private final boolean takenOver;
    private final Duration ttl;
    private volatile boolean leaseLost;
    private volatile @Nullable StoredOutcome completed;

    Execution(Claim claim, boolean takenOver, Duration ttl) {
        this.claim = claim;
        this.takenOver = takenOver;
        this.ttl = ttl;
    }

    /** The key of the operation. */
    public IdempotencyKey key() {
        return claim.key().key();
    }

    /**
     * The key to pass on to whoever has the effect: the {@code Idempotency-Key} for a payment provider. It is the same
     * whenever this operation is run, and tells its steps apart.
     *
     * @param step which effect, if there are several: {@code charge}
     */
    public String downstreamKey(String step) {
        return IdempotencyKeys.downstream(claim.key().scope(), claim.key().key(), step);
    }

    /** How often the operation has been begun, this time included; from 1. */
    public int attempt() {
        return claim.attempt();
    }

    /**
     * Grows with every run of this operation. A resource that remembers the highest it has seen can turn away an older run
     * that comes late.
     */
    public long fencingToken() {
        return claim.token();
    }

    /** Whether an earlier run has vanished without a word, so that part of the operation, or all of it, may be done. */
    public boolean isTakenOver() {
        return takenOver;
    }

    /** Whether somebody else may be doing the operation by now. From then on nothing should be done. */
    public boolean isLeaseLost() {
        return leaseLost;
    }

    /**
     * Stops here if somebody else may be doing the operation by now. To be called before each effect of a long operation.
     *
     * @throws LeaseLostException if so
     */
    public void throwIfLeaseLost() {
        if (leaseLost) {
            throw new LeaseLostException("Somebody else may be doing the operation " + claim.key() + " by now", null);
        }
    }

    /**
     * Notes the outcome in a transaction of the operation's own, so that it becomes true together with what else that
     * transaction does. What the operation returns is then not stored once more. The operation has to commit afterwards.
     *
     * @param joined the store as part of the transaction: {@code store.joining(connection)}
     * @param outcome what is given to those who ask again; null if there is nothing to say
     * @throws LeaseLostException if somebody else has begun the operation: the transaction has to be rolled back
     * @throws StoreUnavailableException if it is not known whether it was noted: the transaction has to be rolled back
     */
    public void complete(IdempotencyStore joined, byte @Nullable [] outcome) {
        StoredOutcome stored = StoredOutcome.of(outcome);
        LeaseResult result = joined.complete(claim, Completion.succeeded(stored), ttl);
        if (result instanceof LeaseResult.Lost) {
            throw new LeaseLostException("Somebody else has begun the operation " + claim.key(), null);
        } else if (result instanceof LeaseResult.Indeterminate unanswered) {
            throw new StoreUnavailableException(
                    "The outcome of " + claim.key() + " could not be noted in the transaction",
                    false,
                    unanswered.cause());
        }
        completed = stored;
    }

    /** The outcome that the operation has noted itself; null if it has not. */
    @Nullable
    StoredOutcome completed() {
        return completed;
    }

    Claim claim() {
        return claim;
    }

    void loseLease() {
        leaseLost = true;
    }
}
