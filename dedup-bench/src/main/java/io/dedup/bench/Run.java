// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench;

import io.dedup.bench.mode.Task;
import io.dedup.bench.process.ChildJvm;
import io.dedup.bench.worker.WorkerAnswer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.kafka.common.utils.Utils;

/** One run of one mode, with what it leaves until it is closed. Confined to one thread. */
final class Run implements AutoCloseable {
    private final Task task;
    private final Cluster cluster;
    private final Workers workers;

    /** A run that has not been started, with its output topic. */
    Run(Task task, Cluster cluster, Workers workers) {
        this.task = task;
        this.cluster = cluster;
        this.workers = workers;
        cluster.create(task.output(), task.deadLetters());
    }

    /** The topic it writes. */
    String output() {
        return task.output();
    }

    /** Runs it in a process of its own until all of its input is committed. */
    WorkerAnswer toTheEnd() {
        return workers.run(task);
    }

    /** Starts it in a process of its own. */
    ChildJvm start() {
        return workers.start(task);
    }

    /** How many records of its input are committed. */
    long committed() {
        return cluster.committed(task.applicationId(), task.input());
    }

    /** How many records it has let through. */
    long outputRecords() {
        return cluster.count(task.output());
    }

    /** What these take on the broker's disk. */
    long outputBytes() {
        return cluster.bytes(List.of(task.output()));
    }

    /** Whether it remembers in a changelog. */
    boolean hasChangelog() {
        return !changelogs().isEmpty();
    }

    /** What its changelogs take on the broker's disk. */
    long changelogBytes() {
        return cluster.bytes(changelogs());
    }

    /** How many records its changelogs have, with the markers of transactions. */
    long changelogRecords() {
        return cluster.offsets(changelogs());
    }

    private List<String> changelogs() {
        return cluster.topics(task.applicationId() + "-", "-changelog");
    }

    /** Deletes its local state. */
    void loseState() {
        Path state = Path.of(task.stateDirectory());
        try {
            if (Files.exists(state)) {
                Utils.delete(state.toFile());
            }
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** Removes everything that it has left. */
    @Override
    public void close() {
        cluster.forget(task.applicationId());
        loseState();
    }
}
