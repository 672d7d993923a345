// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.admin;

import java.time.Duration;
import java.util.Optional;

/** The answer to a {@link Repair}. Nothing was changed unless it is {@link Done}, or may be {@link Indeterminate}. */
public sealed interface RepairResult {
    /**
     * It was done, or would be in a {@linkplain Repair#dryRun dry run}.
     *
     * @param after empty if the operation was forgotten
     */
    record Done(StoredOperation before, Optional<StoredOperation> after) implements RepairResult {}

    /**
     * An owner holds the lease, and may be running the operation.
     *
     * @param leaseLeft how long from now, unless it is renewed
     */
    record InProgress(Duration leaseLeft) implements RepairResult {}

    /** A transaction that has not ended holds the key, and is about to say how the operation ended. */
    record Locked() implements RepairResult {}

    /** It is no longer as it was seen. */
    record Changed(StoredOperation current) implements RepairResult {}

    /** It is known how the operation ended: there is nothing to resolve. It may be forgotten. */
    record Ended(StoredOperation current) implements RepairResult {}

    /** There is no such operation. */
    record Absent() implements RepairResult {}

    /** The store was asked and has not answered: it may have been done. Look again. */
    record Indeterminate(Throwable cause) implements RepairResult {}
}
