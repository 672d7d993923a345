// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.CloseOptions.GroupMembershipOperation;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.TaskMetadata;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;

/** The application under test, running inside this JVM. */
final class RunningApp implements AutoCloseable {
    private final KafkaStreams streams;
    private final AtomicInteger threadsReplaced = new AtomicInteger();

    private RunningApp(KafkaStreams streams) {
        this.streams = streams;
    }

    /** Starts it and waits until it is running. */
    static RunningApp start(String id, Path stateDir, Map<String, ?> overrides) {
        return start(id, DedupApp.topology(id, DedupApp.TTL), stateDir, overrides);
    }

    /** Starts it with another TTL and waits until it is running. */
    static RunningApp startWithTtl(String id, Path stateDir, Duration ttl) {
        return start(id, DedupApp.topology(id, ttl), stateDir, Map.of());
    }

    /** Starts it with something behind the operator that throws at the first of that number. */
    static RunningApp startThrowingOnce(String id, Path stateDir, int throwAt) {
        Topology topology = DedupApp.topology(id, DedupApp.TTL, DedupApp.onFirst(throwAt, () -> {
            throw new IllegalStateException("once");
        }));
        return start(id, topology, stateDir, Map.of());
    }

    /** Starts another application on the same topics and waits until it is running. */
    static RunningApp start(String id, Topology topology, Path stateDir, Map<String, ?> overrides) {
        Properties properties = DedupApp.properties(TestCluster.shared().bootstrapServers(), id, stateDir);
        // With at-least-once too: tests wait for commits.
        properties.put("commit.interval.ms", "100");
        properties.putAll(overrides);
        RunningApp app = new RunningApp(new KafkaStreams(topology, properties));
        app.streams.setUncaughtExceptionHandler(thrown -> {
            app.threadsReplaced.incrementAndGet();
            return StreamThreadExceptionResponse.REPLACE_THREAD;
        });
        app.streams.start();
        await().atMost(TestCluster.PATIENCE)
                .untilAsserted(() -> assertThat(app.streams.state()).isEqualTo(KafkaStreams.State.RUNNING));
        return app;
    }

    KafkaStreams streams() {
        return streams;
    }

    KafkaStreams.State state() {
        return streams.state();
    }

    int threadsReplaced() {
        return threadsReplaced.get();
    }

    /** How many tasks run here. */
    int activeTasks() {
        return streams.metadataForLocalThreads().stream()
                .flatMap(thread -> thread.activeTasks().stream())
                .map(TaskMetadata::taskId)
                .collect(Collectors.toSet())
                .size();
    }

    /** How many standby copies of tasks are here. */
    int standbyTasks() {
        return streams.metadataForLocalThreads().stream()
                .mapToInt(thread -> thread.standbyTasks().size())
                .sum();
    }

    double metric(String name) {
        return streams.metrics().entrySet().stream()
                .filter(metric -> metric.getKey().group().equals("stream-dedup-metrics")
                        && metric.getKey().name().equals(name))
                .mapToDouble(metric -> (double) metric.getValue().metricValue())
                .sum();
    }

    /** Leaves the group at once, as in a rolling restart. */
    @Override
    public void close() {
        boolean closed = streams.close(CloseOptions.groupMembershipOperation(GroupMembershipOperation.LEAVE_GROUP)
                .withTimeout(Duration.ofSeconds(60)));
        assertThat(closed).as("the application stopped in time").isTrue();
    }
}
