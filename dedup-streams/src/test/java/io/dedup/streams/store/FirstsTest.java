// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.Sighting;
import io.dedup.StoredOutcome;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class FirstsTest {
    @Test
    void with_upToTheMost_keepsAll() {
        Firsts firsts = Firsts.NONE;
        for (int i = 0; i < Firsts.MOST; i++) {
            firsts = firsts.with(new Sighting(i, 100 + i, null, null));
        }
        assertThat(firsts.sightings()).hasSize(Firsts.MOST);
        assertThat(firsts.forgottenUntil()).isEqualTo(Long.MIN_VALUE);
    }

    @Test
    void with_oneMoreThanTheMost_letsTheOneGoThatExpiresFirst() {
        Firsts firsts = Firsts.NONE;
        for (int i = 0; i <= Firsts.MOST; i++) {
            // The first one added expires last.
            firsts = firsts.with(new Sighting(i, 1_000 - i, null, null));
        }
        assertThat(firsts.sightings())
                .hasSize(Firsts.MOST)
                .extracting(Sighting::timestamp)
                .as("the one that was just added stays, and the next to expire goes")
                .contains((long) Firsts.MOST)
                .doesNotContain(Firsts.MOST - 1L);
        assertThat(firsts.forgottenUntil()).isEqualTo(1_000L - (Firsts.MOST - 1));
    }

    @Test
    void with_sameTime_replacesIt() {
        Firsts firsts = Firsts.of(new Sighting(1, 10, null, null)).with(new Sighting(1, 20, null, null));
        assertThat(firsts.sightings()).containsExactly(new Sighting(1, 20, null, null));
    }

    /** Beyond the last, outcomes are kept up to a bound, boundary included. */
    @Test
    void with_outcomes_areBoundedBesideTheLast() {
        Sighting half = sighting(1, new byte[Firsts.MOST_OUTCOME_BYTES / 2]);
        Sighting otherHalf = sighting(2, new byte[Firsts.MOST_OUTCOME_BYTES / 2]);
        Firsts both = Firsts.of(half).with(otherHalf);
        assertThat(both.sightings()).containsExactly(half, otherHalf);
        Firsts tooMany = both.with(sighting(3, new byte[1]));
        assertThat(tooMany.sightings()).extracting(Sighting::timestamp).containsExactly(2L, 3L);
        assertThat(tooMany.forgottenUntil()).isEqualTo(half.expiresAt());
        Sighting huge = sighting(4, new byte[Firsts.MOST_OUTCOME_BYTES + 1]);
        assertThat(Firsts.of(sighting(1, null)).with(huge).sightings())
                .as("the last is kept however large it is")
                .containsExactly(huge);
    }

    private static Sighting sighting(long time, byte @Nullable [] outcome) {
        return new Sighting(time, time + 100, null, null).withOutcome(StoredOutcome.of(outcome));
    }
}
