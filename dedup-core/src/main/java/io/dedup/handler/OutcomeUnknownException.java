// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

/**
 * Thrown when the operation may have been done: {@link Outcome.Unknown} as an exception. It is not run again before that is found
 * out.
 */
public final class OutcomeUnknownException extends IdempotencyException {
    private static final long serialVersionUID = 1L;

    OutcomeUnknownException(String message) {
        super(message);
    }
}
