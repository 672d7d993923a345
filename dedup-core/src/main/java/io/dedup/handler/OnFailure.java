// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The treatment of the key when its operation fails.
 *
 * <p>Immutable and thread-safe.
 */
public final class OnFailure {
    private static final OnFailure RELEASE = new OnFailure(false, null);
    private static final OnFailure UNKNOWN = new OnFailure(true, null);

    private final boolean keeps;
    private final @Nullable Function<Throwable, OperationRejectedException> rejection;

    private OnFailure(boolean keeps, @Nullable Function<Throwable, OperationRejectedException> rejection) {
        this.keeps = keeps;
        this.rejection = rejection;
    }

    /** It is released, so that a retry does the operation. For failures after which nothing has been done. */
    public static OnFailure release() {
        return RELEASE;
    }

    /**
     * It is kept, and the outcome is {@linkplain Outcome.Unknown unknown}: retries get that answer and do nothing. For failures
     * after which the operation may have been done, such as a payment provider that has not answered.
     */
    public static OnFailure unknown() {
        return UNKNOWN;
    }

    /**
     * The failure is a {@linkplain Outcome.Rejected rejection}, which retries get too. For failures without an effect that would be
     * the same again, such as a declined card.
     *
     * @param code what for, for programs; the message is that of the failure
     * @throws IllegalArgumentException if the code is blank
     */
    public static OnFailure reject(String code) {
        OperationRejectedException checked = new OperationRejectedException(code, "");
        return rejecting(failure -> new OperationRejectedException(
                checked.code(), failure.getMessage() == null ? code : failure.getMessage()));
    }

    /**
     * The failure is a {@linkplain Outcome.Rejected rejection}, which retries get too.
     *
     * @param rejection makes it of the failure. If it throws, the rejection has the name of the failure's class as its code
     */
    public static OnFailure rejecting(Function<Throwable, OperationRejectedException> rejection) {
        return new OnFailure(true, rejection);
    }

    boolean releases() {
        return !keeps;
    }

    /** The rejection that a failure is; null if it is unknown whether the operation was done. */
    @Nullable
    OperationRejectedException rejectionOf(Throwable failure) {
        return rejection == null
                ? null
                : Objects.requireNonNull(
                        rejection.apply(failure), "rejection must make something of the failure: null");
    }
}
