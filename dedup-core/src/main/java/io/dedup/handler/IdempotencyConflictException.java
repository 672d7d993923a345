// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

/** Thrown when the key names an operation with another payload: {@link Outcome.Conflict} as an exception. It was not done. */
public final class IdempotencyConflictException extends IdempotencyException {
    private static final long serialVersionUID = 1L;

    IdempotencyConflictException(String message) {
        super(message);
    }
}
