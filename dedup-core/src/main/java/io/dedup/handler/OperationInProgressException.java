// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import java.time.Duration;

/** Thrown while another owner runs the operation: {@link Outcome.InProgress} as an exception. It was not done here. */
public final class OperationInProgressException extends IdempotencyException {
    private static final long serialVersionUID = 1L;

    private final Duration retryAfter;

    OperationInProgressException(String message, Duration retryAfter) {
        super(message);
        this.retryAfter = retryAfter;
    }

    /** When it makes sense to ask again, at the latest; not negative. */
    public Duration retryAfter() {
        return retryAfter;
    }
}
