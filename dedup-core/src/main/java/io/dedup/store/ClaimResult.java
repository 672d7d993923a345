// SPDX-License-Identifier: Apache-2.0
package io.dedup.store;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** The answer to a {@link ClaimRequest}. */
public sealed interface ClaimResult {
    /** The claim is given. */
    record Acquired(Claim claim) implements ClaimResult {}

    /**
     * Another owner runs the operation.
     *
     * @param leaseLeft until when no other owner can have it, unless it is released, completed or renewed before; at least 0
     */
    record InProgress(Duration leaseLeft) implements ClaimResult {}

    /**
     * A transaction that has not ended holds the key, or a statement of another connection does. Nothing else is known. Ask
     * again.
     */
    record Locked() implements ClaimResult {}

    /** The operation has been run. */
    record Completed(Completion completion) implements ClaimResult {}

    /** The key is in use for an operation with another payload. */
    record Conflict() implements ClaimResult {}

    /**
     * The store could not be asked, has no room, or refuses. Nothing has changed.
     *
     * @param reason what is wrong, and the fix
     */
    record Unavailable(String reason, @Nullable Throwable cause) implements ClaimResult {}

    /** The store was asked and has not answered: the claim may have been given. Send the same request again. */
    record Indeterminate(Throwable cause) implements ClaimResult {}
}
