// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.table;

/** Thrown when a table would take more memory than is allowed. What is in it stays there. */
public final class BudgetExceededException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    BudgetExceededException(String message) {
        super(message);
    }
}
