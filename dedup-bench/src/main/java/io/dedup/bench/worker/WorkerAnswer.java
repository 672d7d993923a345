// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.worker;

import java.util.List;

/**
 * What a worker has measured of itself.
 *
 * @param startupSeconds from the start of the process to the first record, or until it was ready if there was none
 * @param totalCpuSeconds what the process has used since its start
 * @param maxHeapAfterGcBytes the most that a collection has left, garbage of older generations included
 * @param liveHeapBytes what a full collection leaves at the end, with everything still open
 * @param rssBytes the memory of the process at the end, with everything still open; 0 where the system does not say
 * @param stateBytes in the state directory after it was closed
 * @param restoredRecords what was read back from the changelog
 * @param restoreSeconds how long that took
 * @param readySeconds from the start of the application until it had its partition and its memory
 * @param samples how far it had committed, and when
 */
public record WorkerAnswer(
        double startupSeconds,
        double totalCpuSeconds,
        long maxHeapAfterGcBytes,
        long liveHeapBytes,
        long rssBytes,
        long stateBytes,
        long restoredRecords,
        double restoreSeconds,
        double readySeconds,
        List<Sample> samples) {
    /**
     * How far it had committed at a moment.
     *
     * @param seconds since the first record
     * @param cpuSeconds what the process has used since the first record, on all cores
     * @param offset the next one
     */
    public record Sample(double seconds, double cpuSeconds, long offset) {
        private static final Sample START = new Sample(0, 0, 0);
    }

    /**
     * What some of the records took.
     *
     * @param seconds between the moments when what is before them and when the last of them was committed
     * @param cpuSeconds what the process has used meanwhile, on all cores
     */
    public record Took(double seconds, double cpuSeconds) {}

    /**
     * What the records from one offset to another took; from the first record that was read if the one is 0. Moments between
     * what was seen are on a straight line.
     *
     * @throws IllegalArgumentException if so many were never committed
     */
    public Took took(long from, long to) {
        Sample begin = at(from);
        Sample end = at(to);
        return new Took(end.seconds() - begin.seconds(), end.cpuSeconds() - begin.cpuSeconds());
    }

    private Sample at(long offset) {
        Sample before = Sample.START;
        for (Sample after : samples) {
            if (after.offset() >= offset) {
                double part = after.offset() == before.offset()
                        ? 0
                        : (double) (offset - before.offset()) / (after.offset() - before.offset());
                return new Sample(
                        before.seconds() + part * (after.seconds() - before.seconds()),
                        before.cpuSeconds() + part * (after.cpuSeconds() - before.cpuSeconds()),
                        offset);
            }
            before = after;
        }
        throw new IllegalArgumentException("Only " + before.offset() + " records were committed, not " + offset);
    }
}
