// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import static io.dedup.key.KeyExtractors.header;
import static io.dedup.streams.DedupFixture.KEY_HEADER;
import static io.dedup.streams.DedupFixture.NOW;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.dedup.Action;
import io.dedup.DedupHeaders;
import io.dedup.Verdict;
import io.dedup.streams.store.SmallTables;
import io.dedup.streams.store.StoreEngine;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.test.TestRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Holds the operator with its real store, buckets and expiry against a model that never forgets, over random sequences
 * that run through many retentions. {@link SmallTablesModelIT} does it with more files.
 */
class DedupModelTest {
    private static final int RECORDS = 3_000;

    static Stream<Arguments> seedsAndEngines() {
        return IntStream.rangeClosed(1, 8)
                .boxed()
                .flatMap(seed -> Stream.of(
                        arguments(seed, "rocksdb", false),
                        arguments(seed, "memory", false),
                        arguments(seed, seed % 2 == 0 ? "rocksdb" : "memory", true)));
    }

    @ParameterizedTest
    @MethodSource("seedsAndEngines")
    void apply_randomSequence_agreesWithTheModel(int seed, String engine, boolean ownTtls) {
        assertAgreesWithTheModel(seed, engine, ownTtls);
    }

    /** Also with an engine whose tables are small: {@code small-tables}. */
    static void assertAgreesWithTheModel(int seed, String engine, boolean ownTtls) {
        Random random = new Random(seed);
        long ttl = 1_000L + random.nextInt(300_000);
        long lateness = random.nextInt(3) == 0 ? 0 : random.nextLong(2 * ttl);
        Dedup dedup = Dedup.by(header(KEY_HEADER))
                .within(Duration.ofMillis(ttl))
                .withAllowedLateness(Duration.ofMillis(lateness))
                .withStore(engine.equals("small-tables") ? SmallTables.rocksDb() : StoreEngine.named(engine))
                .withTtlHeader("ttl")
                .on(Verdict.DUPLICATE, Action.FORWARD)
                .on(Verdict.LATE, Action.FORWARD);
        List<First> firsts = new ArrayList<>();
        int duplicates = 0;
        int late = 0;
        long clock = NOW.toEpochMilli() - 400 * ttl;
        long streamTime = Long.MIN_VALUE;
        try (DedupFixture topology = DedupFixture.of(dedup)) {
            for (int i = 0; i < RECORDS; i++) {
                clock += random.nextLong(ttl / 10 + 1);
                long time = clock - (random.nextInt(3) == 0 ? random.nextLong(lateness + 3 * ttl) : 0);
                String key = "key-" + random.nextInt(30);
                // No shorter than an eighth, so that a bucket never holds more firsts of a key than are kept.
                long own = ownTtls ? ttl / 8 + 1 + random.nextLong(ttl - ttl / 8) : ttl;
                send(topology, key, ownTtls ? own : null, time);
                String verdict = verdictOf(topology);
                Set<String> expected = expected(firsts, key, time, own, streamTime, lateness);
                assertThat(expected)
                        .as(
                                "seed %d, engine %s, ttl %d, lateness %d, record %d at %d",
                                seed, engine, ttl, lateness, i, time)
                        .contains(verdict);
                streamTime = Math.max(streamTime, time);
                switch (verdict) {
                    case "first" -> firsts.add(new First(key, time, own));
                    case "duplicate" -> duplicates++;
                    default -> late++;
                }
            }
        }
        assertThat(firsts).as("firsts of seed %d", seed).hasSizeGreaterThan(100);
        assertThat(duplicates).as("duplicates of seed %d", seed).isGreaterThan(100);
        assertThat(late).as("late of seed %d", seed).isPositive();
    }

    private static Set<String> expected(
            List<First> firsts, String key, long time, long own, long streamTime, long lateness) {
        boolean remembered = firsts.stream()
                .filter(first -> first.key().equals(key))
                .anyMatch(first ->
                        time >= first.time() ? time - first.time() <= first.ttl() : first.time() - time <= own);
        boolean beyond = streamTime != Long.MIN_VALUE && streamTime - time > lateness;
        if (beyond) {
            // Its first may have been forgotten; it must not pass as a first.
            return remembered ? Set.of("duplicate", "late") : Set.of("late");
        }
        return Set.of(remembered ? "duplicate" : "first");
    }

    private static String verdictOf(DedupFixture topology) {
        String reason = DedupFixture.header(topology.read("out").get(0), DedupHeaders.REASON);
        return reason == null ? "first" : reason;
    }

    private static void send(DedupFixture topology, String key, @Nullable Long ttl, long time) {
        RecordHeaders headers = new RecordHeaders();
        headers.add(KEY_HEADER, key.getBytes(UTF_8));
        if (ttl != null) {
            headers.add("ttl", ttl.toString().getBytes(UTF_8));
        }
        topology.send(new TestRecord<>("k", "x", headers, time));
    }

    private record First(String key, long time, long ttl) {}
}
