// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.Coordinates;
import io.dedup.Waiting;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Partitions of one task that are read at different speeds. */
class SourceTimesTest {
    private static final long NOW = 1_766_000_000_000L;
    private static final long IDLE = 10_000;
    private static final long DRIFT = 500_000;
    private static final long LATENESS = 1_000;
    private static final Coordinates FAST = new Coordinates("in", 0, 0);
    private static final Coordinates SLOW = new Coordinates("in", 1, 0);

    @Test
    void exactFrom_twoPartitions_followsTheSlower() {
        // Given
        SourceTimes times = opened(true, Map.of(), 0);
        // When
        times.advance(SLOW, NOW - 300_000, NOW);
        times.advance(FAST, NOW, NOW);
        // Then
        assertThat(times.of(FAST)).isEqualTo(NOW);
        assertThat(times.of(SLOW)).isEqualTo(NOW - 300_000);
        assertThat(times.exactFrom()).isEqualTo(NOW - 300_000 - LATENESS);
        assertThat(times.drift()).isEqualTo(300_000);
        // When
        times.advance(SLOW, NOW - 200_000, NOW);
        // Then
        assertThat(times.exactFrom()).isEqualTo(NOW - 200_000 - LATENESS);
    }

    @Test
    void exactFrom_slowerOneIsIdle_followsTheOther() {
        // Given
        SourceTimes times = opened(true, Map.of(), 0);
        times.advance(SLOW, NOW - 300_000, NOW);
        times.advance(FAST, NOW, NOW);
        // When
        times.advance(FAST, NOW, NOW + IDLE / 3);
        times.advance(FAST, NOW, NOW + 2 * IDLE / 3);
        times.advance(FAST, NOW + IDLE, NOW + IDLE);
        // Then
        assertThat(times.exactFrom()).isEqualTo(NOW + IDLE - LATENESS);
        assertThat(times.drift()).isZero();
        // When it comes back
        times.advance(SLOW, NOW - 200_000, NOW + IDLE);
        // Then
        assertThat(times.exactFrom()).as("not turned back").isEqualTo(NOW + IDLE - LATENESS);
    }

    @Test
    void exactFrom_slowerOneIsTooFarBehind_isNotWaitedFor() {
        // Given
        SourceTimes times = opened(true, Map.of(), 0);
        times.advance(SLOW, NOW - DRIFT - 100_000, NOW);
        // When
        times.advance(FAST, NOW, NOW);
        // Then
        assertThat(times.exactFrom()).isEqualTo(NOW - DRIFT - LATENESS);
    }

    /** Behind a repartition the records of one partition may all come before the first of another. */
    @Test
    void exactFrom_partitionsInNoOrder_waitsForThoseThatHaveNotBeenHeardOf() {
        // Given
        SourceTimes times = opened(false, Map.of(), 0);
        times.advance(FAST, NOW - 300_000, NOW);
        times.advance(FAST, NOW - 250_000, NOW + IDLE / 3);
        times.advance(FAST, NOW - 250_000, NOW + 2 * IDLE / 3);
        times.advance(FAST, NOW - 200_000, NOW + IDLE - 1);
        assertThat(times.exactFrom()).isEqualTo(NOW - 200_000 - DRIFT - LATENESS);
        // When
        times.advance(FAST, NOW - 100_000, NOW + IDLE);
        // Then
        assertThat(times.exactFrom()).isEqualTo(NOW - 100_000 - LATENESS);
    }

    @Test
    void opened_withTimesOfBefore_isExactFromWhereItWas() {
        Map<String, Map<Integer, Long>> before = Map.of("in", Map.of(0, NOW, 1, NOW - 300_000));
        SourceTimes times = opened(true, before, NOW - 400_000);
        assertThat(times.of(SLOW)).isEqualTo(NOW - 300_000);
        assertThat(times.exactFrom()).isEqualTo(NOW - 300_000 - LATENESS);
        assertThat(opened(true, before, NOW - 1).exactFrom())
                .as("what was let go is gone")
                .isEqualTo(NOW - 1);
    }

    @Test
    void times_partitionIsOfNoUseAnyMore_isLeftOut() {
        // Given
        SourceTimes times = opened(true, Map.of(), 0);
        times.advance(SLOW, NOW - 300_000, NOW);
        times.advance(FAST, NOW, NOW);
        assertThat(times.times()).isEqualTo(Map.of("in", Map.of(0, NOW, 1, NOW - 300_000)));
        // When
        times.advance(FAST, NOW, NOW + IDLE / 3);
        times.advance(FAST, NOW, NOW + 2 * IDLE / 3);
        times.advance(FAST, NOW + IDLE, NOW + IDLE);
        // Then
        assertThat(times.times()).isEqualTo(Map.of("in", Map.of(0, NOW + IDLE)));
    }

    @Test
    void advance_aheadOfTheClock_stopsAtTheClock() {
        SourceTimes times = opened(true, Map.of(), 0);
        assertThat(times.advance(null, NOW + 1_000_000, NOW)).isTrue();
        assertThat(times.of(null)).isEqualTo(NOW);
        assertThat(times.advance(null, NOW - 1, NOW)).isFalse();
    }

    /** As after an outage, or where the application was paused: the slower one was not idle, nothing was. */
    @Test
    void exactFrom_nothingHasComeOfAnyForLong_theSlowerIsStillWaitedFor() {
        // Given
        SourceTimes times = opened(true, Map.of(), 0);
        times.advance(SLOW, NOW - 300_000, NOW);
        times.advance(FAST, NOW, NOW);
        // When
        long later = NOW + 100 * IDLE;
        times.advance(FAST, later, later);
        // Then
        assertThat(times.exactFrom()).isLessThanOrEqualTo(Math.max(NOW - 300_000, later - DRIFT) - LATENESS);
    }

    @Test
    void exactFrom_noIdleTimeout_followsTheFastest() {
        SourceTimes times = new SourceTimes(
                Map.of(),
                0,
                Duration.ofMillis(LATENESS),
                new Waiting(Duration.ZERO, Duration.ofMillis(DRIFT)),
                false,
                NOW);
        times.advance(SLOW, NOW - 300_000, NOW);
        times.advance(FAST, NOW, NOW);
        assertThat(times.exactFrom()).isEqualTo(NOW - LATENESS);
    }

    /** Of a quiet topic whose changelog has lost its beginning: that there were records is known for as long as there is a store. */
    @Test
    void times_allAreOlderThanWhatIsExact_theLatestIsKept() {
        SourceTimes times = opened(true, Map.of("in", Map.of(0, NOW, 1, NOW - 1)), NOW + 50_000);
        assertThat(times.times()).isEqualTo(Map.of("in", Map.of(0, NOW)));
    }

    private static SourceTimes opened(boolean inOrder, Map<String, Map<Integer, Long>> before, long exactFrom) {
        return new SourceTimes(
                before,
                exactFrom,
                Duration.ofMillis(LATENESS),
                new Waiting(Duration.ofMillis(IDLE), Duration.ofMillis(DRIFT)),
                inOrder,
                NOW);
    }
}
