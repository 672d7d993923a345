// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench;

import io.dedup.bench.mode.Mode;
import io.dedup.bench.process.ChildFailedException;
import io.dedup.bench.report.Failure;
import io.dedup.bench.report.Measurement;
import io.dedup.bench.report.Restore;
import io.dedup.bench.report.Results;
import io.dedup.bench.worker.WorkerAnswer;
import io.dedup.bench.worker.WorkerAnswer.Took;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Runs every mode in every round on the same input, and then the other measurements that are asked for. Confined to one thread. */
final class Benchmark {
    private static final String INPUT = "input-";

    private final Settings settings;
    private final TestBed bed;
    private final Results results;
    private final Runnable afterEach;
    private final Map<Long, Long> distinctKeys = new HashMap<>();

    /**
     * One that has not been run.
     *
     * @param afterEach runs after each measurement, since to measure everything takes long
     */
    Benchmark(Settings settings, TestBed bed, Results results, Runnable afterEach) {
        this.settings = settings;
        this.bed = bed;
        this.results = results;
        this.afterEach = afterEach;
    }

    /** Measures everything that is asked for, and adds it to the results. A run that fails does not keep others from it. */
    void run() {
        settings.modes().stream().map(settings::recordsOf).distinct().forEach(this::load);
        if (!settings.cold()) {
            attempt(
                    "warm-up",
                    settings.modes().get(0),
                    () -> warmUp(settings.modes().get(0)));
        }
        for (int round = 1; round <= settings.rounds(); round++) {
            for (Mode mode : inOrderOf(round, settings.modes())) {
                int number = round;
                attempt("throughput", mode, () -> measure(number, mode));
            }
        }
        GrowthRun growth = new GrowthRun(settings, bed, results);
        if (!settings.growth().isEmpty()) {
            growth.load();
            settings.withoutSlowOnes().forEach(mode -> attempt("growth", mode, () -> growth.run(mode)));
        }
        settings.latency().ifPresent(how -> {
            LatencyRun latency = new LatencyRun(settings, how, bed, results);
            attempt("latency", LatencyRun.reference(), latency::findRate);
            for (int round = 1; latency.hasRate() && round <= settings.rounds(); round++) {
                for (Mode mode : inOrderOf(round, latency.modes())) {
                    attempt("latency", mode, () -> latency.run(mode));
                }
            }
        });
    }

    private void attempt(String experiment, Mode mode, Runnable run) {
        try {
            run.run();
        } catch (ChildFailedException | BenchFailedException failed) {
            results.failures().add(new Failure(experiment, mode.name(), String.valueOf(failed.getMessage())));
            bed.say("%s  %s FAILED: %s", experiment, mode.name(), failed.getMessage());
        } finally {
            afterEach.run();
        }
    }

    private void load(long records) {
        distinctKeys.put(records, settings.load().distinctKeys(records));
        bed.cluster().create(input(records));
        bed.cluster().load(input(records), settings.load(), records);
        bed.say("Loaded %,d records with %,d keys", records, distinctKeys.get(records));
    }

    private static String input(long records) {
        return INPUT + records;
    }

    /** The modes, begun one later in each round, so that none is always behind the same other. */
    private static List<Mode> inOrderOf(int round, List<Mode> modes) {
        List<Mode> rotated = new ArrayList<>(modes);
        Collections.rotate(rotated, 1 - round);
        return rotated;
    }

    /** Runs a mode so that the code of the broker is compiled. Else the first mode looks slow. */
    private void warmUp(Mode mode) {
        long records = settings.recordsOf(mode);
        try (Run run = bed.prepare(mode, inputOf(mode), records)) {
            bed.say(
                    "Warmed up the broker in %.1f s",
                    run.toTheEnd().took(0, records).seconds());
        }
    }

    private String inputOf(Mode mode) {
        return input(settings.recordsOf(mode));
    }

    private void measure(int round, Mode mode) {
        try (Run run = bed.prepare(mode, inputOf(mode), settings.recordsOf(mode))) {
            Measurement measurement = measurement(round, mode, run, run.toTheEnd());
            results.rounds().add(measurement);
            say(measurement);
            if (settings.restore()
                    && round == settings.rounds()
                    && mode.pace() != Mode.Pace.SLOW
                    && run.hasChangelog()) {
                attempt("restore", mode, () -> restore(run, measurement));
            }
        }
    }

    private Measurement measurement(int round, Mode mode, Run run, WorkerAnswer answer) {
        long records = settings.recordsOf(mode);
        long keys = distinctKeys.getOrDefault(records, 0L);
        long expected = mode.answer() == Mode.Answer.ALL ? records : keys;
        long outputRecords = run.outputRecords();
        long measured = settings.measuredOf(mode);
        Took took = answer.took(records - measured, records);
        return new Measurement(
                round,
                mode.name(),
                measured,
                records - measured,
                keys,
                outputRecords,
                expected,
                outputRecords == expected || mode.answer() == Mode.Answer.OWN,
                measured / took.seconds(),
                took.seconds(),
                answer.startupSeconds(),
                took.cpuSeconds(),
                answer.totalCpuSeconds(),
                answer.maxHeapAfterGcBytes(),
                answer.liveHeapBytes(),
                answer.rssBytes(),
                answer.stateBytes(),
                run.changelogBytes(),
                run.changelogRecords(),
                run.outputBytes());
    }

    private void say(Measurement measured) {
        bed.say(
                "round %d  %-14s %,10.0f records/s  %6.1f s  %,d of %,d let through%s",
                measured.round(),
                measured.mode(),
                measured.recordsPerSecond(),
                measured.seconds(),
                measured.outputRecords(),
                measured.records() + measured.warmUpRecords(),
                measured.isRight() ? "" : String.format(Locale.ROOT, "  WRONG: not %,d", measured.expectedRecords()));
    }

    private void restore(Run run, Measurement before) {
        run.loseState();
        WorkerAnswer answer = run.toTheEnd();
        Restore restored = new Restore(
                before.mode(),
                before.distinctKeys(),
                answer.restoredRecords(),
                answer.restoreSeconds(),
                answer.readySeconds(),
                before.distinctKeys() / answer.restoreSeconds());
        results.restore().add(restored);
        bed.say(
                "restore  %-14s %,10.0f keys/s  %6.1f s  running after %.1f s",
                restored.mode(), restored.keysPerSecond(), restored.restoreSeconds(), restored.readySeconds());
    }
}
