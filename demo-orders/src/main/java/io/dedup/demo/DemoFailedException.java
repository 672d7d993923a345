// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo;

import org.jspecify.annotations.Nullable;

/** A run that could not be finished; the message says why and what to do. */
final class DemoFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    DemoFailedException(String message) {
        this(message, null);
    }

    DemoFailedException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
