// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.worker;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.dedup.bench.mode.FirstSight;
import io.dedup.bench.mode.FirstSight.Moment;
import io.dedup.bench.mode.Mode;
import io.dedup.bench.mode.Modes;
import io.dedup.bench.mode.Running;
import io.dedup.bench.mode.Running.Restored;
import io.dedup.bench.mode.Task;
import io.dedup.bench.process.ChildJvm;
import io.dedup.bench.process.Lifeline;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs one mode until it has committed all of its input, and answers with what it has measured. */
public final class WorkerMain {
    private static final Logger LOGGER = LoggerFactory.getLogger(WorkerMain.class);

    private WorkerMain() {}

    /** Takes a {@link Task} as JSON. */
    public static void main(String[] args) {
        Lifeline.hold();
        int exitCode = 0;
        try {
            ObjectMapper json = new ObjectMapper();
            ChildJvm.answer(json.writeValueAsString(run(json.readValue(args[0], Task.class))));
        } catch (Exception failed) {
            LOGGER.error("The run failed", failed);
            exitCode = 1;
        }
        System.exit(exitCode);
    }

    private static WorkerAnswer run(Task task) throws Exception {
        MemoryUse memory = MemoryUse.watch();
        Mode mode = Modes.named(task.mode()).orElseThrow();
        Progress progress = new Progress(task.records());
        long launchedAt = ManagementFactory.getRuntimeMXBean().getStartTime();
        long startedAt = System.nanoTime();
        Moment end;
        long live;
        long resident;
        Restored restored;
        double readySeconds;
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", task.bootstrapServers()));
                Running running = mode.start().start(task)) {
            readySeconds = progress.awaitEnd(admin, task, running, startedAt);
            end = Moment.now();
            restored = running.restored();
            resident = MemoryUse.resident();
            live = memory.liveHeap();
        }
        Moment first = FirstSight.moment();
        Moment from = first == null ? end : first;
        double sinceFirst = (System.nanoTime() - from.nanos()) / 1e9;
        double startup = (System.currentTimeMillis() - launchedAt) / 1e3 - sinceFirst;
        return new WorkerAnswer(
                startup,
                Moment.now().cpuNanos() / 1e9,
                memory.maxHeapAfterGc(),
                live,
                resident,
                sizeOf(Path.of(task.stateDirectory())),
                restored.records(),
                restored.seconds(),
                readySeconds,
                progress.samples(from));
    }

    private static long sizeOf(Path directory) {
        if (!Files.exists(directory)) {
            return 0;
        }
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(Files::isRegularFile)
                    .mapToLong(file -> file.toFile().length())
                    .sum();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }
}
