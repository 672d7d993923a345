// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import io.dedup.StoredOutcome;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What is done with the key when its operation fails.
 *
 * <p>Immutable and thread-safe.
 */
public final class OnFailure {
    private static final OnFailure RELEASE = new OnFailure(false, null);
    private static final OnFailure KEEP = new OnFailure(true, null);

    private final boolean keeps;
    private final @Nullable Function<Throwable, byte @Nullable []> outcome;

    private OnFailure(boolean keeps, @Nullable Function<Throwable, byte @Nullable []> outcome) {
        this.keeps = keeps;
        this.outcome = outcome;
    }

    /** It is released, so that a retry does the operation. For failures after which nothing has been done. */
    public static OnFailure release() {
        return RELEASE;
    }

    /**
     * It is kept, and the outcome is {@linkplain Outcome.Unknown unknown}: retries get that answer and do nothing. For failures
     * after which the operation may have been done, such as a payment provider that has not answered.
     */
    public static OnFailure keep() {
        return KEEP;
    }

    /**
     * The failure is the outcome, and retries get it. For failures that would be the same again, such as a declined card.
     *
     * @param outcome the bytes to be stored
     */
    public static OnFailure store(Function<Throwable, byte @Nullable []> outcome) {
        return new OnFailure(true, outcome);
    }

    boolean releases() {
        return !keeps;
    }

    /** The outcome that a failure is; null if it is unknown whether the operation was done. */
    @Nullable
    StoredOutcome outcomeOf(Throwable failure) {
        return outcome == null ? null : StoredOutcome.of(outcome.apply(failure));
    }
}
