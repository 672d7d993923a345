// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import io.dedup.StoredOutcome;
import java.time.Duration;
import java.util.Optional;

/** The answer to a call of {@link IdempotentHandler#handle}. */
public sealed interface Outcome {
    /**
     * The operation was done now.
     *
     * @param failed whether it has failed in a way that is its {@linkplain OnFailure#store outcome}
     */
    record Processed(StoredOutcome outcome, boolean failed) implements Outcome {
        @Override
        public Optional<StoredOutcome> stored() {
            return Optional.of(outcome);
        }
    }

    /**
     * The operation had been done before.
     *
     * @param stored its outcome then, byte for byte; empty if that was too long to be stored
     * @param failed whether it had failed in a way that is its {@linkplain OnFailure#store outcome}
     */
    record Replayed(Optional<StoredOutcome> stored, boolean failed) implements Outcome {}

    /**
     * Another owner runs the operation, and has not ended it for as long as this call waited. It was not done here.
     *
     * @param retryAfter when it makes sense to ask again, at the latest; not negative
     */
    record InProgress(Duration retryAfter) implements Outcome {}

    /** The key names an operation with another payload. It was not done. */
    record Conflict() implements Outcome {}

    /** It may have been done. It is not run again until a {@link Reconciler} has found out. */
    record Unknown() implements Outcome {}

    /** The outcome of the operation, whether it was done now or before; empty if there is none, or it was not kept. */
    default Optional<StoredOutcome> stored() {
        return Optional.empty();
    }
}
