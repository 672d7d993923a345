// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.metrics;

import io.dedup.Verdict;
import io.dedup.streams.internal.store.SeenStore;
import io.dedup.streams.metrics.DedupMetrics;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.metrics.MeasurableStat;
import org.apache.kafka.common.metrics.MetricConfig;
import org.apache.kafka.common.metrics.Sensor;
import org.apache.kafka.common.metrics.Sensor.RecordingLevel;
import org.apache.kafka.streams.StreamsMetrics;
import org.apache.kafka.streams.processor.TaskId;

/**
 * A total and a rate per verdict, how long a decision takes in nanoseconds, how many keys are remembered, how far the store
 * reaches back and how many bytes it takes, in Kafka's own metrics: group {@code stream-dedup-metrics}, tags {@code
 * thread-id}, {@code task-id}, {@code processor-node-id}.
 *
 * <p>Duplicates are never counted as Kafka's {@code dropped-records}, which stands for loss on dashboards.
 *
 * <p>Confined to the stream thread.
 */
public final class VerdictSensors implements AutoCloseable {
    private static final String SCOPE = "dedup";

    private final StreamsMetrics metrics;
    private final Map<Verdict, VerdictCount> counts = new EnumMap<>(Verdict.class);
    private final Sensor releases;
    private final Sensor noOutcomes;
    private final Sensor unwritable;
    private final Sensor forgets;
    private final Sensor badCommands;
    private final Sensor judging;
    private final Sensor memory;

    public VerdictSensors(StreamsMetrics metrics, TaskId task, String node, SeenStore store) {
        this.metrics = metrics;
        // Kafka names a sensor by thread and entity: without the task in it, tasks on one thread would share it.
        String entity = node + "." + task;
        String[] tags = {"task-id", task.toString(), "processor-node-id", node};
        this.releases = metrics.addRateTotalSensor(SCOPE, entity, "releases", RecordingLevel.INFO, tags);
        this.noOutcomes = metrics.addRateTotalSensor(SCOPE, entity, "no-outcomes", RecordingLevel.INFO, tags);
        this.unwritable = metrics.addRateTotalSensor(SCOPE, entity, DedupMetrics.UNWRITABLE, RecordingLevel.INFO, tags);
        this.forgets = metrics.addRateTotalSensor(SCOPE, entity, "forgets", RecordingLevel.INFO, tags);
        this.badCommands = metrics.addRateTotalSensor(SCOPE, entity, "bad-commands", RecordingLevel.INFO, tags);
        this.judging = metrics.addLatencyRateTotalSensor(SCOPE, entity, "judge", RecordingLevel.DEBUG, tags);
        // The tags that Kafka gives to the sensors above.
        Map<String, String> allTags = new LinkedHashMap<>();
        allTags.put("thread-id", Thread.currentThread().getName());
        allTags.put(SCOPE + "-id", entity);
        allTags.put("task-id", task.toString());
        allTags.put("processor-node-id", node);
        for (Verdict verdict : Verdict.values()) {
            counts.put(verdict, new VerdictCount(metrics, entity, DedupMetrics.nameOf(verdict), allTags));
        }
        this.memory = metrics.addSensor(entity + ".memory", RecordingLevel.INFO);
        memory.add(
                new MetricName("keys-remembered", DedupMetrics.GROUP, "How many keys are remembered", allTags),
                new Gauge(store::remembered));
        memory.add(
                new MetricName(
                        "oldest-key-age",
                        DedupMetrics.GROUP,
                        "How long before stream time the oldest first was, in ms",
                        allTags),
                new Gauge(store::reach));
        memory.add(
                new MetricName(
                        "partition-drift",
                        DedupMetrics.GROUP,
                        "How far the slowest source partition is behind the fastest in event time, in ms",
                        allTags),
                new Gauge(store::drift));
        memory.add(
                new MetricName("memory-bytes", DedupMetrics.GROUP, "How many bytes of memory the store takes", allTags),
                new Gauge(store::bytes));
        memory.add(
                new MetricName("disk-bytes", DedupMetrics.GROUP, "How many bytes of files the store has", allTags),
                new Gauge(store::diskBytes));
    }

    /**
     * Counts one more verdict.
     *
     * @param now the wall clock in milliseconds since the epoch, which the stream thread knows without asking for it again
     */
    public void count(Verdict verdict, long now) {
        VerdictCount count = counts.get(verdict);
        if (count != null) {
            count.add(now);
        }
    }

    /** A key has been released because what came after its first failed and was skipped. */
    public void countRelease() {
        releases.record();
    }

    /** A record has been refused because an outcome could not be stored or was not there. */
    public void countNoOutcome() {
        noOutcomes.record();
    }

    /** A record has been refused because it cannot be written. */
    public void countUnwritable() {
        unwritable.record();
    }

    /** A key has been forgotten on command. */
    public void countForget() {
        forgets.record();
    }

    /** A record of the control topic was not understood. */
    public void countBadCommand() {
        badCommands.record();
    }

    /** Returns {@link System#nanoTime}, or 0 if latency is not recorded. */
    public long start() {
        return judging.shouldRecord() ? System.nanoTime() : 0;
    }

    public void stop(long start) {
        if (start != 0) {
            judging.record((double) (System.nanoTime() - start));
        }
    }

    @Override
    public void close() {
        counts.values().forEach(VerdictCount::close);
        metrics.removeSensor(releases);
        metrics.removeSensor(noOutcomes);
        metrics.removeSensor(unwritable);
        metrics.removeSensor(forgets);
        metrics.removeSensor(badCommands);
        metrics.removeSensor(judging);
        metrics.removeSensor(memory);
    }

    /** A metric that is computed when it is read, on the thread that reads it. */
    private record Gauge(LongSupplier value) implements MeasurableStat {
        @Override
        public double measure(MetricConfig config, long now) {
            return value.getAsLong();
        }

        @Override
        public void record(MetricConfig config, double recorded, long timeMs) {
            // Nothing is recorded: the value is at hand.
        }
    }
}
