// SPDX-License-Identifier: Apache-2.0
package io.dedup.store;

/** The committed state of a {@link Claim}. */
public sealed interface ClaimState {
    /** It holds, and nothing has been recorded yet. */
    record Held() implements ClaimState {}

    /** It holds, and a transaction that has not ended is about to change it. */
    record Locked() implements ClaimState {}

    /** It was completed, with this completion. */
    record Completed(Completion completion) implements ClaimState {}

    /** It was superseded or released, or its key is gone. */
    record Lost() implements ClaimState {}

    /** The store has not answered. */
    record Indeterminate(Throwable cause) implements ClaimState {}
}
