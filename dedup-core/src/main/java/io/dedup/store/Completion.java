// SPDX-License-Identifier: Apache-2.0
package io.dedup.store;

import io.dedup.StoredOutcome;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The end of an operation, as it is kept for later calls with its key. Immutable.
 *
 * @param outcome empty if the kind is {@link Kind#UNKNOWN}, or if the outcome was too long to be stored
 */
public record Completion(Kind kind, Optional<StoredOutcome> outcome) {
    /** How an operation ended. */
    public enum Kind {
        /** It was done. */
        SUCCEEDED,
        /** It was not, and is not to be tried again: the failure is the answer. */
        FAILED,
        /**
         * It may have been done. Terminal: it is not run again until its outcome has been found out, by a {@linkplain
         * ClaimRequest#reopening request that reopens} it.
         */
        UNKNOWN
    }

    private static final Completion UNKNOWN = new Completion(Kind.UNKNOWN, Optional.empty());

    /**
     * A completion.
     *
     * @throws IllegalArgumentException if there is an outcome of the kind {@link Kind#UNKNOWN}
     */
    public Completion {
        if (kind == Kind.UNKNOWN && outcome.isPresent()) {
            throw new IllegalArgumentException("outcome must be empty where the kind is UNKNOWN: " + outcome);
        }
    }

    /** An operation that was done, with its outcome. */
    public static Completion succeeded(StoredOutcome outcome) {
        return new Completion(Kind.SUCCEEDED, Optional.of(outcome));
    }

    /** An operation that has failed for good, with what is to be answered. */
    public static Completion failed(StoredOutcome outcome) {
        return new Completion(Kind.FAILED, Optional.of(outcome));
    }

    /** An operation that may have been done. */
    public static Completion unknown() {
        return UNKNOWN;
    }

    /** The same end without its outcome, where that is too long to be stored. The operation stays done, or failed. */
    public Completion withoutOutcome() {
        return new Completion(kind, Optional.empty());
    }

    /** The letter that stores write for it, beside the bytes of the outcome. */
    public String code() {
        return switch (kind) {
            case SUCCEEDED -> outcome.isPresent() ? "S" : "L";
            case FAILED -> outcome.isPresent() ? "F" : "M";
            case UNKNOWN -> "U";
        };
    }

    /** The bytes that stores write; null if there are none. */
    public byte @Nullable [] outcomeBytes() {
        return outcome.map(StoredOutcome::bytes).orElse(null);
    }

    /**
     * Reads what a store has written.
     *
     * @param bytes of the outcome; null if there are none
     * @throws IllegalArgumentException if there is no such letter
     */
    public static Completion of(String code, byte @Nullable [] bytes) {
        return switch (code) {
            case "S" -> succeeded(StoredOutcome.of(bytes));
            case "F" -> failed(StoredOutcome.of(bytes));
            case "L" -> new Completion(Kind.SUCCEEDED, Optional.empty());
            case "M" -> new Completion(Kind.FAILED, Optional.empty());
            case "U" -> UNKNOWN;
            default -> throw new IllegalArgumentException("code must be one of S, F, L, M and U: " + code);
        };
    }
}
