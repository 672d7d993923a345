// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

/** The operation was done, and what it came to cannot be given: {@link Outcome.Unreadable} as an exception. */
public final class OutcomeUnreadableException extends IdempotencyException {
    private static final long serialVersionUID = 1L;

    OutcomeUnreadableException(String message) {
        super(message);
    }
}
