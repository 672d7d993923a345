// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import io.dedup.StoredOutcome;
import java.time.Duration;
import java.util.Optional;

/** What became of an operation that was to be done. */
public sealed interface Outcome {
    /**
     * It was done now.
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
     * It had been done before, and this is what it came to then, byte for byte.
     *
     * @param failed whether it had failed in a way that is its {@linkplain OnFailure#store outcome}
     */
    record Replayed(StoredOutcome outcome, boolean failed) implements Outcome {
        @Override
        public Optional<StoredOutcome> stored() {
            return Optional.of(outcome);
        }
    }

    /**
     * Somebody else is doing it, and has not been done with it for as long as this one waited. It was not done here.
     *
     * @param retryAfter when it makes sense to ask again, at the latest; not negative
     */
    record InProgress(Duration retryAfter) implements Outcome {}

    /** The key names an operation with another payload. It was not done. */
    record Conflict() implements Outcome {}

    /** It may have been done, and nobody knows. It is not done again until somebody has {@linkplain Reconciler found out}. */
    record Unknown() implements Outcome {}

    /** What it came to, whether now or before. */
    default Optional<StoredOutcome> stored() {
        return Optional.empty();
    }
}
