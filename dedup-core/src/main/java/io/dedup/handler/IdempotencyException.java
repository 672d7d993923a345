// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import org.jspecify.annotations.Nullable;

/** Thrown when there is no value for a caller, for one of the reasons that {@link Outcome} has. */
public abstract sealed class IdempotencyException extends RuntimeException
        permits OperationRejectedException,
                OperationInProgressException,
                IdempotencyConflictException,
                OutcomeUnknownException,
                OutcomeUnreadableException {
    private static final long serialVersionUID = 1L;

    IdempotencyException(String message) {
        super(message);
    }

    /**
     * The exception for an answer; null if it has a value.
     *
     * @param operation names the operation in messages; null if it has no name there
     */
    static @Nullable IdempotencyException of(Outcome<?> outcome, @Nullable String operation) {
        String name = operation == null ? "The operation" : "The operation " + operation;
        if (outcome instanceof Outcome.Rejected<?> rejected) {
            return new OperationRejectedException(rejected.code(), rejected.message(), rejected.replayed());
        } else if (outcome instanceof Outcome.InProgress<?> busy) {
            return new OperationInProgressException(
                    name + " is run by another owner; ask again within " + busy.retryAfter(), busy.retryAfter());
        } else if (outcome instanceof Outcome.Conflict<?>) {
            return new IdempotencyConflictException(
                    name + " was asked for with another payload before: use another key for another operation");
        } else if (outcome instanceof Outcome.Unknown<?>) {
            return new OutcomeUnknownException(
                    name + " may have been done: find out, and resolve it or give the handler a Reconciler");
        } else if (outcome instanceof Outcome.Unreadable<?> unreadable) {
            return new OutcomeUnreadableException(
                    name + " was done before, and its result cannot be returned: " + unreadable.reason());
        }
        return null;
    }
}
