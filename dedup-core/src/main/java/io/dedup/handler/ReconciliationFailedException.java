// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

/**
 * Thrown when a {@link Reconciler} has failed, so that the outcome of the operation is still unknown. The cause is what it has
 * thrown.
 */
public final class ReconciliationFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int attempt;

    ReconciliationFailedException(String operation, int attempt, Throwable cause) {
        super("Whether the operation " + operation + " was done could not be found out: " + cause.getMessage(), cause);
        this.attempt = attempt;
    }

    /** How often the operation has been begun or asked about, this time included; from 1. */
    public int attempt() {
        return attempt;
    }
}
