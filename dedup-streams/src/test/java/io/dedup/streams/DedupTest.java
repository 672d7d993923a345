// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import static io.dedup.streams.DedupFixture.KEY_HEADER;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.dedup.key.Fingerprinter;
import io.dedup.streams.store.StoreEngine;
import java.time.Duration;
import java.util.stream.Stream;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.test.TestRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What the operator lets through, by time and key. */
class DedupTest extends OperatorFixture {
    @Test
    void apply_sameKeyTwice_onlyTheFirstComesOut() {
        try (DedupFixture topology = DedupFixture.of(DEDUP)) {
            // When
            topology.send("a", "1", T)
                    .send("b", "2", T)
                    .send("a", "3", T)
                    .send("c", "4", T)
                    .send("b", "5", T + 1);
            // Then
            assertThat(topology.out()).containsExactly("1", "2", "4");
            assertThat(topology.metric("firsts-total")).isEqualTo(3);
            assertThat(topology.metric("duplicates-total")).isEqualTo(2);
            assertThat(topology.total("stream-task-metrics", "dropped-records-total"))
                    .isZero();
        }
    }

    @Test
    void apply_first_comesOutExactlyAsItCame() {
        try (DedupFixture topology = DedupFixture.of(DEDUP)) {
            // Given
            RecordHeaders headers = new RecordHeaders();
            headers.add(KEY_HEADER, new byte[] {(byte) 0xff, 0}).add("trace", "x".getBytes(UTF_8));
            TestRecord<String, String> record = new TestRecord<>("k", "v", headers, T - 5);
            // When
            topology.send(record);
            // Then
            assertThat(topology.read("out")).containsExactly(record);
        }
    }

    static Stream<Arguments> engines() {
        return Stream.of(arguments(StoreEngine.rocksDb()), arguments(StoreEngine.memory()));
    }

    @ParameterizedTest
    @MethodSource("engines")
    void apply_boundaryOfTheTtl_isIncludedInBothDirections(StoreEngine engine) {
        try (DedupFixture topology = DedupFixture.of(DEDUP.withStore(engine).withAllowedLateness(Duration.ofDays(1)))) {
            // Given
            long ttl = TTL.toMillis();
            topology.send("a", "first", T);
            // When
            topology.send("a", "at the ttl", T + ttl)
                    .send("a", "before, at the ttl", T - ttl)
                    .send("a", "before, beyond the ttl", T - ttl - 1)
                    .send("a", "beyond the ttl", T + ttl + 1);
            // Then
            assertThat(topology.out()).containsExactly("first", "before, beyond the ttl", "beyond the ttl");
        }
    }

    @Test
    void apply_nullKeysAndTombstones_areJudgedLikeAnyRecord() {
        try (DedupFixture topology = DedupFixture.of(DEDUP.withFingerprint(Fingerprinter.wholeValue()))) {
            // When
            topology.send(null, "a", null, T).send(null, "a", null, T + 1).send(null, "a", "v", T + 2);
            // Then
            assertThat(topology.read("out")).singleElement().satisfies(record -> {
                assertThat(record.key()).isNull();
                assertThat(record.value()).isNull();
            });
            assertThat(topology.metric("duplicates-total")).isEqualTo(1);
            assertThat(topology.metric("conflicts-total")).isEqualTo(1);
        }
    }

    @Test
    void apply_oneRecordAYearAhead_nothingIsForgotten() {
        try (DedupFixture topology = DedupFixture.of(DEDUP)) {
            // Given
            topology.send("a", "first", T);
            // When
            topology.send("broken clock", "future", T + 365 * DAY).send("a", "duplicate", T + 1);
            // Then
            assertThat(topology.out()).containsExactly("first");
            assertThat(topology.metric("duplicates-total")).isEqualTo(1);
            assertThat(topology.metric("future-total")).isEqualTo(1);
        }
    }

    @Test
    void apply_oneRecordAYearAheadInABacklog_makesNobodyLate() {
        try (DedupFixture topology = DedupFixture.of(DEDUP)) {
            // Given
            long hoursAgo = T - Duration.ofHours(5).toMillis();
            topology.send("a", "1", hoursAgo);
            // When
            topology.send("broken clock", "future", T + 365 * DAY).send(null, "no key either", T + 365 * DAY);
            topology.send("b", "2", hoursAgo + 1).send("a", "again", hoursAgo + 2);
            // Then
            assertThat(topology.out()).containsExactly("1", "2");
            assertThat(topology.metric("late-total")).isZero();
        }
    }

    @Test
    void apply_oneRecordSomewhatAhead_makesNobodyLate() {
        try (DedupFixture topology = DedupFixture.of(DEDUP)) {
            // Given
            topology.send("a", "1", T);
            // When
            topology.send("ahead", "2", T + Duration.ofMinutes(59).toMillis());
            topology.send("c", "3", T + 1).send("a", "again", T + 2);
            topology.send("ahead", "again", T + Duration.ofMinutes(51).toMillis());
            // Then
            assertThat(topology.out()).containsExactly("1", "2", "3");
            assertThat(topology.metric("duplicates-total")).isEqualTo(2);
        }
    }

    @Test
    void apply_aWeekLate_isJudgedLateEveryTimeAndNeverForwarded() {
        try (DedupFixture topology = DedupFixture.of(DEDUP)) {
            // Given
            topology.send("a", "first", T);
            // When
            topology.send("late", "1", T - 7 * DAY).send("late", "2", T - 7 * DAY);
            // Then
            assertThat(topology.out()).containsExactly("first");
            assertThat(topology.read("dead")).extracting(TestRecord::value).containsExactly("1", "2");
            assertThat(topology.metric("late-total")).isEqualTo(2);
        }
    }

    @Test
    void apply_withinTheLateness_isJudgedExactly() {
        try (DedupFixture topology = DedupFixture.of(DEDUP.withAllowedLateness(Duration.ofDays(2)))) {
            // Given
            topology.send("a", "1", T - 2 * DAY).send("b", "2", T);
            // When
            topology.send("a", "again", T - 2 * DAY + 1).send("c", "3", T - 2 * DAY);
            // Then
            assertThat(topology.out()).containsExactly("1", "2", "3");
        }
    }
}
