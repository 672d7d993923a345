// SPDX-License-Identifier: Apache-2.0
package io.dedup.store;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What came of the wish to run an operation. */
public sealed interface ClaimResult {
    /**
     * The right is given.
     *
     * @param takenOver whether it was somebody else's, whose lease is over: the operation may have been done in part, or
     *     whole
     */
    record Acquired(Claim claim, boolean takenOver) implements ClaimResult {}

    /**
     * Somebody else runs the operation.
     *
     * @param leaseLeft how long nobody else may, unless it is released, completed or renewed before; at least 0
     */
    record InProgress(Duration leaseLeft) implements ClaimResult {}

    /** The operation has been run. */
    record Completed(Completion completion) implements ClaimResult {}

    /** The key is in use for an operation with another payload. */
    record Conflict() implements ClaimResult {}

    /**
     * The store could not be asked, or has no room. Nothing has changed.
     *
     * @param reason what is the matter, and what to do about it
     */
    record Unavailable(String reason, @Nullable Throwable cause) implements ClaimResult {}

    /** The store was asked and has not answered: the right may have been given. Send the same request again. */
    record Indeterminate(Throwable cause) implements ClaimResult {}
}
