// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Thrown when an operation has taken longer than {@link HandlerBuilder#withMaxDuration}: it was interrupted, and has failed. It
 * may have been done in part, or whole. The key is released, unless {@link HandlerBuilder#withFailure} says something else about
 * this exception.
 */
public final class OperationTimeoutException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    OperationTimeoutException(String operation, Duration maxDuration, @Nullable Throwable cause) {
        super("The operation " + operation + " has taken longer than " + maxDuration + " and was interrupted", cause);
    }
}
