// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.metrics;

import io.dedup.Verdict;

/** The names of the operator's metrics, in the group {@value #GROUP}. */
public final class DedupMetrics {
    /** The group of all these metrics. */
    public static final String GROUP = "stream-dedup-metrics";

    /** The word before {@code -total} and {@code -rate} in the name of the metric that counts records that cannot be written. */
    public static final String UNWRITABLE = "unwritable";

    private DedupMetrics() {}

    /** The word before {@code -total} and {@code -rate} in the name of the metric that counts records of that verdict. */
    public static String nameOf(Verdict verdict) {
        return switch (verdict) {
            case FIRST -> "firsts";
            case REPLAY -> "replays";
            case DUPLICATE -> "duplicates";
            case CONFLICT -> "conflicts";
            case MISSING_KEY -> "missing-keys";
            case INVALID_TTL -> "invalid-ttls";
            case INVALID_TIMESTAMP -> "invalid-timestamps";
            case LATE -> "late";
            case FUTURE -> "future";
        };
    }
}
