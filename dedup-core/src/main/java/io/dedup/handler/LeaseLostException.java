// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import org.jspecify.annotations.Nullable;

/**
 * Somebody else may have begun the operation before this one was done with it: the lease could not be renewed in time. What
 * this one came to has not been stored.
 */
public final class LeaseLostException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    LeaseLostException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
