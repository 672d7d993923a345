// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.Completion;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.LeaseResult;
import io.dedup.store.Release;
import io.dedup.store.ScopedKey;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An {@link IdempotentHandler} for the length of a transaction of its caller: claim, effect and outcome are one commit, without a
 * lease. Of the settings of the handler those about leases, waiting and the longest duration do not apply.
 *
 * <p>Confined to the thread of the transaction.
 *
 * @param <T> the result of operations
 */
public final class TransactionHandler<T> implements OperationHandler<T> {
    private static final Logger LOGGER = LoggerFactory.getLogger(TransactionHandler.class);

    private final HandlerSettings<T> settings;
    private final IdempotencyStore joined;
    private final UnstoredResults unstored;
    private final LeaseRenewer renewer;
    private final Function<Call, ScopedKey> keys;

    TransactionHandler(
            HandlerSettings<T> settings,
            IdempotencyStore joined,
            UnstoredResults unstored,
            LeaseRenewer renewer,
            Function<Call, ScopedKey> keys) {
        this.settings = settings;
        this.joined = joined;
        this.unstored = unstored;
        this.renewer = renewer;
        this.keys = keys;
    }

    /**
     * Runs the operation in the transaction, unless it was done before. The caller commits if this returns, and rolls back if it
     * throws.
     *
     * @throws E what the operation has thrown, if such a failure is not {@linkplain OnFailure#reject a rejection}
     * @throws ReconciliationFailedException if the reconciler has thrown
     * @throws IllegalStateException if the handler has been closed
     * @throws StoreUnavailableException if the database does not answer
     */
    @Override
    public <E extends Exception> Outcome<T> tryHandle(Call call, Operation<T, E> operation) throws E {
        renewer.throwIfClosed();
        HandlerCall<T> steps =
                new HandlerCall<>(call.over(settings), renewer, unstored, keys.apply(call), call.fingerprint());
        // What this process knows is stored on a connection of the store, before the transaction holds the key.
        Outcome<T> known = steps.settled();
        if (known != null) {
            return steps.answered(known);
        }
        ClaimRequest request = steps.request();
        ClaimResult result = joined.claim(request);
        if (steps.isToBeReopened(result)) {
            result = joined.claim(request.reopening());
        }
        if (result instanceof ClaimResult.Acquired acquired) {
            return steps.answered(run(steps, acquired.claim(), operation));
        } else if (result instanceof ClaimResult.Unavailable unavailable) {
            throw notBegun(steps.key(), unavailable.reason(), unavailable.cause());
        } else if (result instanceof ClaimResult.Indeterminate unanswered) {
            throw notBegun(steps.key(), "The database has not answered", unanswered.cause());
        }
        return steps.answered(steps.answer(result));
    }

    private <E extends Exception> Outcome<T> run(HandlerCall<T> steps, Claim claim, Operation<T, E> operation)
            throws E {
        if (steps.isToBeReconciled(claim)) {
            Outcome<T> found = reconcile(steps, steps.executionOf(claim, joined));
            if (found != null) {
                return found;
            }
        }
        Execution<T> execution = steps.execution(claim, joined);
        T value;
        try {
            value = operation.run(execution);
        } catch (Throwable failure) {
            return failed(steps, claim, failure);
        }
        Execution.Noted<T> noted = execution.noted();
        if (noted != null) {
            return new Outcome.Processed<>(noted.value());
        }
        complete(steps, claim, steps.bounded(steps.written(value)));
        return new Outcome.Processed<>(value);
    }

    private @Nullable Outcome<T> reconcile(HandlerCall<T> steps, Execution<T> execution) {
        Reconciler.Finding<T> finding;
        try {
            finding = steps.found(execution);
        } catch (Throwable failed) {
            throw new ReconciliationFailedException(steps.key().toString(), execution.attempt(), failed);
        }
        if (finding instanceof Reconciler.Done<T> done) {
            complete(steps, execution.claim(), steps.bounded(steps.written(done.outcome())));
            return new Outcome.Replayed<>(done.outcome());
        } else if (finding instanceof Reconciler.StillUnknown) {
            complete(steps, execution.claim(), Completion.unknown());
            return new Outcome.Unknown<>();
        }
        return null;
    }

    private <E extends Exception> Outcome<T> failed(HandlerCall<T> steps, Claim claim, Throwable failure) throws E {
        if (failure instanceof OperationDeclinedException declined) {
            release(claim, Release.NOT_ATTEMPTED);
            throw declined;
        }
        settings.listener().failed(steps.key(), failure, claim.attempt());
        OnFailure then = settings.onFailure(failure.getClass());
        if (then.releases()) {
            release(claim, Release.FAILED);
            throw HandlerCall.<E>sneaky(failure);
        }
        OperationRejectedException rejection = steps.rejectionOf(then, failure);
        Completion completion = steps.completionOf(rejection);
        if (rejection != null) {
            complete(steps, claim, completion);
            return new Outcome.Rejected<>(rejection.code(), String.valueOf(rejection.getMessage()), false);
        }
        logIfUnanswered(
                claim, joined.complete(claim, completion, steps.settings().ttl()));
        throw HandlerCall.<E>sneaky(failure);
    }

    /** For a caller that commits all the same. */
    private void release(Claim claim, Release why) {
        logIfUnanswered(claim, joined.release(claim, why));
    }

    /** In PostgreSQL a statement that has failed leaves nothing to do but to roll back. */
    private static void logIfUnanswered(Claim claim, LeaseResult result) {
        if (result instanceof LeaseResult.Indeterminate unanswered) {
            LOGGER.debug("The key {} goes with the transaction", claim.key(), unanswered.cause());
        }
    }

    private void complete(HandlerCall<T> steps, Claim claim, Completion completion) {
        LeaseResult result = joined.complete(claim, completion, steps.settings().ttl());
        if (!(result instanceof LeaseResult.Done)) {
            throw new StoreUnavailableException(
                    "The outcome of " + claim.key() + " is not in the transaction, which has to be rolled back",
                    false,
                    result instanceof LeaseResult.Indeterminate unanswered ? unanswered.cause() : null);
        }
    }

    private static StoreUnavailableException notBegun(ScopedKey key, String reason, @Nullable Throwable cause) {
        return new StoreUnavailableException(
                "The operation " + key + " was not begun, and the transaction has to be rolled back. " + reason,
                false,
                cause);
    }
}
