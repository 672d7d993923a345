// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.web;

/** Thrown when the brokers may not have a record. */
final class UnpublishedException extends Exception {
    private static final long serialVersionUID = 1L;

    UnpublishedException(Throwable cause) {
        super("The brokers may not have the record", cause);
    }
}
