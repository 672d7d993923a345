// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import org.jspecify.annotations.Nullable;

/** The store could not say who is to do an operation, or could not note what it came to. */
public final class StoreUnavailableException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final boolean operationRan;

    StoreUnavailableException(String message, boolean operationRan, @Nullable Throwable cause) {
        super(message, cause);
        this.operationRan = operationRan;
    }

    /**
     * Whether the operation was done all the same, and only its outcome is not known to be stored. Then the key is free when
     * its lease is over, and a retry does the operation again: with the same {@linkplain Execution#downstreamKey key} passed
     * on.
     */
    public boolean operationRan() {
        return operationRan;
    }
}
