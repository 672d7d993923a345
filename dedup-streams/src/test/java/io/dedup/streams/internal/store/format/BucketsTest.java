// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.format;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BucketsTest {
    private static final int TRIALS = 20_000;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void start_anythingWithinTheTtl_liesInTheOwnBucketOrOneBesideIt(long seed) {
        Random random = new Random(seed);
        for (int i = 0; i < TRIALS; i++) {
            Buckets buckets = new Buckets(1L + random.nextInt(1000), random.nextInt(1000), random.nextInt(500));
            long time = 5_000L + random.nextInt(100_000);
            long other = time + random.nextLong(-buckets.ttlMs(), buckets.ttlMs() + 1);
            long own = buckets.start(time);
            assertThat(Set.of(own - buckets.width(), own, own + buckets.width()))
                    .as("seed %d, trial %d, %s, %d and %d", seed, i, buckets, time, other)
                    .contains(buckets.start(other));
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void until_anyFirstOfTheBucket_isNotNeededForLonger(long seed) {
        Random random = new Random(seed);
        for (int i = 0; i < TRIALS; i++) {
            Buckets buckets = new Buckets(1L + random.nextInt(1000), random.nextInt(1000), random.nextInt(500));
            long first = 10_000L + random.nextInt(100_000);
            assertThat(first + buckets.ttlMs())
                    .as("seed %d, trial %d, %s", seed, i, buckets)
                    .isLessThanOrEqualTo(buckets.until(buckets.start(first)));
        }
    }

    /** To the millisecond: what is forgotten early is processed twice, what is kept long costs room. */
    @Test
    void buckets_ofKnownTimes_areExact() {
        Buckets buckets = new Buckets(9_999, 5_000, 2_000);
        assertThat(buckets.width()).isEqualTo(10_000);
        assertThat(buckets.start(19_999)).isEqualTo(10_000);
        assertThat(buckets.start(-1)).isEqualTo(-10_000);
        assertThat(buckets.until(10_000)).isEqualTo(10_000 + 9_999 + 9_999);
        assertThat(buckets.retention()).as("never less than an hour").isEqualTo(Duration.ofHours(1));
        assertThat(new Buckets(9_999, 5_000, 7_200_000).retention()).hasMillis(7_200_000 + 9_999 + 5_000);
        assertThat(buckets.roundedUntil(10_000)).as("in steps of a bucket").isEqualTo(30_000);
        assertThat(buckets.roundedUntil(10_002)).as("where it is a step").isEqualTo(30_000);
        assertThat(buckets.roundedUntil(10_003)).isEqualTo(40_000);
        assertThat(buckets.withTtl(99).width()).isEqualTo(100);
    }
}
