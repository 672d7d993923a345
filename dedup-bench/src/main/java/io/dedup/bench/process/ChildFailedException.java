// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.process;

import java.io.Serial;

/** A process that was started for a measurement has ended without doing what it was started for. */
public final class ChildFailedException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1;

    ChildFailedException(String message) {
        super(message);
    }
}
