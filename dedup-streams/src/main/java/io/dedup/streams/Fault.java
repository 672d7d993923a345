// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import io.dedup.Judgement;
import io.dedup.config.DedupConfig;
import org.jspecify.annotations.Nullable;

/**
 * What a record is marked or refused with.
 *
 * @param reason in a word or two
 * @param detail as a sentence; null if the reason says it all
 */
record Fault(String reason, @Nullable String detail) {
    static final Fault NOT_STORED =
            new Fault("duplicate:no-outcome", "Its first was remembered without an outcome to answer with");

    static Fault of(Judgement judgement) {
        return new Fault(judgement.reason(), judgement.detail());
    }

    static Fault unreadable(RuntimeException cause) {
        return new Fault(
                "duplicate:unreadable-outcome",
                "The stored outcome of its first cannot be read: " + cause.getMessage());
    }

    static Fault tooLarge(int bytes, int most) {
        return new Fault(
                "outcome-too-large",
                "Its outcome has " + bytes + " bytes, and " + DedupConfig.OUTCOME_MAX_BYTES + " is " + most);
    }
}
