// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import io.dedup.StoredOutcome;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The answer to a call of an {@link IdempotentHandler}. {@link #orElseThrow} and {@link #fold} are for callers that need no more
 * than the value and the reason why there is none.
 *
 * @param <T> the result of operations
 */
public sealed interface Outcome<T> {
    /**
     * The operation was done now.
     *
     * @param value its result; null if it has none
     */
    record Processed<T>(@Nullable T value) implements Outcome<T> {}

    /**
     * The operation had been done before.
     *
     * @param value its result then; null if it had none
     */
    record Replayed<T>(@Nullable T value) implements Outcome<T> {}

    /**
     * The operation was refused, now or before, for a reason that would be the same again: a declined card. No effect took
     * place, and none will under this key.
     *
     * @param code what it was refused for, for programs: {@code card_declined}
     * @param message the same for people
     * @param replayed whether that was an earlier call
     */
    record Rejected<T>(String code, String message, boolean replayed) implements Outcome<T> {}

    /**
     * Another owner runs the operation, and has not ended it for as long as this call waited. It was not done here.
     *
     * @param retryAfter when it makes sense to ask again, at the latest; not negative
     */
    record InProgress<T>(Duration retryAfter) implements Outcome<T> {}

    /** The key names an operation with another payload. It was not done. */
    record Conflict<T>() implements Outcome<T> {}

    /** It may have been done. It is not run again until a {@link Reconciler} has found out. */
    record Unknown<T>() implements Outcome<T> {}

    /**
     * The operation had been done before, and its result cannot be returned: it was too long to be stored, or was stored by
     * another codec or a newer version of this one.
     *
     * @param reason which of these, and the fix
     * @param stored what is stored; empty if that was too long
     */
    record Unreadable<T>(String reason, Optional<StoredOutcome> stored) implements Outcome<T> {}

    /** Whether this answer is that of an earlier call, which may have ended in any way. */
    default boolean isReplayed() {
        return this instanceof Replayed
                || this instanceof Unreadable
                || (this instanceof Rejected<T> rejected && rejected.replayed());
    }

    /**
     * The result of the operation, whether it was done now or before; null if there is no result.
     *
     * @throws OperationRejectedException if it was refused
     * @throws OperationInProgressException if another owner runs it
     * @throws IdempotencyConflictException if the key names another operation
     * @throws OutcomeUnknownException if it may have been done
     * @throws OutcomeUnreadableException if it was done, and its result cannot be returned
     */
    default @Nullable T orElseThrow() {
        IdempotencyException reason = IdempotencyException.of(this, null);
        if (reason != null) {
            throw reason;
        }
        return this instanceof Processed<T> processed ? processed.value() : ((Replayed<T>) this).value();
    }

    /**
     * Makes one thing of every answer.
     *
     * @param value makes it of the result of the operation, which is null if there is no result
     * @param otherwise makes it of the reason why there is no value, as {@link #orElseThrow} throws it
     */
    default <R> R fold(
            Function<? super @Nullable T, ? extends R> value,
            Function<? super IdempotencyException, ? extends R> otherwise) {
        IdempotencyException reason = IdempotencyException.of(this, null);
        return reason == null ? value.apply(orElseThrow()) : otherwise.apply(reason);
    }
}
