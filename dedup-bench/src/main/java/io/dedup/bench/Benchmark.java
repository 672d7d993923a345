// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench;

import io.dedup.bench.mode.Mode;
import io.dedup.bench.process.ChildFailedException;
import io.dedup.bench.report.Failure;
import io.dedup.bench.report.Measurement;
import io.dedup.bench.report.Restore;
import io.dedup.bench.report.Results;
import io.dedup.bench.worker.WorkerAnswer;
import io.dedup.bench.worker.WorkerAnswer.Sample;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Runs every mode in every round on the same input, and then whatever else is asked for. Confined to one thread. */
final class Benchmark {
    private static final String INPUT = "input";
    private static final String SLOW_INPUT = "input-slow";

    private final Settings settings;
    private final Bed bed;
    private final Results results;
    private final Runnable afterEach;
    private final Map<Long, Long> distinctKeys = new HashMap<>();

    /**
     * One that has not been run.
     *
     * @param afterEach done after whatever has been measured, since to measure everything takes long
     */
    Benchmark(Settings settings, Bed bed, Results results, Runnable afterEach) {
        this.settings = settings;
        this.bed = bed;
        this.results = results;
        this.afterEach = afterEach;
    }

    /** Measures everything that is asked for, and adds it to the results. A run that fails does not keep others from it. */
    void run() {
        load(Mode.Pace.FULL, INPUT);
        load(Mode.Pace.SLOW, SLOW_INPUT);
        if (!settings.cold()) {
            attempt(
                    "warm-up",
                    settings.modes().get(0),
                    () -> warmUp(settings.modes().get(0)));
        }
        for (int round = 1; round <= settings.rounds(); round++) {
            for (Mode mode : inOrderOf(round)) {
                int number = round;
                attempt("throughput", mode, () -> measure(number, mode));
            }
        }
        GrowthRun growth = new GrowthRun(settings, bed, results);
        if (!settings.growth().isEmpty()) {
            growth.load();
            fullPace().forEach(mode -> attempt("growth", mode, () -> growth.run(mode)));
        }
        settings.latency().ifPresent(how -> {
            LatencyRun latency = new LatencyRun(settings, how, bed, results);
            latency.modes().forEach(mode -> attempt("latency", mode, () -> latency.run(mode)));
        });
    }

    private List<Mode> fullPace() {
        return settings.modes().stream()
                .filter(mode -> mode.pace() == Mode.Pace.FULL)
                .toList();
    }

    private void attempt(String experiment, Mode mode, Runnable run) {
        try {
            run.run();
        } catch (ChildFailedException failed) {
            results.failures().add(new Failure(experiment, mode.name(), String.valueOf(failed.getMessage())));
            bed.say("%s  %s FAILED: %s", experiment, mode.name(), failed.getMessage());
        } finally {
            afterEach.run();
        }
    }

    private void load(Mode.Pace pace, String topic) {
        for (Mode mode : settings.modes()) {
            if (mode.pace() == pace) {
                long records = settings.recordsOf(mode);
                distinctKeys.put(records, settings.load().distinctKeys(records));
                bed.cluster().create(topic);
                bed.cluster().load(topic, settings.load(), records);
                bed.say("Loaded %,d records with %,d keys", records, distinctKeys.get(records));
                return;
            }
        }
    }

    /** The modes, begun one later in each round, so that none is always behind the same other. */
    private List<Mode> inOrderOf(int round) {
        List<Mode> modes = new ArrayList<>(settings.modes());
        Collections.rotate(modes, 1 - round);
        return modes;
    }

    /** Runs a mode for the sake of the broker, whose code is compiled meanwhile. Else whatever is first looks slow. */
    private void warmUp(Mode mode) {
        try (Run run = bed.prepare(mode, inputOf(mode), settings.recordsOf(mode))) {
            bed.say("Warmed up the broker in %.1f s", run.toTheEnd().seconds());
        }
    }

    private static String inputOf(Mode mode) {
        return mode.pace() == Mode.Pace.SLOW ? SLOW_INPUT : INPUT;
    }

    private void measure(int round, Mode mode) {
        try (Run run = bed.prepare(mode, inputOf(mode), settings.recordsOf(mode))) {
            Measurement measurement = measurement(round, mode, run, run.toTheEnd());
            results.rounds().add(measurement);
            say(measurement);
            if (settings.restore()
                    && round == settings.rounds()
                    && mode.pace() == Mode.Pace.FULL
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
        Sample warm = answer.at(settings.warmUpOf(mode));
        double seconds = answer.seconds() - warm.seconds();
        return new Measurement(
                round,
                mode.name(),
                measured,
                records - measured,
                keys,
                outputRecords,
                expected,
                outputRecords == expected || mode.answer() == Mode.Answer.OWN,
                measured / seconds,
                seconds,
                answer.startupSeconds(),
                answer.cpuSeconds() - warm.cpuSeconds(),
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
