// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo;

import io.dedup.demo.ledger.Ledger;
import io.dedup.demo.report.Progress;
import io.dedup.demo.traffic.Topics;
import io.dedup.demo.web.FrontEnd;
import io.dedup.store.jdbc.JdbcIdempotencyStore;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The pipeline behind an HTTP front end, until somebody ends it. Leaves nothing behind.
 *
 * <p>Confined to one thread, but for {@link #stop}.
 */
final class Serving {
    private static final Duration LOOK_EVERY = Duration.ofMillis(200);

    private final @Nullable String bootstrapServers;
    private final int partitions;
    private final Duration ttl;
    private final String host;
    private final int port;
    private final Progress progress;
    private final CountDownLatch stopped = new CountDownLatch(1);
    private final CountDownLatch ended = new CountDownLatch(1);

    /**
     * @param bootstrapServers null for a broker inside this JVM
     * @param host whose address is listened at
     * @param port 0 for any that is free
     */
    Serving(@Nullable String bootstrapServers, int partitions, Duration ttl, String host, int port, Progress progress) {
        this.bootstrapServers = bootstrapServers;
        this.partitions = partitions;
        this.ttl = ttl;
        this.host = host;
        this.port = port;
        this.progress = progress;
    }

    /**
     * Serves until it is stopped.
     *
     * @throws DemoFailedException if it cannot start, or cannot go on
     */
    void run() {
        try (Workspace workspace = Workspace.create();
                Ledger ledger = Ledger.open(workspace.directory(), Application.THREADS);
                JdbcIdempotencyStore requests = JdbcIdempotencyStore.connectingTo(
                                "jdbc:h2:file:" + file(workspace, "requests") + ";DB_CLOSE_ON_EXIT=FALSE", null, null)
                        .open();
                Cluster cluster = Cluster.open(bootstrapServers, progress)) {
            cluster.prepareTopics(partitions);
            String id = "demo-orders-" + UUID.randomUUID().toString().substring(0, 8);
            cluster.beginAt(id, cluster.ends(Topics.INPUTS));
            RunningPipeline pipeline =
                    new RunningPipeline(id, cluster.bootstrapServers(), file(workspace, "state"), ttl, ledger);
            try (pipeline;
                    FrontEnd frontEnd =
                            FrontEnd.start(host, port, cluster.bootstrapServers(), requests, ttl, ledger, pipeline)) {
                progress.say(
                        "Orders and payments are taken at http://" + host + ":" + frontEnd.port() + " until Ctrl-C");
                while (!stopped.await(LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS)) {
                    pipeline.requireAlive();
                }
            } finally {
                cluster.forget(id);
            }
        } catch (SQLException failed) {
            throw new DemoFailedException("A database failed: " + failed.getMessage(), failed);
        } catch (InterruptedException interrupted) {
            throw new DemoFailedException("Interrupted", interrupted);
        } finally {
            ended.countDown();
        }
    }

    /** Ends it, and waits until everything is put away. */
    void stop() throws InterruptedException {
        stopped.countDown();
        ended.await();
    }

    private static Path file(Workspace workspace, String name) {
        return workspace.directory().toAbsolutePath().resolve(name);
    }
}
