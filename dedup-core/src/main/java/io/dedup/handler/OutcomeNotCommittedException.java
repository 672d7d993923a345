// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

/**
 * Thrown when an operation has {@linkplain Execution#complete noted its outcome} in a transaction, and has returned without that
 * transaction being committed: it was rolled back, so that neither the effect nor the outcome is there. It is a failure of the
 * operation like any that the operation throws.
 */
public final class OutcomeNotCommittedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    OutcomeNotCommittedException(String operation) {
        super("The operation " + operation + " has noted its outcome in a transaction that was not committed:"
                + " commit it before the operation returns, or throw what has made it fail");
    }
}
