// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.report;

import java.util.List;
import java.util.Map;

/** Results to test reports with. */
final class Measured {
    private Measured() {}

    /** A run over 1,000 records of 800 keys. */
    static Measurement run(int round, String mode, double recordsPerSecond, long outputRecords, long expectedRecords) {
        boolean isRight = outputRecords == expectedRecords || mode.equals("camel");
        long liveHeapBytes = mode.equals("memory") ? 180_000 : 100_000;
        return new Measurement(
                round,
                mode,
                1_000,
                500,
                800,
                outputRecords,
                expectedRecords,
                isRight,
                recordsPerSecond,
                1_000 / recordsPerSecond,
                1.5,
                0.25,
                2.5,
                200_000,
                liveHeapBytes,
                300_000,
                8_000,
                16_000,
                900,
                40_000);
    }

    /** Two rounds of two modes, and one of each other experiment. */
    static Results twoRounds() {
        Results results = Results.in(Map.of("cores", 2, "modes", List.of("pass-through", "memory")));
        results.rounds().add(run(1, "pass-through", 100, 1_000, 1_000));
        results.rounds().add(run(1, "memory", 50, 800, 800));
        results.rounds().add(run(2, "memory", 90, 800, 800));
        results.rounds().add(run(2, "pass-through", 120, 1_000, 1_000));
        results.latency().add(new Latency("pass-through", 50, 500, 0, 60, 100, 120, 150, 160));
        results.latency().add(new Latency("memory", 50, 500, 1, 62, 110, 133.5, 160, 170));
        results.growth().add(new Growth("memory", 1_000, 1_250, 95));
        results.growth().add(new Growth("memory", 5_000, 1_250, 90));
        results.restore().add(new Restore("memory", 800, 820, 0.4, 2.5, 2_000));
        return results;
    }
}
