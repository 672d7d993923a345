// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import static io.dedup.key.KeyExtractors.header;
import static io.dedup.streams.DedupFixture.KEY_HEADER;
import static io.dedup.streams.DedupFixture.NOW;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.dedup.streams.store.CountingEngine;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What judging a record costs in calls to the store. */
class PointReadsTest {
    private static final long T = NOW.toEpochMilli();
    private static final Duration TTL = Duration.ofMinutes(10);

    private final CountingEngine engine = new CountingEngine();
    private final Dedup dedup = Dedup.by(header(KEY_HEADER))
            .within(TTL)
            .withAllowedLateness(Duration.ofHours(1))
            .withStore(engine.engine());

    static Stream<Arguments> records() {
        long width = TTL.toMillis() + 1;
        long bucket = Math.floorDiv(T, width) * width - 2 * width;
        return Stream.of(
                arguments("new key", "new", bucket + 2 * width - 1000, 2, 1),
                arguments("new key, last millisecond of its bucket", "new", bucket + width - 1, 2, 1),
                arguments("new key, out of order", "new", bucket + 5, 3, 1),
                arguments("duplicate in its bucket", "old", bucket + width + 10, 1, 0),
                arguments("duplicate of the previous bucket", "older", bucket + width + 1, 2, 0),
                arguments("duplicate of the next bucket", "old", bucket + width - 2, 3, 0),
                arguments("no key", null, bucket + width + 10, 0, 0),
                arguments("from the future", "new", T + Duration.ofDays(1).toMillis(), 0, 0));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("records")
    void decide_record_takesThatManyPointReadsAndNoIterator(String what, String key, long time, int reads, int writes) {
        try (DedupFixture topology = DedupFixture.of(dedup)) {
            // Given
            long width = TTL.toMillis() + 1;
            long bucket = Math.floorDiv(T, width) * width - 2 * width;
            topology.send("older", "1", bucket + 100).send("old", "2", bucket + width + 5);
            topology.send("newest", "3", bucket + 2 * width - 1000);
            engine.reset();
            // When
            topology.send(key, "x", time);
            // Then
            Map<String, Integer> calls = engine.calls();
            assertThat(calls.getOrDefault("point read", 0)).isEqualTo(reads);
            assertThat(calls.getOrDefault("put", 0)).isEqualTo(writes);
            assertThat(calls).doesNotContainKey("iterator");
        }
    }

    @Test
    void decide_manyRecords_oneToThreeReadsEachAndOneWritePerFirst() {
        try (DedupFixture topology = DedupFixture.of(dedup)) {
            // Given
            Random random = new Random(7);
            topology.send("start", "0", T - TTL.toMillis() * 5);
            engine.reset();
            int records = 3_000;
            long elapsed = 0;
            // When
            for (int i = 0; i < records; i++) {
                elapsed += random.nextInt(200);
                long time = T - TTL.toMillis() * 5 + elapsed - random.nextInt(60_000);
                topology.send("key-" + random.nextInt(500), "x", time);
            }
            // Then
            Map<String, Integer> calls = engine.calls();
            int firsts = topology.out().size() - 1;
            assertThat(calls).doesNotContainKey("iterator");
            assertThat(calls.getOrDefault("point read", 0)).isBetween(records, 3 * records);
            assertThat(calls.getOrDefault("put", 0)).isEqualTo(firsts);
        }
    }
}
