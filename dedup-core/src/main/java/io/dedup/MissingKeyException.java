// SPDX-License-Identifier: Apache-2.0
package io.dedup;

/**
 * Thrown for a record without a usable idempotency key, where one is required. The message names the source, what is wrong there
 * and how it is put right; it carries nothing of the payload.
 */
public final class MissingKeyException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final MissingKey.Reason reason;
    private final String source;

    MissingKeyException(MissingKey missing) {
        super("No idempotency key in " + missing.source() + ": " + missing.detail() + ". " + fix(missing.reason()));
        this.reason = missing.reason();
        this.source = missing.source();
    }

    /** What kind of fault it is. */
    public MissingKey.Reason reason() {
        return reason;
    }

    /** Where the key was looked for, as in configuration: {@code header:idempotency-key}. */
    public String source() {
        return source;
    }

    private static String fix(MissingKey.Reason reason) {
        return switch (reason) {
            case ABSENT -> "Have the sender set it, or name another source as well (dedup.key)";
            case EMPTY -> "Have the sender fill it";
            case PLACEHOLDER ->
                "Have the sender make a key for each operation, or take the text off the list of placeholders"
                        + " (dedup.key.placeholders)";
            case PATTERN_MISMATCH ->
                "Have the sender send keys of that form, or change the pattern (dedup.key.pattern)";
            case TOO_LONG -> "Have the sender shorten it, or raise the limit (dedup.key.max.bytes)";
            case AMBIGUOUS -> "Have the sender, and what relays its records, set it once";
            case INVALID_JSON -> "Have the sender write one well-formed JSON document, or name a header as the source";
            case NOT_SCALAR -> "Name a string or a number inside it, or take the digest of it with sha256:";
            case NOT_TEXT -> "Have the sender write it as a string: 25 and \"25\" would be one key";
            case BATCH -> "Have the sender send the events one by one";
        };
    }
}
