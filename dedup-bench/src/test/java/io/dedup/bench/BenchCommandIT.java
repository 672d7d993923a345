// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import io.dedup.bench.load.Load;
import io.dedup.bench.mode.Mode;
import io.dedup.bench.mode.Modes;
import io.dedup.bench.report.Growth;
import io.dedup.bench.report.Latency;
import io.dedup.bench.report.Measurement;
import io.dedup.bench.report.Restore;
import io.dedup.bench.report.Results;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Calls the command as a person does, with fewer records. */
class BenchCommandIT {
    private static final int RECORDS = 20_000;
    private static final int SLOW_RECORDS = 2_000;
    private static final int WARM_UP = 5_000;

    @TempDir
    private Path directory = Path.of("");

    @Test
    void run_oneRound_measuresAndChecksEveryMode() throws IOException {
        // Given
        Path file = directory.resolve("results.json");
        // When
        CommandRun run = CommandRun.of(
                Modes::named,
                "--modes=pass-through,rocksdb,redis",
                "--records=" + RECORDS,
                "--slow-records=" + SLOW_RECORDS,
                "--warm-up=" + WARM_UP,
                "--rounds=1",
                "--heap=256m",
                "--broker-heap=512m",
                "--json=" + file);
        // Then
        assertThat(run.exitCode()).as(run.out() + run.err()).isZero();
        Results results = Results.read(file);
        assertThat(results.rounds()).extracting(Measurement::mode).containsExactly("pass-through", "rocksdb", "redis");
        assertThat(results.rounds())
                .extracting(Measurement::outputRecords)
                .containsExactly(
                        (long) WARM_UP + RECORDS, distinctKeys(WARM_UP + RECORDS), distinctKeys(2 * SLOW_RECORDS));
        assertThat(results.rounds())
                .extracting(Measurement::records)
                .containsExactly((long) RECORDS, (long) RECORDS, (long) SLOW_RECORDS);
        assertThat(results.rounds())
                .extracting(Measurement::warmUpRecords)
                .containsExactly((long) WARM_UP, (long) WARM_UP, (long) SLOW_RECORDS);
        assertThat(results.rounds()).allSatisfy(measured -> {
            assertThat(measured.recordsPerSecond()).isPositive();
            assertThat(measured.cpuSeconds()).isPositive();
            assertThat(measured.liveHeapBytes()).isPositive();
            assertThat(measured.outputBytes()).isPositive();
        });
        Measurement rocksDb = results.of("rocksdb").get(0);
        assertThat(rocksDb.stateBytes()).isPositive();
        assertThat(rocksDb.changelogBytes()).isPositive();
        assertThat(rocksDb.changelogRecords()).isPositive();
    }

    private static long distinctKeys(long records) {
        Load load = new Load(
                WARM_UP + RECORDS, 200, 0.2, 100_000, Instant.EPOCH, Duration.ofDays(2), Duration.ofDays(1), 1);
        return load.distinctKeys(records);
    }

    @Test
    void run_everythingElse_isMeasuredToo() throws IOException {
        // Given
        Path file = directory.resolve("results.json");
        // When
        CommandRun run = CommandRun.of(
                Modes::named,
                "--modes=memory",
                "--records=5000",
                "--rounds=1",
                "--cold",
                "--heap=256m",
                "--broker-heap=512m",
                "--restore",
                "--growth=1000,3000",
                "--latency",
                "--rate=500",
                "--latency-warm-up=1s",
                "--latency-for=1s",
                "--plots=" + directory.resolve("plots"),
                "--json=" + file);
        // Then
        assertThat(run.exitCode()).as(run.out() + run.err()).isZero();
        Results results = Results.read(file);
        assertThat(results.restore()).extracting(Restore::mode).containsExactly("memory");
        Restore restore = results.restore().get(0);
        assertThat(restore.restoredRecords()).isPositive();
        assertThat(restore.keys()).isBetween(7_800L, 8_200L);
        assertThat(results.growth()).extracting(Growth::keys).containsExactly(1_000L, 3_000L);
        assertThat(results.growth()).extracting(Growth::recordsPerSecond).allMatch(rate -> rate > 0);
        assertThat(results.latency()).extracting(Latency::mode).containsExactly("memory");
        assertThat(results.latency().get(0).measured()).isBetween(300L, 500L);
        assertThat(directory.resolve("plots")).isDirectoryContaining("glob:**/throughput.svg");
    }

    @Test
    void run_latencyWithoutARate_isMeasuredAtHalfOfThePeakOverAllRounds() throws IOException {
        // Given
        Path file = directory.resolve("results.json");
        // When
        CommandRun run = CommandRun.of(
                Modes::named,
                "--modes=pass-through,tutorial",
                "--records=2000",
                "--rounds=2",
                "--cold",
                "--heap=256m",
                "--broker-heap=512m",
                "--latency",
                "--latency-warm-up=1s",
                "--latency-for=1s",
                "--json=" + file);
        // Then
        assertThat(run.exitCode()).as(run.out() + run.err()).isZero();
        Matcher peak = Pattern.compile("pass-through takes ([0-9,]+) records/s").matcher(run.out() + run.err());
        assertThat(peak.find()).as(run.out() + run.err()).isTrue();
        double half = Double.parseDouble(peak.group(1).replace(",", "")) / 2;
        Results results = Results.read(file);
        assertThat(results.rounds())
                .extracting(Measurement::mode, Measurement::warmUpRecords)
                .contains(tuple("pass-through", 2_000L), tuple("tutorial", 400L));
        List<Latency> latency = results.latency();
        assertThat(latency).extracting(Latency::mode).containsExactly("pass-through");
        assertThat(latency.get(0).recordsPerSecond()).isCloseTo(half, within(1.0));
        // Both rounds of one second.
        assertThat((double) latency.get(0).measured()).isCloseTo(2 * half, withinPercentage(1));
    }

    @Test
    void run_aModeLetsTooMuchThrough_failsAndSaysSo() {
        // Given
        Mode plain = Modes.named(Modes.PASS_THROUGH).orElseThrow();
        Mode claimsToDeduplicate = new Mode(
                plain.name(), plain.description(), plain.pace(), Mode.Answer.DISTINCT, plain.server(), plain.start());
        // When
        CommandRun run = CommandRun.of(
                name -> Optional.of(claimsToDeduplicate),
                "--modes=pass-through",
                "--records=1000",
                "--rounds=1",
                "--cold",
                "--heap=256m",
                "--broker-heap=512m");
        // Then
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.out()).contains("WRONG").contains("let through too many");
        assertThat(run.err()).contains("has let through something else");
    }
}
