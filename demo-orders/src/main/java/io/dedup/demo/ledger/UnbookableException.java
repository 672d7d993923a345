// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.ledger;

/** Says that something is wrong with a record: it would not be booked the next time either. */
public final class UnbookableException extends RuntimeException {
    private static final long serialVersionUID = 1;

    UnbookableException(String message, Throwable cause) {
        super(message, cause);
    }
}
