// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.report;

/**
 * One run of one mode.
 *
 * @param round from 1
 * @param mode its name
 * @param records how many were measured
 * @param warmUpRecords how many were read before these
 * @param distinctKeys how many keys all of these have
 * @param outputRecords how many were let through
 * @param expectedRecords how many a deduplication has to let through; for the mode that does not deduplicate, all
 * @param isRight whether these are equal, or the mode has rules of its own
 * @param recordsPerSecond from when the last of those before was committed, or the first was read, until all were committed
 * @param seconds the time of that
 * @param startupSeconds from the start of the process to the first record
 * @param cpuSeconds of the process in that time, on all cores
 * @param totalCpuSeconds of the process since its start
 * @param maxHeapAfterGcBytes the most that a collection has left
 * @param liveHeapBytes what a full collection leaves at the end
 * @param rssBytes resident memory at the end; 0 where the system does not say
 * @param stateBytes in the state directory after closing
 * @param changelogBytes on the broker's disk
 * @param changelogRecords in the changelogs, with the markers of transactions
 * @param outputBytes on the broker's disk
 */
public record Measurement(
        int round,
        String mode,
        long records,
        long warmUpRecords,
        long distinctKeys,
        long outputRecords,
        long expectedRecords,
        boolean isRight,
        double recordsPerSecond,
        double seconds,
        double startupSeconds,
        double cpuSeconds,
        double totalCpuSeconds,
        long maxHeapAfterGcBytes,
        long liveHeapBytes,
        long rssBytes,
        long stateBytes,
        long changelogBytes,
        long changelogRecords,
        long outputBytes) {}
