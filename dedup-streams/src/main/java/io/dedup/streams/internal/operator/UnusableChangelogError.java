// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.operator;

/** Thrown when the changelog would not keep what is remembered. An error, which no exception handler for records skips. */
final class UnusableChangelogError extends Error {
    private static final long serialVersionUID = 1L;

    UnusableChangelogError(String message) {
        super(message);
    }
}
