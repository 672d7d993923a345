// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo;

import io.dedup.Mode;
import io.dedup.demo.ledger.Database;
import io.dedup.demo.ledger.Ledger;
import io.dedup.demo.report.Outcome;
import io.dedup.demo.report.Progress;
import io.dedup.demo.report.Summary;
import io.dedup.demo.traffic.Topics;
import io.dedup.demo.traffic.Traffic;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.IntFunction;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One run: starts everything, sends, waits until all of it is processed, counts, and leaves nothing behind.
 *
 * <p>Confined to one thread.
 */
final class DemoRun {
    private static final Logger LOGGER = LoggerFactory.getLogger(DemoRun.class);
    private static final Duration STOP_WITHIN = Duration.ofSeconds(30);
    private static final Duration LOOK_EVERY = Duration.ofMillis(100);
    private static final Duration STUCK_AFTER = Duration.ofMinutes(2);

    private final DemoSettings surroundings;
    private final IntFunction<Traffic> traffic;
    private final Progress progress;

    /**
     * @param traffic what is sent, given the number of partitions
     */
    DemoRun(DemoSettings surroundings, IntFunction<Traffic> traffic, Progress progress) {
        this.surroundings = surroundings;
        this.traffic = traffic;
        this.progress = progress;
    }

    /**
     * Runs to the end.
     *
     * @throws DemoFailedException if it cannot be finished
     */
    Summary run() {
        CountDownLatch unwound = new CountDownLatch(1);
        Thread hook = unwindOnSignal(Thread.currentThread(), unwound);
        try {
            return runToTheEnd();
        } finally {
            progress.clear();
            unwound.countDown();
            disarm(hook);
        }
    }

    /** Lets Ctrl-C end the run as an exception does: everything that was started is stopped, and the data deleted. */
    private static Thread unwindOnSignal(Thread running, CountDownLatch unwound) {
        Thread hook = new Thread(() -> {
            running.interrupt();
            try {
                if (!unwound.await(STOP_WITHIN.toSeconds(), TimeUnit.SECONDS)) {
                    LOGGER.warn("The run did not clean up within {}", STOP_WITHIN);
                }
            } catch (InterruptedException hurried) {
                LOGGER.warn("The run was not given the time to clean up", hurried);
            }
        });
        Runtime.getRuntime().addShutdownHook(hook);
        return hook;
    }

    private static void disarm(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException alreadyShuttingDown) {
            LOGGER.info("Ending on a signal");
        }
    }

    private Summary runToTheEnd() {
        long start = System.nanoTime();
        try (Workspace workspace = Workspace.create();
                Ledger ledger = Ledger.open(Database.in(workspace.directory(), "ledger"), Application.THREADS);
                Cluster cluster = Cluster.open(surroundings.bootstrapServers(), progress)) {
            cluster.requireNobodyElses(Serving.LASTING_ID);
            int count = cluster.prepareTopics(surroundings.partitions());
            Traffic sent = traffic.apply(count);
            String id = "demo-orders-" + UUID.randomUUID().toString().substring(0, 8);
            List<String> outputs = List.of(
                    Topics.unique(Topics.ORDERS),
                    Topics.unique(Topics.PAYMENTS),
                    Topics.DUPLICATES,
                    Topics.DEAD_LETTERS);
            Map<TopicPartition, Long> outputStarts = cluster.ends(outputs);
            cluster.beginAt(id, cluster.ends(Topics.INPUTS));
            try {
                try (Application application = Application.start(
                                id,
                                cluster.bootstrapServers(),
                                workspace.directory().resolve("state"),
                                surroundings.ttl(),
                                Mode.ENFORCE,
                                ledger);
                        Sender sender = Sender.start(cluster.bootstrapServers(), sent.sendings(), count)) {
                    awaitProcessed(
                            cluster, id, application, sender, sent.sendings().size());
                }
            } finally {
                cluster.forget(id);
            }
            Outcome outcome = new Outcome(ledger.entries());
            cluster.read(outputStarts, outcome::add);
            return Summary.of(sent, outcome, (System.nanoTime() - start) / 1e9);
        } catch (SQLException failed) {
            throw new DemoFailedException("The ledger failed: " + failed.getMessage(), failed);
        }
    }

    private void awaitProcessed(Cluster cluster, String id, Application application, Sender sender, int total) {
        await(application, application::isRunning, () -> 0, () -> "Waiting for the application to start");
        progress.say("Sending orders and payments; the ledger books what dedup lets through …");
        await(
                application,
                sender::isDone,
                sender::acknowledged,
                () -> String.format(Locale.ROOT, "  sent %,d of %,d", sender.acknowledged(), total));
        awaitCommitted(cluster, id, application, Topics.INPUTS, total);
        awaitCommitted(cluster, id, application, OrderTopology.repartitionTopics(id), total);
    }

    private void awaitCommitted(Cluster cluster, String id, Application application, List<String> topics, int total) {
        Map<TopicPartition, Long> ends = cluster.ends(topics);
        long[] remaining = {total};
        await(
                application,
                () -> {
                    remaining[0] = cluster.remaining(id, ends);
                    return remaining[0] == 0;
                },
                () -> total - remaining[0],
                () -> String.format(Locale.ROOT, "  sent %,d, decided %,d", total, total - remaining[0]));
    }

    /** Waits until something is so, as long as a number still changes and the application is alive. */
    private void await(Application application, BooleanSupplier done, LongSupplier moving, Supplier<String> line) {
        long last = moving.getAsLong();
        long lastMove = System.nanoTime();
        while (!done.getAsBoolean()) {
            application.requireAlive();
            progress.update(line.get());
            if (moving.getAsLong() != last) {
                last = moving.getAsLong();
                lastMove = System.nanoTime();
            }
            if (System.nanoTime() - lastMove > STUCK_AFTER.toNanos()) {
                throw new DemoFailedException(
                        "Nothing has moved for " + STUCK_AFTER.toMinutes() + " minutes:" + line.get());
            }
            LockSupport.parkNanos(LOOK_EVERY.toNanos());
            if (Thread.interrupted()) {
                throw new DemoFailedException("Interrupted");
            }
        }
    }
}
