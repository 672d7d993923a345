// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal;

import io.dedup.Decision;
import io.dedup.config.DedupConfig;
import org.jspecify.annotations.Nullable;

/**
 * The reason with which a record is marked or refused.
 *
 * @param reason in a word or two
 * @param detail as a sentence; null if the reason says it all
 */
public record Rejection(String reason, @Nullable String detail) {
    public static final Rejection NOT_STORED =
            new Rejection("duplicate:no-outcome", "Its first was remembered without an outcome to answer with");

    public static Rejection of(Decision decision) {
        return new Rejection(decision.reason(), decision.detail());
    }

    public static Rejection unreadable(RuntimeException cause) {
        return new Rejection(
                "duplicate:unreadable-outcome",
                "The stored outcome of its first cannot be read: " + cause.getMessage());
    }

    public static Rejection tooLarge(int bytes, int most) {
        return new Rejection(
                "outcome-too-large",
                "Its outcome has " + bytes + " bytes, and " + DedupConfig.OUTCOME_MAX_BYTES + " is " + most);
    }
}
