// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import io.dedup.IdempotencyKey;
import io.dedup.key.IdempotencyKeys;
import io.dedup.key.KeyShape;
import io.dedup.store.Claim;
import io.dedup.store.ClaimState;
import io.dedup.store.Completion;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.LeaseResult;
import io.dedup.store.PriorRun;
import io.dedup.store.TransactionalStore;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.function.Function;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * One run of an operation, as the operation sees it.
 *
 * <p>{@link #isLeaseLost} may be called by any thread; everything else is for the thread of the operation.
 *
 * @param <T> the result of the operation
 */
public final class Execution<T> {
    private final IdempotencyStore store;
    private final Claim claim;
    private final Duration ttl;
    private final Function<@Nullable T, Completion> completion;
    private volatile boolean leaseLost;
    private volatile boolean timedOut;
    private volatile @Nullable Noted<T> noted;
    private volatile LeaseRenewer.@Nullable Lease lease;

    /**
     * An outcome that the operation has noted in a transaction of its own.
     *
     * @param completion as it is stored if that transaction commits
     */
    record Noted<T>(@Nullable T value, Completion completion) {}

    /**
     * @param completion makes what is stored of the result of the operation
     */
    Execution(IdempotencyStore store, Claim claim, Duration ttl, Function<@Nullable T, Completion> completion) {
        this.store = store;
        this.claim = claim;
        this.ttl = ttl;
        this.completion = completion;
    }

    /** The key of the operation. */
    public IdempotencyKey key() {
        return claim.key().key();
    }

    /**
     * The key to pass on to the system that has the effect: the {@code Idempotency-Key} for a payment provider. It is the same
     * for every run of this operation, and differs between its steps.
     *
     * @param step which effect, if there are several: {@code charge}
     */
    public String downstreamKey(String step) {
        return IdempotencyKeys.downstream(claim.key().scope(), claim.key().key(), step);
    }

    /**
     * As {@link #downstreamKey(String)}, for a system that limits what a key looks like.
     *
     * @param step which effect, if there are several: {@code charge}
     * @param shape what the system takes: {@code KeyShape.uuid()}, {@code KeyShape.atMost(38)}
     */
    public String downstreamKey(String step, KeyShape shape) {
        return IdempotencyKeys.downstream(claim.key().scope(), claim.key().key(), step, shape);
    }

    /** How often the operation has been begun, this time included; from 1. Runs that were cancelled do not count. */
    public int attempt() {
        return claim.attempt();
    }

    /**
     * When the operation was begun for the first time, by the store's clock: the time of the operation, the same for every run
     * of it. To be given to downstream systems that remember keys for a time.
     */
    public Instant firstAttemptAt() {
        return claim.firstAttemptAt();
    }

    /**
     * Grows with every run of this operation. A resource that remembers the highest it has seen can turn away an older run
     * that comes late.
     */
    public long fencingToken() {
        return claim.token();
    }

    /**
     * Whether an earlier run has vanished without an answer, or was interrupted, so that part of the operation, or all of it, may
     * be done. It stays so for all later runs, until the operation is completed.
     */
    public boolean isTakenOver() {
        return claim.priorRun() != PriorRun.NONE;
    }

    /** What is known about earlier runs. */
    public PriorRun priorRun() {
        return claim.priorRun();
    }

    /** Whether another owner may be running the operation by now. From then on nothing should be done. */
    public boolean isLeaseLost() {
        return leaseLost;
    }

    /**
     * Stops here if another owner may be running the operation by now. To be called before each effect of a long operation.
     * Asks the store if that has not confirmed the lease for as long as it lasts.
     *
     * @throws LeaseLostException if so
     */
    public void throwIfLeaseLost() {
        LeaseRenewer.Lease held = lease;
        if (!leaseLost && held != null) {
            held.confirm();
        }
        if (leaseLost) {
            throw new LeaseLostException("Another owner may be running the operation " + claim.key() + " by now", null);
        }
    }

    /**
     * Notes the outcome in a transaction of the operation's own, so that it becomes true together with what else that
     * transaction does. The operation has to commit it before it returns: the handler then looks whether the outcome is there,
     * and gives it to the caller; what the operation returns is not stored. If the transaction was rolled back the operation
     * may note an outcome again, in another one.
     *
     * @param joined the store as part of the transaction: {@code store.joining(connection)}
     * @param outcome what later calls with the key get; null if there is no result
     * @throws IllegalStateException if an earlier transaction of this run has committed an outcome, although that was not
     *     confirmed: the transaction has to be rolled back
     * @throws LeaseLostException if another owner has begun the operation: the transaction has to be rolled back
     * @throws StoreUnavailableException if it is not known whether it was noted: the transaction has to be rolled back
     */
    public void complete(IdempotencyStore joined, @Nullable T outcome) {
        if (noted != null && store.inspect(claim) instanceof ClaimState.Completed) {
            throw new IllegalStateException(
                    "The outcome of " + claim.key() + " has been committed already, in an earlier"
                            + " transaction whose answer was lost: roll this one back");
        }
        Completion stored = completion.apply(outcome);
        LeaseResult result = joined.complete(claim, stored, ttl);
        if (result instanceof LeaseResult.Lost) {
            throw new LeaseLostException("Another owner has begun the operation " + claim.key(), null);
        } else if (!(result instanceof LeaseResult.Done)) {
            throw new StoreUnavailableException(
                    "The outcome of " + claim.key() + " could not be noted in the transaction",
                    false,
                    result instanceof LeaseResult.Indeterminate unanswered ? unanswered.cause() : null);
        }
        noted = new Noted<>(outcome, stored);
    }

    /**
     * Does the operation, or a part of it, in a transaction of its own that also notes the outcome: commits both, or rolls both
     * back. Nothing that has to happen once may follow.
     *
     * @param database the one that the handler's store is in
     * @param work what is done on a connection that is committed, rolled back and closed here
     * @return the result of the work, which is the outcome
     * @throws IllegalStateException if the handler's store is in no database, or has joined a transaction already
     * @throws LeaseLostException if another owner has begun the operation: everything was rolled back
     * @throws StoreUnavailableException if it is not known whether the outcome was noted: everything was rolled back
     * @throws SQLException if the transaction has failed
     * @throws E what the work has thrown: everything was rolled back
     */
    public <E extends Exception> @Nullable T handleInTransaction(DataSource database, TransactionWork<T, E> work)
            throws SQLException, E {
        if (!(store instanceof TransactionalStore transactional)) {
            throw new IllegalStateException("The handler's store must be in a database, and in no transaction yet: "
                    + store.getClass().getName());
        }
        Noted<T> before = noted;
        if (before != null && isCommitted()) {
            return before.value();
        }
        try (Connection connection = database.getConnection()) {
            connection.setAutoCommit(false);
            try {
                T outcome = work.in(connection);
                complete(transactional.joining(connection), outcome);
                connection.commit();
                return outcome;
            } catch (Throwable failed) {
                rollback(connection, failed);
                throw failed;
            }
        }
    }

    /** Whether an earlier transaction has committed what it noted, although that may not have been confirmed. */
    private boolean isCommitted() {
        ClaimState state = store.inspect(claim);
        if (state instanceof ClaimState.Completed || state instanceof ClaimState.Held) {
            return state instanceof ClaimState.Completed;
        } else if (state instanceof ClaimState.Lost) {
            throw new LeaseLostException("Another owner has begun the operation " + claim.key(), null);
        }
        throw new StoreUnavailableException(
                "Whether an earlier transaction of " + claim.key() + " was committed is not known yet", false, null);
    }

    private static void rollback(Connection connection, Throwable failed) {
        try {
            connection.rollback();
        } catch (SQLException gone) {
            failed.addSuppressed(gone);
        }
    }

    /**
     * Does the operation, or a part of it, in a transaction of its own that also notes that it is done: as {@link
     * #handleInTransaction}, for work without a result.
     *
     * @throws SQLException as there, and so is everything else that is thrown
     */
    public <E extends Exception> void runInTransaction(DataSource database, TransactionAction<E> action)
            throws SQLException, E {
        handleInTransaction(database, connection -> {
            action.in(connection);
            return null;
        });
    }

    /**
     * What is done in a transaction, without a result.
     *
     * @param <E> what it throws if it fails
     */
    @FunctionalInterface
    public interface TransactionAction<E extends Exception> {
        /** Does it, and neither commits nor rolls back nor closes. */
        void in(Connection connection) throws SQLException, E;
    }

    /**
     * What is done in a transaction.
     *
     * @param <T> the result
     * @param <E> what it throws if it fails
     */
    @FunctionalInterface
    public interface TransactionWork<T, E extends Exception> {
        /**
         * Does it, and neither commits nor rolls back nor closes.
         *
         * @return the outcome; null if there is no result
         */
        @Nullable
        T in(Connection connection) throws SQLException, E;
    }

    /** The outcome that the operation has noted itself, last; null if it has not. */
    @Nullable
    Noted<T> noted() {
        return noted;
    }

    Claim claim() {
        return claim;
    }

    void hold(LeaseRenewer.Lease held) {
        lease = held;
    }

    void loseLease() {
        leaseLost = true;
    }

    void timeOut() {
        timedOut = true;
    }

    /** Whether it has taken longer than operations may. */
    boolean isTimedOut() {
        return timedOut;
    }
}
