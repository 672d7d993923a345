// SPDX-License-Identifier: Apache-2.0
package io.dedup;

import io.dedup.config.DedupConfig;
import java.time.Duration;

/**
 * The limits within which the operator waits for source partitions that are behind others of the same task, as when a backlog is
 * read after a repartition.
 *
 * @param idleTimeout by the wall clock, after which a partition without records is waited for no longer
 * @param maxDrift in event time, by which one partition may be behind another and still be waited for
 */
public record Waiting(Duration idleTimeout, Duration maxDrift) {
    /** Five minutes, and seven days. */
    public static final Waiting DEFAULT = new Waiting(
            Duration.ofMillis(DedupConfig.DEFAULT_PARTITION_IDLE_TIMEOUT_MS),
            Duration.ofMillis(DedupConfig.DEFAULT_PARTITION_MAX_DRIFT_MS));

    /**
     * Checks the times.
     *
     * @throws IllegalArgumentException if one is negative
     */
    public Waiting {
        if (idleTimeout.isNegative()) {
            throw new IllegalArgumentException("idleTimeout must not be negative: " + idleTimeout);
        }
        if (maxDrift.isNegative()) {
            throw new IllegalArgumentException("maxDrift must not be negative: " + maxDrift);
        }
    }
}
