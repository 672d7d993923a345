// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.dedup.bench.mode.Task;
import io.dedup.bench.process.ChildJvm;
import io.dedup.bench.worker.WorkerAnswer;
import io.dedup.bench.worker.WorkerMain;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Starts a fresh JVM for each run, all with the same options.
 *
 * @param heap of each
 * @param options more for each JVM
 * @param directory for their logs
 */
record Workers(String heap, List<String> options, Path directory) {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Runs that to its end. */
    WorkerAnswer run(Task task) {
        try (ChildJvm worker = start(task)) {
            return answer(worker);
        }
    }

    /** Starts that. */
    ChildJvm start(Task task) {
        List<String> all = new ArrayList<>(List.of("-Xms" + heap, "-Xmx" + heap));
        all.addAll(options);
        try {
            return ChildJvm.start(
                    WorkerMain.class,
                    all,
                    List.of(JSON.writeValueAsString(task)),
                    directory.resolve(task.applicationId() + ".log"));
        } catch (JsonProcessingException failed) {
            throw new BenchFailedException("A task could not be written down", failed);
        }
    }

    /** What it has measured, when it has come to its end. */
    static WorkerAnswer answer(ChildJvm worker) {
        try {
            return JSON.readValue(worker.answer(), WorkerAnswer.class);
        } catch (JsonProcessingException failed) {
            throw new BenchFailedException("An answer could not be read", failed);
        }
    }
}
