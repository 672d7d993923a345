// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.Partitioning;
import io.dedup.Verdict;
import io.dedup.config.DedupConfig;
import io.dedup.runner.TailReader.Stretch;
import io.dedup.streams.DedupMetrics;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.ProcessorStateException;

/** The running application. Thread-safe. */
final class Relay implements AutoCloseable {
    private final Properties application;
    private final DedupConfig config;
    private final StreamsApplication running;
    private Map<TopicPartition, Stretch> stretches = Map.of();

    Relay(Properties application, DedupConfig config) {
        this.application = application;
        this.config = config;
        this.running = new StreamsApplication(RelayTopology.build(config), application);
    }

    KafkaStreams streams() {
        return running.streams();
    }

    /**
     * Starts.
     *
     * @param untilEnd whether what is in the source topics now is all that is wanted
     */
    void start(boolean untilEnd) {
        if (untilEnd) {
            try (Admin admin = CheckCommand.admin(application)) {
                stretches = stretches(admin);
            }
        }
        Runtime.getRuntime().addShutdownHook(new Thread(this::close, "dedup-stop"));
        try {
            running.start();
        } catch (ProcessorStateException unreadable) {
            throw stopped(unreadable);
        }
    }

    /** Waits until it has stopped. */
    void awaitEnd() {
        running.awaitEnd();
        throwIfFailed();
    }

    /** Waits until everything that was in the source topics at the start has been committed. */
    void awaitCaughtUp(Duration every, PrintWriter progress) {
        long startedAt = System.nanoTime();
        try (Admin admin = CheckCommand.admin(application)) {
            long all = left(admin);
            long left = all;
            // Twice, since between the source and a repartition topic records are on neither side for a moment.
            for (int zeros = left == 0 ? 1 : 0; zeros < 2; zeros = left == 0 ? zeros + 1 : 0) {
                if (running.awaitEnd(every)) {
                    throwIfFailed();
                    throw new EndedException(ExitCode.FAILED, "It was stopped with " + left + " records left");
                }
                left = leftOr(admin, left);
                report(progress, all, left, System.nanoTime() - startedAt);
            }
        }
    }

    /** How many are left; as many as before if the cluster does not answer just now. */
    private long leftOr(Admin admin, long before) {
        try {
            return left(admin);
        } catch (RetriableException unanswered) {
            return before;
        }
    }

    private static void report(PrintWriter progress, long all, long left, long nanos) {
        long done = Math.max(0, all - left);
        double perSecond = done * 1e9 / nanos;
        String remaining = perSecond < 1 ? "" : String.format(Locale.ROOT, ", %d s left", Math.round(left / perSecond));
        progress.printf(Locale.ROOT, "%,d of %,d, %,.0f/s%s%n", done, all, perSecond, remaining);
        progress.flush();
    }

    private void throwIfFailed() {
        running.failure().ifPresent(cause -> {
            throw stopped(cause);
        });
    }

    private EndedException stopped(Throwable cause) {
        Throwable deepest = cause;
        while (deepest.getCause() != null) {
            deepest = deepest.getCause();
        }
        boolean ofState =
                cause instanceof ProcessorStateException || cause.getCause() instanceof ProcessorStateException;
        String advice = ofState
                ? ". If the files under " + application.getProperty(StreamsConfig.STATE_DIR_CONFIG)
                        + " are damaged, or another process uses them: stop it, delete the directory of this application"
                        + " there, and start again; everything is restored from the changelog"
                : "";
        String reason = deepest.getMessage() == null ? deepest.toString() : deepest.getMessage();
        return new EndedException(ExitCode.FAILED, "The relay has stopped: " + reason + advice);
    }

    /** How many offsets of those that were there at the start are not committed yet. */
    private long left(Admin admin) {
        Map<TopicPartition, Stretch> wanted = new HashMap<>(stretches);
        repartitioned(admin).forEach((partition, end) -> wanted.put(partition, new Stretch(0, end)));
        Map<TopicPartition, Long> committed = committed(admin);
        return wanted.entrySet().stream()
                .mapToLong(stretch -> stretch.getValue().left(committed.getOrDefault(stretch.getKey(), 0L)))
                .sum();
    }

    private Map<TopicPartition, Long> committed(Admin admin) {
        Map<TopicPartition, Long> committed = new HashMap<>();
        String id = application.getProperty(StreamsConfig.APPLICATION_ID_CONFIG);
        Answers.of(admin.listConsumerGroupOffsets(id).partitionsToOffsetAndMetadata())
                .forEach((partition, offset) -> {
                    if (offset != null) {
                        committed.put(partition, offset.offset());
                    }
                });
        return committed;
    }

    /** The ends of the topics that records go through on their way, as they are now. */
    private Map<TopicPartition, Long> repartitioned(Admin admin) {
        if (config.partitioning() == Partitioning.AS_IS) {
            return Map.of();
        }
        String id = application.getProperty(StreamsConfig.APPLICATION_ID_CONFIG);
        return endsOf(
                admin,
                config.routes().stream()
                        .map(route -> RelayTopology.repartitionOf(id, route))
                        .toList());
    }

    private Map<TopicPartition, Stretch> stretches(Admin admin) {
        try (TailReader tails = new TailReader(application)) {
            return tails.stretches(endsOf(admin, config.sources()), committed(admin));
        }
    }

    private static Map<TopicPartition, Long> endsOf(Admin admin, Collection<String> topics) {
        Set<String> there = Answers.of(admin.listTopics().names());
        List<String> found = topics.stream().filter(there::contains).toList();
        Map<TopicPartition, OffsetSpec> wanted = new HashMap<>();
        Answers.of(admin.describeTopics(found).allTopicNames())
                .values()
                .forEach(topic -> topic.partitions()
                        .forEach(partition -> wanted.put(
                                new TopicPartition(topic.name(), partition.partition()), OffsetSpec.latest())));
        Map<TopicPartition, Long> ends = new HashMap<>();
        Answers.of(admin.listOffsets(wanted, new ListOffsetsOptions(IsolationLevel.READ_COMMITTED))
                        .all())
                .forEach((partition, end) -> ends.put(partition, end.offset()));
        return ends;
    }

    /** What has been counted so far. */
    Findings findings() {
        Map<String, Map<String, Long>> routes = new LinkedHashMap<>();
        config.routes().forEach(route -> {
            Map<String, Long> counts = new LinkedHashMap<>();
            for (Verdict verdict : Verdict.values()) {
                String metric = DedupMetrics.nameOf(verdict);
                counts.put(metric, total(RelayTopology.nameOf(route), metric + "-total"));
            }
            routes.put(route.from(), counts);
        });
        return new Findings(routes);
    }

    private long total(String node, String name) {
        return Math.round(streams().metrics().entrySet().stream()
                .filter(metric -> metric.getKey().group().equals(DedupMetrics.GROUP)
                        && metric.getKey().name().equals(name)
                        && node.equals(metric.getKey().tags().get("processor-node-id")))
                .mapToDouble(metric -> (double) metric.getValue().metricValue())
                .sum());
    }

    @Override
    public void close() {
        running.close();
    }
}
