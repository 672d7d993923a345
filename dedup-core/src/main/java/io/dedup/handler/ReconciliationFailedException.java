// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

/** A {@link Reconciler} has thrown, so that the outcome of the operation is still unknown. The cause is what it has thrown. */
public final class ReconciliationFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ReconciliationFailedException(String operation, Throwable cause) {
        super("Whether the operation " + operation + " was done could not be found out: " + cause.getMessage(), cause);
    }
}
