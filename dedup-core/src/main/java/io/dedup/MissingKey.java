// SPDX-License-Identifier: Apache-2.0
package io.dedup;

import java.util.Locale;

/**
 * The finding that a record carries no usable idempotency key.
 *
 * @param reason what kind of fault it is
 * @param source where the key was looked for, as in configuration: {@code header:idempotency-key}
 * @param detail one sentence for a person, without any of the payload
 */
public record MissingKey(Reason reason, String source, String detail) implements KeyResult {
    @Override
    public IdempotencyKey orElseThrow() {
        throw toException();
    }

    /** The exception that says this, with the fix. */
    public MissingKeyException toException() {
        return new MissingKeyException(this);
    }

    /** Why there is no usable key. */
    public enum Reason {
        /** Nothing stands where the key should be. */
        ABSENT,
        /** The key is there, and has no bytes or nothing but white space. */
        EMPTY,
        /** The key is a text that programs write where they have no key, as {@code null}: other operations have it as well. */
        PLACEHOLDER,
        /** The key does not match the pattern that is configured. */
        PATTERN_MISMATCH,
        /** The key has more bytes than allowed. */
        TOO_LONG,
        /** There are several keys and they differ, so that none can be trusted. */
        AMBIGUOUS,
        /** The key should be in the value, and the value is not JSON. */
        INVALID_JSON,
        /** The key should be a string or a number, and is an object, an array or a boolean. */
        NOT_SCALAR,
        /** The key should be a string, and is a number. */
        NOT_TEXT,
        /** The record is a batch of events, of which each has a key. */
        BATCH;

        /** The name as it is written in headers: lower case with hyphens, {@code too-long}. */
        public String text() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }
}
