// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.DedupHeaders;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.streams.KafkaStreams;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Clocks that are wrong, on a broker that has opinions of its own about time. */
class OddTimesIT {
    private static final long WEEK = Duration.ofDays(7).toMillis();
    private static final long YEAR = Duration.ofDays(365).toMillis();

    @TempDir
    Path directory;

    private final TestCluster cluster = TestCluster.shared();

    @Test
    void odd_yearAheadAndWeekLate_nothingIsForgottenAndBothAreDeadLettered() {
        // Given
        String id = "odd-times";
        long now = System.currentTimeMillis();
        cluster.createTopic(id + "-in", 1, Map.of("message.timestamp.after.max.ms", String.valueOf(Long.MAX_VALUE)));
        cluster.createTopic(id + "-out", 1, Map.of());
        // As brokers make it: it would refuse the time that the record itself has.
        cluster.createTopic(id + "-dead", 1, Map.of());
        try (RunningApp app = RunningApp.start(id, directory, Map.of())) {
            cluster.send(id + "-in", 0, now, "a", "first");
            // When
            cluster.send(id + "-in", 0, now + YEAR, "b", "ahead");
            cluster.send(id + "-in", 0, now - WEEK, "c", "late");
            cluster.send(id + "-in", 0, now + 1, "a", "duplicate");
            cluster.send(id + "-in", 0, now + 2, null, "no key");
            cluster.awaitProcessed(id, id + "-in");
            // Then
            assertThat(app.state()).isEqualTo(KafkaStreams.State.RUNNING);
            assertThat(app.metric("duplicates-total")).isEqualTo(1);
        }
        assertThat(cluster.read(id + "-out")).extracting(ConsumerRecord::value).containsExactly("first");
        assertThat(cluster.read(id + "-dead"))
                .satisfiesExactly(
                        ahead -> assertDeadLetter(ahead, "ahead", "future", now, now + YEAR),
                        late -> assertDeadLetter(late, "late", "late", now, now - WEEK),
                        missing -> assertDeadLetter(missing, "no key", "missing-key:absent", now, now + 2));
    }

    private static void assertDeadLetter(
            ConsumerRecord<String, String> letter, String value, String reason, long now, long own) {
        assertThat(letter.value()).isEqualTo(value);
        assertThat(TestCluster.header(letter, DedupHeaders.REASON)).isEqualTo(reason);
        assertThat(TestCluster.header(letter, DedupHeaders.TIMESTAMP)).isEqualTo(String.valueOf(own));
        assertThat(TestCluster.header(letter, "__streams.errors.topic")).isEqualTo("odd-times-in");
        assertThat(letter.timestamp()).isBetween(now, System.currentTimeMillis());
    }
}
