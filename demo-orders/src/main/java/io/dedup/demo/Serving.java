// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo;

import io.dedup.Coordinates;
import io.dedup.demo.ledger.Database;
import io.dedup.demo.ledger.Ledger;
import io.dedup.demo.report.Progress;
import io.dedup.demo.traffic.Topics;
import io.dedup.demo.web.FrontEnd;
import io.dedup.store.jdbc.JdbcIdempotencyStore;
import io.javalin.util.JavalinBindException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * The pipeline behind an HTTP front end, until it is stopped. With a given database it goes on from there at the next start;
 * without, it leaves nothing behind.
 *
 * <p>Confined to one thread, but for {@link #stop}.
 */
final class Serving {
    /** The application that goes on where it was. */
    static final String LASTING_ID = "demo-orders";

    private static final Duration LOOK_EVERY = Duration.ofMillis(200);

    private final DemoSettings surroundings;
    private final @Nullable Database lasting;
    private final String host;
    private final int port;
    private final Progress progress;
    private final CountDownLatch stopped = new CountDownLatch(1);
    private final CountDownLatch ended = new CountDownLatch(1);

    /**
     * @param lasting what is booked in, and where requests are remembered; null for files that are deleted at the end
     * @param host whose address is listened at
     * @param port 0 for any that is free
     */
    Serving(DemoSettings surroundings, @Nullable Database lasting, String host, int port, Progress progress) {
        this.surroundings = surroundings;
        this.lasting = lasting;
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
                Ledger ledger = Ledger.open(database(workspace, "ledger"), Application.THREADS);
                JdbcIdempotencyStore requests = JdbcIdempotencyStore.connectingTo(
                                database(workspace, "requests").url(), null, null)
                        .open();
                Cluster cluster = Cluster.open(surroundings.bootstrapServers(), progress)) {
            if (lasting == null) {
                cluster.requireNobodyElses(LASTING_ID);
            }
            cluster.prepareTopics(surroundings.partitions());
            if (lasting == null) {
                String id = LASTING_ID + "-" + UUID.randomUUID().toString().substring(0, 8);
                cluster.beginAt(id, cluster.ends(Topics.INPUTS));
                try {
                    serve(id, workspace, ledger, requests, cluster);
                } finally {
                    cluster.forget(id);
                }
            } else {
                requireItsTopics(ledger, cluster);
                // From the beginning, if its offsets were forgotten: what was booked is a duplicate.
                serve(LASTING_ID, workspace, ledger, requests, cluster);
            }
        } catch (SQLException failed) {
            throw new DemoFailedException("A database failed: " + failed.getMessage(), failed);
        } catch (JavalinBindException taken) {
            throw new DemoFailedException(
                    "Port " + port + " of " + host
                            + " cannot be listened at: it is in use, or not an address of this machine."
                            + " Give another with --serve PORT or --host ADDRESS",
                    taken);
        } catch (InterruptedException interrupted) {
            throw new DemoFailedException("Interrupted", interrupted);
        } finally {
            ended.countDown();
        }
    }

    private Database database(Workspace workspace, String name) {
        return lasting == null ? Database.in(workspace.directory(), name) : lasting;
    }

    /** A ledger knows records by their offsets, and would take those of a topic that was made again for old ones. */
    private static void requireItsTopics(Ledger ledger, Cluster cluster) throws SQLException {
        List<Coordinates> booked = ledger.lastRecords();
        Map<TopicPartition, Long> ends = cluster.ends(
                cluster.existing(booked.stream().map(Coordinates::topic).toList()));
        for (Coordinates last : booked) {
            long end = ends.getOrDefault(new TopicPartition(last.topic(), last.partition()), 0L);
            if (last.offset() >= end) {
                throw new DemoFailedException("The ledger has booked " + last + ", but that partition ends at " + end
                        + ": the topic was made again. Give an empty database, or the cluster that belongs to it");
            }
        }
    }

    private void serve(String id, Workspace workspace, Ledger ledger, JdbcIdempotencyStore requests, Cluster cluster)
            throws InterruptedException {
        RunningPipeline pipeline = new RunningPipeline(
                id,
                cluster.bootstrapServers(),
                workspace.directory().toAbsolutePath().resolve("state"),
                surroundings.ttl(),
                ledger);
        try (pipeline;
                FrontEnd frontEnd = FrontEnd.start(
                        host, port, cluster.bootstrapServers(), requests, surroundings.ttl(), ledger, pipeline)) {
            progress.say("Orders and payments are taken at http://" + host + ":" + frontEnd.port() + " until Ctrl-C");
            while (!stopped.await(LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS)) {
                pipeline.requireAlive();
            }
        }
    }

    /** Ends it, and waits until everything is put away. */
    void stop() throws InterruptedException {
        stopped.countDown();
        ended.await();
    }
}
