// SPDX-License-Identifier: Apache-2.0
package io.dedup.store;

/** The answer to a call that needs a {@link Claim}. */
public sealed interface LeaseResult {
    /** It was done, now or when the same call was made before. */
    record Done() implements LeaseResult {}

    /** It was not: the claim has been superseded, completed or released, or its key is gone. */
    record Lost() implements LeaseResult {}

    /**
     * It was not: a transaction that has not ended holds the key, as after {@code complete} on a connection of the operation.
     * Until that transaction ends no other owner can have the key either. Make the same call again later.
     */
    record Locked() implements LeaseResult {}

    /** The store was asked and has not answered: it may have been done. Make the same call again. */
    record Indeterminate(Throwable cause) implements LeaseResult {}
}
