// SPDX-License-Identifier: Apache-2.0
package io.dedup.config;

import io.dedup.DedupPolicy;
import io.dedup.config.ConfigProblem.Code;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Durations that can be used and are most likely not meant. */
public final class PolicyWarnings {
    private static final Duration MIN_TTL = Duration.ofSeconds(1);
    private static final Duration LONG = Duration.ofDays(1);
    private static final int TIMES_THE_TTL = 10;

    private PolicyWarnings() {}

    /** What is worth knowing about that policy, each with a code; all are {@linkplain Code#isWarning() warnings}. */
    public static List<ConfigProblem> of(DedupPolicy policy) {
        List<ConfigProblem> warnings = new ArrayList<>();
        if (policy.ttl().compareTo(MIN_TTL) < 0) {
            warnings.add(new ConfigProblem(
                    Code.TTL_TOO_SHORT,
                    DedupConfig.TTL_MS,
                    Long.toString(policy.ttl().toMillis()),
                    "A key is remembered for " + policy.ttl().toMillis() + " ms, and a retry comes later than that",
                    "Set it to the longest time after which a duplicate can come, in milliseconds: "
                            + DedupPolicy.DEFAULT_TTL.toMillis() + " is a day"));
        }
        keptTooLong(policy, DedupConfig.MAX_FUTURE_MS, policy.maxFuture(), warnings);
        keptTooLong(policy, DedupConfig.ALLOWED_LATENESS_MS, policy.allowedLateness(), warnings);
        return List.copyOf(warnings);
    }

    private static void keptTooLong(DedupPolicy policy, String key, Duration time, List<ConfigProblem> warnings) {
        boolean isLong = time.compareTo(LONG) > 0;
        if (isLong && time.compareTo(policy.ttl().multipliedBy(TIMES_THE_TTL)) > 0) {
            Duration kept = policy.ttl().plus(policy.allowedLateness()).plus(policy.maxFuture());
            warnings.add(new ConfigProblem(
                    Code.KEPT_TOO_LONG,
                    key,
                    Long.toString(time.toMillis()),
                    "With a TTL of " + policy.ttl() + " the changelog is kept for " + kept
                            + ", and what is remembered for as long as records are so late or so far ahead",
                    "Set it to what the clocks and the delays of the producers need, in milliseconds"));
        }
    }
}
