// SPDX-License-Identifier: Apache-2.0
package io.dedup.store;

import io.dedup.StoredOutcome;

/** What an operation came to, as it is kept for those who ask for it again. */
public record Completion(Kind kind, StoredOutcome outcome) {
    /** How an operation ended. */
    public enum Kind {
        /** It was done. */
        SUCCEEDED,
        /** It was not, and is not to be tried again: the failure is the answer. */
        FAILED,
        /**
         * Nobody knows whether it was done. Terminal: it is not run again until somebody has found out, with a {@linkplain
         * ClaimRequest#reopening request that reopens} it.
         */
        UNKNOWN
    }

    /** An operation that was done, with what it came to. */
    public static Completion succeeded(StoredOutcome outcome) {
        return new Completion(Kind.SUCCEEDED, outcome);
    }

    /** An operation that has failed for good, with what is to be answered. */
    public static Completion failed(StoredOutcome outcome) {
        return new Completion(Kind.FAILED, outcome);
    }

    /** An operation of which nobody knows whether it was done. */
    public static Completion unknown() {
        return new Completion(Kind.UNKNOWN, StoredOutcome.of(null));
    }
}
