// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.report;

/**
 * How long records of one mode were on their way at a fixed rate, from when they were due to be sent until a reader of committed
 * records had them.
 *
 * @param mode its name
 * @param recordsPerSecond the rate
 * @param measured how many records that came out were timed
 * @param lateSends how many records were sent more than 10 ms after they were due, and count from when they were due
 * @param p50Ms the median in milliseconds
 * @param p90Ms what one of ten takes longer than
 * @param p99Ms what one of a hundred takes longer than
 * @param p999Ms what one of a thousand takes longer than
 * @param maxMs the most
 */
public record Latency(
        String mode,
        double recordsPerSecond,
        long measured,
        long lateSends,
        double p50Ms,
        double p90Ms,
        double p99Ms,
        double p999Ms,
        double maxMs) {}
