// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.operator;

/** Thrown where nothing that is remembered would be kept. An error, which no exception handler for records skips. */
final class UnusableChangelogError extends Error {
    private static final long serialVersionUID = 1L;

    UnusableChangelogError(String message) {
        super(message);
    }
}
