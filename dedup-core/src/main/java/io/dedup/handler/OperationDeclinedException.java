// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

/**
 * Thrown by an operation that has done nothing and does not want to, such as one that is over its rate. The key is released
 * at once, also if failures are configured to keep it, and the attempt does not count.
 */
public class OperationDeclinedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * An exception with that message.
     *
     * @param message why
     */
    public OperationDeclinedException(String message) {
        super(message);
    }
}
