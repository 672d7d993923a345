// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.dedup.DedupPolicy;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class StorageEstimateTest {
    private static final DedupPolicy POLICY = DedupPolicy.of(Duration.ofHours(24));
    private static final int KEYS = 50_000;

    /** A digest stands for it there, whatever its length; elsewhere it is written down. */
    @Test
    void measure_longerKeys_takeMoreEverywhereButInMemory() {
        StorageEstimate shorter = StorageEstimate.measure(POLICY, KEYS, 36, 1_000);
        StorageEstimate longer = StorageEstimate.measure(POLICY, KEYS, 136, 1_000);
        assertThat(longer.memory()).isEqualTo(shorter.memory(), within(1.0));
        assertThat(longer.disk()).isEqualTo(shorter.disk() + 100, within(10.0));
        assertThat(longer.changelog()).isEqualTo(shorter.changelog() + 100, within(3.0));
    }

    @Test
    void measure_manyKeysPerCommit_shareTheRecordsOfTheChangelog() {
        StorageEstimate alone = StorageEstimate.measure(POLICY, KEYS, 36, 1);
        StorageEstimate many = StorageEstimate.measure(POLICY, KEYS, 36, 1_000);
        assertThat(many.changelog()).isBetween(36.0, 50.0);
        assertThat(alone.changelog()).isBetween(many.changelog() + 80, many.changelog() + 160);
        assertThat(alone.disk()).isEqualTo(many.disk());
    }
}
