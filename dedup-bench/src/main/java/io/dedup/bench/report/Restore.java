// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.report;

/**
 * How long one mode took to come back without its local state.
 *
 * @param mode its name
 * @param keys how many were remembered
 * @param restoredRecords how many records of the changelog were read back
 * @param restoreSeconds how long that took
 * @param readySeconds from the start of the application until it was running
 * @param keysPerSecond of restoring
 */
public record Restore(
        String mode,
        long keys,
        long restoredRecords,
        double restoreSeconds,
        double readySeconds,
        double keysPerSecond) {}
