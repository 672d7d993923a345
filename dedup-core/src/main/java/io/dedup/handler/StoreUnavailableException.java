// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import org.jspecify.annotations.Nullable;

/** Thrown when the store could not say which owner is to run an operation, or has not confirmed how it ended. */
public final class StoreUnavailableException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final boolean operationRan;

    StoreUnavailableException(String message, boolean operationRan, @Nullable Throwable cause) {
        super(message, cause);
        this.operationRan = operationRan;
    }

    /**
     * Whether the operation has been run all the same, and only its end is not known to be stored. The handler goes on trying
     * to store it, and later calls with the key on this handler get it once that has succeeded; they do not run the operation
     * again. If this process ends before that, the key is free when its lease is over, and a retry runs the operation with
     * the same {@linkplain Execution#downstreamKey downstream key}.
     */
    public boolean operationRan() {
        return operationRan;
    }
}
