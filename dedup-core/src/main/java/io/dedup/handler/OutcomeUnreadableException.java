// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

/** Thrown when the operation was done, and its outcome cannot be returned: {@link Outcome.Unreadable} as an exception. */
public final class OutcomeUnreadableException extends IdempotencyException {
    private static final long serialVersionUID = 1L;

    OutcomeUnreadableException(String message) {
        super(message);
    }
}
