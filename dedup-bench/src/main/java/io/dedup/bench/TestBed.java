// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench;

import io.dedup.bench.mode.Mode;
import io.dedup.bench.mode.Task;
import java.io.PrintWriter;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What every measurement needs: a broker, servers, workers, and an output. Confined to one thread. */
final class TestBed implements AutoCloseable {
    private final Settings settings;
    private final Cluster cluster;
    private final Servers servers = new Servers();
    private final Workers workers;
    private final PrintWriter out;
    private int runs;

    private TestBed(Settings settings, Cluster cluster, PrintWriter out) {
        this.settings = settings;
        this.cluster = cluster;
        this.workers = new Workers(settings.heap(), settings.workerOptions(), settings.directory());
        this.out = out;
    }

    /** Starts the broker. */
    static TestBed start(Settings settings, PrintWriter out) {
        return new TestBed(settings, Cluster.start(settings.brokerHeap(), settings.directory()), out);
    }

    /** The broker. */
    Cluster cluster() {
        return cluster;
    }

    /** Prints a line of progress. */
    void say(String format, @Nullable Object... arguments) {
        out.printf(Locale.ROOT, format + "%n", arguments);
        out.flush();
    }

    /** Prepares a run of that mode, with a name, topics and a memory of its own. */
    Run prepare(Mode mode, String input, long records) {
        runs++;
        String id = "run-" + runs + "-" + mode.name();
        Task task = new Task(
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
        return new Run(task, cluster, workers);
    }

    @Override
    public void close() {
        try (servers) {
            cluster.close();
        }
    }
}
