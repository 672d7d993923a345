// SPDX-License-Identifier: Apache-2.0
package io.dedup.store;

/** What came of a call by somebody who holds, or has held, a claim. */
public sealed interface LeaseResult {
    /** It was done, now or when the same call was made before. */
    record Done() implements LeaseResult {}

    /** It was not: the claim has been superseded, completed or released, or its key is gone. */
    record Lost() implements LeaseResult {}

    /** The store was asked and has not answered: it may have been done. Make the same call again. */
    record Indeterminate(Throwable cause) implements LeaseResult {}
}
