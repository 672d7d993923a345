// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import io.dedup.Verdict;
import java.util.EnumMap;
import java.util.Map;
import org.apache.kafka.common.metrics.Sensor;
import org.apache.kafka.common.metrics.Sensor.RecordingLevel;
import org.apache.kafka.streams.StreamsMetrics;
import org.apache.kafka.streams.processor.TaskId;

/**
 * A total and a rate per verdict, and how long judging takes in nanoseconds, in Kafka's own metrics: group {@code
 * stream-dedup-metrics}, tags {@code thread-id}, {@code task-id}, {@code processor-node-id}.
 *
 * <p>Duplicates are never counted as Kafka's {@code dropped-records}, which means loss on everybody's dashboards.
 *
 * <p>Confined to the stream thread.
 */
final class VerdictSensors implements AutoCloseable {
    private static final String SCOPE = "dedup";

    private final StreamsMetrics metrics;
    private final Map<Verdict, Sensor> verdicts = new EnumMap<>(Verdict.class);
    private final Sensor releases;
    private final Sensor noOutcomes;
    private final Sensor judging;

    VerdictSensors(StreamsMetrics metrics, TaskId task, String node) {
        this.metrics = metrics;
        // Kafka names a sensor by thread and entity: without the task in it, tasks on one thread would share it.
        String entity = node + "." + task;
        String[] tags = {"task-id", task.toString(), "processor-node-id", node};
        for (Verdict verdict : Verdict.values()) {
            verdicts.put(
                    verdict, metrics.addRateTotalSensor(SCOPE, entity, operation(verdict), RecordingLevel.INFO, tags));
        }
        this.releases = metrics.addRateTotalSensor(SCOPE, entity, "releases", RecordingLevel.INFO, tags);
        this.noOutcomes = metrics.addRateTotalSensor(SCOPE, entity, "no-outcomes", RecordingLevel.INFO, tags);
        this.judging = metrics.addLatencyRateTotalSensor(SCOPE, entity, "judge", RecordingLevel.DEBUG, tags);
    }

    /** The word before {@code -total} and {@code -rate} in the metric's name. */
    static String operation(Verdict verdict) {
        return switch (verdict) {
            case FIRST -> "firsts";
            case REPLAY -> "replays";
            case DUPLICATE -> "duplicates";
            case CONFLICT -> "conflicts";
            case MISSING_KEY -> "missing-keys";
            case INVALID_TTL -> "invalid-ttls";
            case LATE -> "late";
            case FUTURE -> "future";
        };
    }

    void count(Verdict verdict) {
        Sensor sensor = verdicts.get(verdict);
        if (sensor != null) {
            sensor.record();
        }
    }

    /** A key has been released because what came after its first failed and was skipped. */
    void countRelease() {
        releases.record();
    }

    /** A record has been refused because an outcome could not be stored or was not there. */
    void countNoOutcome() {
        noOutcomes.record();
    }

    /** Now, if anybody wants to know how long judging takes; else 0. In nanoseconds of an arbitrary origin. */
    long start() {
        return judging.shouldRecord() ? System.nanoTime() : 0;
    }

    void stop(long start) {
        if (start != 0) {
            judging.record((double) (System.nanoTime() - start));
        }
    }

    @Override
    public void close() {
        verdicts.values().forEach(metrics::removeSensor);
        metrics.removeSensor(releases);
        metrics.removeSensor(noOutcomes);
        metrics.removeSensor(judging);
    }
}
