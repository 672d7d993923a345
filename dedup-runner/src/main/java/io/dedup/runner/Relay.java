// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.Verdict;
import io.dedup.config.ConfigProblem;
import io.dedup.config.ConfigProblem.Code;
import io.dedup.config.DedupConfig;
import io.dedup.internal.Sentences;
import io.dedup.runner.TailReader.OffsetRange;
import io.dedup.runner.TopicChange.Kind;
import io.dedup.runner.TopicChange.Role;
import io.dedup.streams.errors.DedupProductionExceptionHandler;
import io.dedup.streams.errors.UnwrittenRecordException;
import io.dedup.streams.metrics.DedupMetrics;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.InvalidOffsetException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.ProcessorStateException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The running application. Thread-safe. */
final class Relay implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(Relay.class);
    private static final Duration LOOK_EVERY = Duration.ofSeconds(10);

    private final Properties application;
    private final DedupConfig config;
    private final StreamsApplication running;
    private final AtomicReference<@Nullable UnwrittenRecordException> unwritten = new AtomicReference<>();
    private final TopicWatch watch;
    private final RetentionWatch retention;
    private final Duration lookEvery;
    private Map<TopicPartition, OffsetRange> stretches = Map.of();
    private Map<TopicPartition, Long> unusable = Map.of();
    private long passedOver;
    private List<TopicChange> suspected = List.of();

    Relay(Properties application, DedupConfig config) {
        this.application = application;
        this.config = config;
        Properties listening = new Properties();
        listening.putAll(application);
        Consumer<UnwrittenRecordException> listener = refused -> unwritten.compareAndSet(null, refused);
        listening.put(DedupProductionExceptionHandler.LISTENER, listener);
        this.running = new StreamsApplication(RelayTopology.build(config), listening);
        this.watch = new TopicWatch(application, config);
        this.retention = new RetentionWatch(application, config);
        this.lookEvery = lookEvery(application);
    }

    /** As often as Kafka's clients look for changed topics, and at least every ten seconds. */
    private static Duration lookEvery(Properties application) {
        Object age = new StreamsConfig(application)
                .getAdminConfigs("dedup-watch")
                .get(CommonClientConfigs.METADATA_MAX_AGE_CONFIG);
        Duration configured = age == null ? LOOK_EVERY : Duration.ofMillis(Long.parseLong(age.toString()));
        return configured.compareTo(LOOK_EVERY) < 0 ? configured : LOOK_EVERY;
    }

    KafkaStreams streams() {
        return running.streams();
    }

    /** How many records are not read, since nothing is committed in their partitions, and {@code auto.offset.reset} is behind them. */
    long passedOver() {
        return passedOver;
    }

    /**
     * Starts.
     *
     * @param untilEnd whether what is in the source topics now is all that is wanted
     */
    void start(boolean untilEnd) {
        try (Admin admin = CheckCommand.admin(application)) {
            watch.changes(admin);
            if (untilEnd) {
                setStretches(admin);
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
        try (Admin admin = CheckCommand.admin(application)) {
            while (!running.awaitEnd(lookEvery)) {
                stopIfChanged(admin);
            }
        }
        throwIfFailed();
    }

    /** Stops if a topic has changed and still has when it is looked at again: what one broker answers may be out of date. */
    private void stopIfChanged(Admin admin) {
        List<TopicChange> changes;
        try {
            changes = watch.changes(admin);
        } catch (KafkaException unanswered) {
            LOGGER.debug("The topics could not be looked at", unanswered);
            return;
        }
        if (!changes.isEmpty() && changes.equals(suspected)) {
            running.close();
            throw changed(admin, changes);
        }
        suspected = changes;
        if (changes.isEmpty()) {
            reportDeleted(admin);
        }
    }

    /** Logs which source partitions have deleted records that may not have been read. Offsets of a topic that has changed say nothing. */
    private void reportDeleted(Admin admin) {
        try {
            retention.overtaken(admin).forEach(deleted -> LOGGER.error("{}", deleted));
        } catch (KafkaException unanswered) {
            LOGGER.debug("The offsets could not be looked at", unanswered);
        }
    }

    private CommandFailedException changed(Admin admin, List<TopicChange> changes) {
        String id = application.getProperty(StreamsConfig.APPLICATION_ID_CONFIG);
        return CommandFailedException.changed(changes.stream()
                .map(change -> change.problem(id, isSource(change) && startsOver(admin, change.topic())))
                .toList());
    }

    private static boolean isSource(TopicChange change) {
        return change.role() == Role.SOURCE && change.kind() == Kind.RECREATED;
    }

    /**
     * Deletes what is committed of a topic that was created again: the offsets are those of the old one, and records before them would
     * not be read. Returns whether nothing is committed.
     */
    private boolean startsOver(Admin admin, String source) {
        try {
            Set<TopicPartition> committed =
                    new HashSet<>(new Offsets(application, admin).committed().keySet());
            committed.removeIf(partition -> !partition.topic().equals(source));
            if (!committed.isEmpty()) {
                String id = application.getProperty(StreamsConfig.APPLICATION_ID_CONFIG);
                AdminCalls.of(admin.deleteConsumerGroupOffsets(id, committed).all());
            }
            return true;
        } catch (KafkaException refused) {
            // As where other instances are in the group.
            LOGGER.info("The offsets of {} could not be deleted", source, refused);
            return false;
        }
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
                    throw new CommandFailedException(ExitCode.FAILED, "It was stopped with " + left + " records left");
                }
                stopIfChanged(admin);
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

    private CommandFailedException stopped(Throwable cause) {
        CommandFailedException changed = changedBefore(cause);
        if (changed != null) {
            LOGGER.info("The relay has stopped", cause);
            return changed;
        }
        UnwrittenRecordException refused = unwritten.get();
        Throwable deepest = refused == null ? cause : refused;
        while (deepest.getCause() != null) {
            deepest = deepest.getCause();
        }
        boolean ofState =
                cause instanceof ProcessorStateException || cause.getCause() instanceof ProcessorStateException;
        String advice = ofState
                ? "If the files under " + application.getProperty(StreamsConfig.STATE_DIR_CONFIG)
                        + " are damaged, or another process uses them: stop it, delete the directory of this application"
                        + " there, and start again; everything is restored from the changelog"
                : "";
        String reason = deepest.getMessage() == null ? deepest.toString() : deepest.getMessage();
        return new CommandFailedException(ExitCode.FAILED, Sentences.of("The relay has stopped: " + reason, advice));
    }

    /** What has happened to the topics, if that can be what has stopped it; else null. */
    private @Nullable CommandFailedException changedBefore(Throwable cause) {
        try (Admin admin = CheckCommand.admin(application)) {
            List<TopicChange> changes = watch.changes(admin);
            if (!changes.isEmpty()) {
                running.close();
                return changed(admin, changes);
            }
            if (!isOfOffsets(cause)) {
                return null;
            }
            List<ConfigProblem> problems = new ClusterCheck(application, config, admin)
                    .problems().stream()
                            .filter(problem -> problem.code() == Code.NO_OFFSET_TO_START_FROM)
                            .toList();
            return problems.isEmpty() ? null : CommandFailedException.changed(problems);
        } catch (KafkaException unanswered) {
            return null;
        }
    }

    private static boolean isOfOffsets(Throwable cause) {
        return cause instanceof InvalidOffsetException || (cause.getCause() != null && isOfOffsets(cause.getCause()));
    }

    /** How many offsets of those that were there at the start are not committed yet. */
    private long left(Admin admin) {
        Map<TopicPartition, OffsetRange> wanted = new HashMap<>(stretches);
        repartitioned(admin).forEach((partition, end) -> wanted.put(partition, new OffsetRange(0, end)));
        Map<TopicPartition, Long> committed = new Offsets(application, admin).committed();
        committed.entrySet().removeAll(unusable.entrySet());
        return wanted.entrySet().stream()
                .mapToLong(stretch -> stretch.getValue().left(committed.getOrDefault(stretch.getKey(), 0L)))
                .sum();
    }

    /** The ends of the topics that records go through on their way, as they are now. */
    private Map<TopicPartition, Long> repartitioned(Admin admin) {
        RelayTopics names = RelayTopics.of(application, config);
        List<String> topics = config.routes().stream()
                .flatMap(route -> names.repartition(route).stream())
                .toList();
        return topics.isEmpty() ? Map.of() : new Offsets(application, admin).stableEnds(partitions(admin, topics));
    }

    private void setStretches(Admin admin) {
        Offsets offsets = new Offsets(application, admin);
        List<TopicPartition> partitions = partitions(admin, config.sources());
        Map<TopicPartition, Long> committed = offsets.committed();
        Map<TopicPartition, Long> begins = offsets.begins(partitions, committed);
        // Those of a topic that was created again are higher than any that will be committed now.
        unusable = new HashMap<>(committed);
        unusable.entrySet().removeIf(entry -> entry.getValue() <= begins.getOrDefault(entry.getKey(), Long.MAX_VALUE));
        try (TailReader tails = new TailReader(application)) {
            stretches = tails.stretches(offsets.stableEnds(partitions), begins);
        }
        if (offsets.isResetPastRecords()) {
            Map<TopicPartition, Long> starts = offsets.starts(partitions);
            passedOver = partitions.stream()
                    .filter(partition -> !committed.containsKey(partition))
                    .mapToLong(partition -> begins.getOrDefault(partition, 0L) - starts.getOrDefault(partition, 0L))
                    .sum();
        }
    }

    private static List<TopicPartition> partitions(Admin admin, Collection<String> topics) {
        Set<String> there = AdminCalls.of(admin.listTopics().names());
        List<String> found = topics.stream().filter(there::contains).toList();
        List<TopicPartition> partitions = new ArrayList<>();
        AdminCalls.of(admin.describeTopics(found).allTopicNames())
                .values()
                .forEach(topic -> topic.partitions()
                        .forEach(partition -> partitions.add(new TopicPartition(topic.name(), partition.partition()))));
        return partitions;
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
            counts.put(DedupMetrics.UNWRITABLE, total(RelayTopology.nameOf(route), DedupMetrics.UNWRITABLE + "-total"));
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
