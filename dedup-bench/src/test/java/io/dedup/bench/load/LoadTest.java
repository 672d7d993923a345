// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.load;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class LoadTest {
    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
    private static final Duration TTL = Duration.ofDays(1);

    private static Load load(long records, int reach, long seed) {
        return new Load(records, 200, 0.2, reach, START, Duration.ofDays(2), TTL, seed);
    }

    private record Generated(String key, List<Byte> value, long timestamp) {}

    private static List<Generated> generate(Load load) {
        List<Generated> generated = new ArrayList<>();
        LoadGenerator generator = new LoadGenerator(load);
        for (long i = 0; i < load.records(); i++) {
            generator.next();
            List<Byte> value = new ArrayList<>();
            for (byte one : generator.value()) {
                value.add(one);
            }
            generated.add(new Generated(new String(generator.key(), US_ASCII), value, generator.timestamp()));
        }
        return generated;
    }

    @Test
    void generate_sameSeed_sameRecords() {
        assertThat(generate(load(2_000, 100, 7))).isEqualTo(generate(load(2_000, 100, 7)));
    }

    @Test
    void generate_otherSeed_otherKeys() {
        assertThat(generate(load(2_000, 100, 7)))
                .extracting(Generated::key)
                .doesNotContainAnyElementsOf(generate(load(2_000, 100, 8)).stream()
                        .map(Generated::key)
                        .toList());
    }

    @Test
    void distinctKeys_ofAnyPrefix_areWhatASetCounts() {
        // Given
        Load load = load(20_000, 3_000, 1);
        List<Generated> records = generate(load);
        // When
        List<Long> counted = new ArrayList<>();
        for (long prefix = 1; prefix <= load.records(); prefix += 997) {
            counted.add(load.distinctKeys(prefix));
        }
        // Then
        List<Long> expected = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < records.size(); i++) {
            seen.add(records.get(i).key());
            if (i % 997 == 0) {
                expected.add((long) seen.size());
            }
        }
        assertThat(counted).isEqualTo(expected);
    }

    @Test
    void generate_asManyRecordsAsAreNeeded_hasTheRatioOfDuplicates() {
        assertThat(load(50_000, 10_000, 1).distinctKeys(50_000)).isBetween(39_500L, 40_500L);
    }

    @Test
    void generate_reachBeyondTheTtl_staysWithinHalfOfIt() {
        // Given
        Load load = load(20_000, 100_000, 1);
        Map<String, Generated> firsts = new HashMap<>();
        long furthest = 0;
        // When
        for (Generated record : generate(load)) {
            Generated first = firsts.putIfAbsent(record.key(), record);
            if (first != null) {
                furthest = Math.max(furthest, record.timestamp() - first.timestamp());
                assertThat(record.value()).isEqualTo(first.value());
            }
        }
        // Then
        assertThat(furthest)
                .isBetween(
                        TTL.dividedBy(4).toMillis(),
                        TTL.dividedBy(2).plusSeconds(10).toMillis());
    }

    @Test
    void generate_always_keysAreUuidsAndTimesAreInOrder() {
        // When
        List<Generated> records = generate(load(1_000, 100, 3));
        // Then
        assertThat(records).allSatisfy(record -> {
            assertThat(record.key()).hasSize(36);
            assertThat(UUID.fromString(record.key()).version()).isEqualTo(4);
            assertThat(record.value()).hasSize(200);
        });
        assertThat(records).extracting(Generated::timestamp).isSorted();
        assertThat(records.get(0).timestamp()).isEqualTo(START.toEpochMilli());
        assertThat(records.get(999).timestamp())
                .isLessThan(START.plus(Duration.ofDays(2)).toEpochMilli());
    }

    @Test
    void recordsUntil_thatManyKeys_isTheFirstRecordThatHasThem() {
        // Given
        Load load = load(10_000, 1_000, 5);
        // When
        long records = load.recordsUntil(4_000);
        // Then
        assertThat(load.distinctKeys(records)).isEqualTo(4_000);
        assertThat(load.distinctKeys(records - 1)).isEqualTo(3_999);
    }

    @Test
    void new_nothingButDuplicates_isRefused() {
        assertThatThrownBy(() -> new Load(1, 200, 1, 1, START, TTL, TTL, 1))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
