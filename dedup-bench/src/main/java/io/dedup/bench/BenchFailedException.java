// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench;

import java.io.Serial;

/** The benchmark cannot go on. */
final class BenchFailedException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1;

    BenchFailedException(String message, Throwable cause) {
        super(message, cause);
    }
}
