// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import org.jspecify.annotations.Nullable;

/**
 * Runs operations once for each idempotency key. {@link #handle} and {@link #run} are for callers who want the value or an
 * exception, {@link #tryHandle} and {@link #tryRun} for those who tell all answers apart.
 *
 * @param <T> the result of operations
 */
public sealed interface OperationHandler<T> permits IdempotentHandler, TransactionHandler {
    /**
     * Runs the operation, unless it was done before.
     *
     * @throws E what the operation has thrown, if such a failure is not {@linkplain OnFailure#reject a rejection}, and the operation
     *     has not committed its outcome before
     * @throws LeaseLostException if another owner may have begun the operation before this one had ended it
     * @throws OperationTimeoutException if it took too long, was interrupted and has failed
     * @throws ReconciliationFailedException if the reconciler has thrown; the outcome stays unknown
     * @throws OutcomeNotCommittedException if it has noted its outcome in a transaction that was rolled back
     * @throws IllegalStateException if the handler has been closed
     * @throws StoreUnavailableException if the store does not say which owner is to run it, in which case it is not run, or
     *     does not confirm how it ended
     */
    <E extends Exception> Outcome<T> tryHandle(Call call, Operation<T, E> operation) throws E;

    /**
     * Runs an operation without a result, unless it was done before.
     *
     * @throws E as {@link #tryHandle}, and so is everything else that is thrown
     */
    default <E extends Exception> Outcome<T> tryRun(Call call, Action<E> action) throws E {
        return tryHandle(call, execution -> {
            action.run(execution);
            return null;
        });
    }

    /**
     * Runs the operation, unless it was done before.
     *
     * @return its result, now or then; null if it has none
     * @throws E as {@link #tryHandle}, and so is everything else that is thrown but this:
     * @throws OperationRejectedException if the operation was refused, now or before
     * @throws OperationInProgressException if another owner runs it for longer than this call has waited
     * @throws IdempotencyConflictException if the key names an operation with another payload
     * @throws OutcomeUnknownException if it may have been done
     * @throws OutcomeUnreadableException if it was done before, and its result cannot be returned
     */
    default <E extends Exception> @Nullable T handle(Call call, Operation<T, E> operation) throws E {
        Outcome<T> outcome = tryHandle(call, operation);
        IdempotencyException reason =
                IdempotencyException.of(outcome, call.key().toString());
        if (reason != null) {
            throw reason;
        }
        return outcome.orElseThrow();
    }

    /**
     * Runs the operation, unless it was done before: as {@link #handle(Call, Operation)}.
     *
     * @param key of the operation; not blank
     * @param payload what is to be done, in full, so that the key is not used for something else; null if that is not compared
     */
    default <E extends Exception> @Nullable T handle(String key, @Nullable Object payload, Operation<T, E> operation)
            throws E {
        return handle(Call.of(key).withPayload(payload), operation);
    }

    /**
     * Runs an operation without a result, unless it was done before.
     *
     * @throws E as {@link #handle(Call, Operation)}, and so is everything else that is thrown; but what was done before is done,
     *     whether or not its outcome can be read
     */
    default <E extends Exception> void run(Call call, Action<E> action) throws E {
        IdempotencyException reason =
                IdempotencyException.of(tryRun(call, action), call.key().toString());
        if (reason != null && !(reason instanceof OutcomeUnreadableException)) {
            throw reason;
        }
    }

    /**
     * Runs an operation without a result, unless it was done before: as {@link #run(Call, Action)}.
     *
     * @param key of the operation; not blank
     * @param payload what is to be done, in full, so that the key is not used for something else; null if that is not compared
     */
    default <E extends Exception> void run(String key, @Nullable Object payload, Action<E> action) throws E {
        run(Call.of(key).withPayload(payload), action);
    }
}
