// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.admin;

import io.dedup.store.Completion;
import io.dedup.store.KeyRecord;
import io.dedup.store.PriorRun;
import org.jspecify.annotations.Nullable;

/** The state of an operation, as tools show it. */
public enum OperationState {
    /** An owner holds the lease. */
    IN_PROGRESS(true),

    /** The lease is over and its owner has not said how the operation ended: it may have been done. The next call takes it over. */
    STUCK(true),

    /** A run has failed, or was not begun. The next call runs it. */
    RELEASED(true),

    /** It is done. */
    SUCCEEDED(false),

    /** It has failed for good: the failure is the answer. */
    FAILED(false),

    /** It may have been done, and is not run again until that is found out. */
    UNKNOWN(true);

    private final boolean open;

    OperationState(boolean open) {
        this.open = open;
    }

    /** Whether how it ends is yet to be known. */
    public boolean isOpen() {
        return open;
    }

    /**
     * The state of a record.
     *
     * @param now by the store's clock, in milliseconds
     */
    public static OperationState of(KeyRecord record, long now) {
        return switch (record.state()) {
            case CLAIMED -> claimed(record, now);
            case RELEASED -> RELEASED;
            case COMPLETED -> ended(record.completion());
        };
    }

    private static OperationState claimed(KeyRecord record, long now) {
        if (record.isLeased(now)) {
            return IN_PROGRESS;
        }
        // An owner that was to find out and vanished leaves the operation as unknown as it was.
        return record.priorRun() == PriorRun.UNKNOWN ? UNKNOWN : STUCK;
    }

    private static OperationState ended(@Nullable Completion completion) {
        if (completion == null) {
            throw new IllegalArgumentException("record must have a completion in the state COMPLETED");
        }
        return switch (completion.kind()) {
            case SUCCEEDED -> SUCCEEDED;
            case FAILED -> FAILED;
            case UNKNOWN -> UNKNOWN;
        };
    }
}
