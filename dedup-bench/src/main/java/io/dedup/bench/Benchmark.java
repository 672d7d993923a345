// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench;

import io.dedup.bench.mode.Mode;
import io.dedup.bench.mode.Task;
import io.dedup.bench.report.Measurement;
import io.dedup.bench.report.Results;
import io.dedup.bench.worker.WorkerAnswer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.kafka.common.utils.Utils;

/**
 * Runs modes one after the other, each in a JVM of its own, and measures them. Confined to one thread.
 */
final class Benchmark implements AutoCloseable {
    private static final String INPUT = "input";
    private static final String SLOW_INPUT = "input-slow";

    private final Settings settings;
    private final Cluster cluster;
    private final Servers servers = new Servers();
    private final Workers workers;
    private final PrintWriter out;
    private final Map<Long, Long> distinctKeys = new HashMap<>();
    private int runs;

    private Benchmark(Settings settings, Cluster cluster, PrintWriter out) {
        this.settings = settings;
        this.cluster = cluster;
        this.workers = new Workers(settings.heap(), settings.workerOptions(), settings.directory());
        this.out = out;
    }

    /** Starts the broker. */
    static Benchmark start(Settings settings, PrintWriter out) {
        return new Benchmark(settings, Cluster.start(settings.brokerHeap(), settings.directory()), out);
    }

    /** Runs every mode in every round, and adds what it measures to the results. */
    void measureThroughput(Results results) {
        load(Mode.Pace.FULL, INPUT);
        load(Mode.Pace.SLOW, SLOW_INPUT);
        for (int round = 1; round <= settings.rounds(); round++) {
            for (Mode mode : inOrderOf(round)) {
                Measurement measurement = measure(round, mode);
                results.rounds().add(measurement);
                say(measurement);
            }
        }
    }

    private void load(Mode.Pace pace, String topic) {
        for (Mode mode : settings.modes()) {
            if (mode.pace() == pace) {
                long records = settings.recordsOf(mode);
                distinctKeys.put(records, settings.load().distinctKeys(records));
                cluster.create(topic);
                cluster.load(topic, settings.load(), records);
                out.printf(Locale.ROOT, "Loaded %,d records with %,d keys%n", records, distinctKeys.get(records));
                out.flush();
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

    private Measurement measure(int round, Mode mode) {
        Task task = task(mode, mode.pace() == Mode.Pace.SLOW ? SLOW_INPUT : INPUT, settings.recordsOf(mode));
        cluster.create(task.output(), task.deadLetters());
        WorkerAnswer answer = workers.run(task);
        Measurement measurement = measurement(round, mode, task, answer);
        forget(task);
        return measurement;
    }

    private Task task(Mode mode, String input, long records) {
        runs++;
        String id = "run-" + runs + "-" + mode.name();
        return new Task(
                mode.name(),
                id,
                cluster.bootstrapServers(),
                input,
                id + "-output",
                id + "-dead-letters",
                records,
                settings.load().ttl().toMillis(),
                settings.directory().resolve(id + "-state").toString(),
                settings.streamsProperties(),
                servers.redis(mode.server()),
                servers.jdbc(mode.server()));
    }

    private Measurement measurement(int round, Mode mode, Task task, WorkerAnswer answer) {
        long keys = distinctKeys.getOrDefault(task.records(), 0L);
        long expected = mode.answer() == Mode.Answer.ALL ? task.records() : keys;
        long outputRecords = cluster.count(task.output());
        List<String> changelogs = cluster.topics(task.applicationId(), "-changelog");
        return new Measurement(
                round,
                mode.name(),
                task.records(),
                keys,
                outputRecords,
                expected,
                outputRecords == expected || mode.answer() == Mode.Answer.OWN,
                task.records() / answer.seconds(),
                answer.seconds(),
                answer.startupSeconds(),
                answer.cpuSeconds(),
                answer.totalCpuSeconds(),
                answer.maxHeapAfterGcBytes(),
                answer.liveHeapBytes(),
                answer.rssBytes(),
                answer.stateBytes(),
                cluster.bytes(changelogs),
                cluster.offsets(changelogs),
                cluster.bytes(List.of(task.output())));
    }

    /** Removes what a run has left. */
    private void forget(Task task) {
        cluster.forget(task.applicationId());
        delete(Path.of(task.stateDirectory()));
    }

    private static void delete(Path directory) {
        try {
            if (Files.exists(directory)) {
                Utils.delete(directory.toFile());
            }
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private void say(Measurement measured) {
        out.printf(
                Locale.ROOT,
                "round %d  %-14s %,10.0f records/s  %6.1f s  %,d of %,d let through%s%n",
                measured.round(),
                measured.mode(),
                measured.recordsPerSecond(),
                measured.seconds(),
                measured.outputRecords(),
                measured.records(),
                measured.isRight() ? "" : String.format(Locale.ROOT, "  WRONG: not %,d", measured.expectedRecords()));
        out.flush();
    }

    @Override
    public void close() {
        try (servers) {
            cluster.close();
        }
    }
}
