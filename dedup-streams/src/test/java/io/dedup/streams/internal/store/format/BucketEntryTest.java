// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.format;

import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.SeenRecord;
import io.dedup.StoredOutcome;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class BucketEntryTest {
    @Test
    void with_upToTheMost_keepsAll() {
        BucketEntry firsts = BucketEntry.NONE;
        for (int i = 0; i < BucketEntry.MAX_RECORDS; i++) {
            firsts = firsts.with(new SeenRecord(i, 100 + i, null, null));
        }
        assertThat(firsts.seenRecords()).hasSize(BucketEntry.MAX_RECORDS);
        assertThat(firsts.forgottenUntil()).isEqualTo(Long.MIN_VALUE);
    }

    @Test
    void with_oneMoreThanTheMost_letsTheOneGoThatExpiresFirst() {
        BucketEntry firsts = BucketEntry.NONE;
        for (int i = 0; i <= BucketEntry.MAX_RECORDS; i++) {
            // The first one added expires last.
            firsts = firsts.with(new SeenRecord(i, 1_000 - i, null, null));
        }
        assertThat(firsts.seenRecords())
                .hasSize(BucketEntry.MAX_RECORDS)
                .extracting(SeenRecord::timestamp)
                .as("the one that was just added stays, and the next to expire goes")
                .contains((long) BucketEntry.MAX_RECORDS)
                .doesNotContain(BucketEntry.MAX_RECORDS - 1L);
        assertThat(firsts.forgottenUntil()).isEqualTo(1_000L - (BucketEntry.MAX_RECORDS - 1));
    }

    @Test
    void with_sameTime_replacesIt() {
        BucketEntry firsts = BucketEntry.of(new SeenRecord(1, 10, null, null)).with(new SeenRecord(1, 20, null, null));
        assertThat(firsts.seenRecords()).containsExactly(new SeenRecord(1, 20, null, null));
    }

    /** Beyond the last, outcomes are kept up to a bound, boundary included. */
    @Test
    void with_outcomes_areBoundedBesideTheLast() {
        SeenRecord half = seen(1, new byte[BucketEntry.MAX_OUTCOME_BYTES / 2]);
        SeenRecord otherHalf = seen(2, new byte[BucketEntry.MAX_OUTCOME_BYTES / 2]);
        BucketEntry both = BucketEntry.of(half).with(otherHalf);
        assertThat(both.seenRecords()).containsExactly(half, otherHalf);
        BucketEntry tooMany = both.with(seen(3, new byte[1]));
        assertThat(tooMany.seenRecords()).extracting(SeenRecord::timestamp).containsExactly(2L, 3L);
        assertThat(tooMany.forgottenUntil()).isEqualTo(half.expiresAt());
        SeenRecord huge = seen(4, new byte[BucketEntry.MAX_OUTCOME_BYTES + 1]);
        assertThat(BucketEntry.of(seen(1, null)).with(huge).seenRecords())
                .as("the last is kept however large it is")
                .containsExactly(huge);
    }

    private static SeenRecord seen(long time, byte @Nullable [] outcome) {
        return new SeenRecord(time, time + 100, null, null).withOutcome(StoredOutcome.of(outcome));
    }
}
