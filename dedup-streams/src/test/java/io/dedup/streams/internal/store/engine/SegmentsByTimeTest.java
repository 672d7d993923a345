// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SegmentsByTimeTest {
    private static final long WIDTH = 10;

    private static final class Segment extends SegmentsByTime.TimeRange {
        Segment(long from, long to, long neededUntil) {
            super(new SegmentsByTime.Bounds(from, to), neededUntil);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void free_anyStarts_neverOverlapsAndHasTheStart(long seed) {
        // Given
        Random random = new Random(seed);
        SegmentsByTime<Segment> stretches = new SegmentsByTime<>(WIDTH);
        for (int i = 0; i < 5_000; i++) {
            long start = random.nextLong(-100_000, 100_000);
            // When
            Segment segment = stretches.at(start);
            if (segment == null) {
                SegmentsByTime.Bounds bounds = stretches.free(start);
                segment = new Segment(bounds.from(), bounds.to(), start);
                stretches.add(segment);
            }
            // Then
            assertThat(start).isBetween(segment.from(), segment.to() - 1);
            assertThat(stretches.at(start)).isSameAs(segment);
        }
        List<Segment> all = stretches.all();
        for (int i = 1; i < all.size(); i++) {
            assertThat(all.get(i).from()).isGreaterThanOrEqualTo(all.get(i - 1).to());
        }
        assertThat(all).as("however far they are apart").hasSizeLessThan(500);
    }

    @Test
    void removeUnneeded_neededOrStillToCome_stays() {
        // Given
        SegmentsByTime<Segment> stretches = new SegmentsByTime<>(WIDTH);
        Segment needed = new Segment(0, 10, 100);
        Segment old = new Segment(10, 20, 25);
        Segment empty = new Segment(20, 30, Long.MIN_VALUE);
        List.of(empty, old, needed).forEach(stretches::add);
        // When, then
        assertThat(stretches.removeUnneeded(29))
                .as("a window of it may still get more")
                .isEmpty();
        assertThat(stretches.removeUnneeded(30)).containsExactly(old);
        assertThat(stretches.all()).containsExactly(needed, empty);
        assertThat(stretches.at(15)).isNull();
        assertThat(stretches.latest()).isEqualTo(empty);
        assertThat(stretches.removeUnneeded(101)).containsExactly(needed, empty);
        assertThat(stretches.latest()).isNull();
    }
}
