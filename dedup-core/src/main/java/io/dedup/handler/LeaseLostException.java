// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import org.jspecify.annotations.Nullable;

/**
 * Thrown when another owner may have begun the operation before this one had ended it: the lease could not be renewed in time. The
 * outcome of this one has not been stored.
 */
public final class LeaseLostException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    LeaseLostException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
