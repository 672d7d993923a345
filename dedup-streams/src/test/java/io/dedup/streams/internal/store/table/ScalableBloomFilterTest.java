// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.table;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** No key that was added is missed; few others are taken for one. */
class ScalableBloomFilterTest {
    private static final int KEYS = 500_000;

    private final KeyHash hash = new KeyHash(3);

    @ParameterizedTest
    @CsvSource({"500000, 0.00001, 0.002, 2.1", "1, 0, 0.0003, 8.5"})
    void mayHave_whatWasAdded_always_othersSeldom(
            long expected, double leastMistaken, double mostMistaken, double mostBytesAKey) {
        // Given
        ScalableBloomFilter filter = new ScalableBloomFilter(expected);
        for (int i = 0; i < KEYS; i++) {
            take("key-" + i);
            filter.add(hash);
        }
        // When
        int mistaken = 0;
        for (int i = 0; i < KEYS; i++) {
            take("key-" + i);
            assertThat(filter.mayHave(hash)).as("key-%s", i).isTrue();
            take("other-" + i);
            mistaken += filter.mayHave(hash) ? 1 : 0;
        }
        // Then
        assertThat((double) mistaken / KEYS).isBetween(leastMistaken, mostMistaken);
        assertThat(filter.keys()).isEqualTo(KEYS);
        assertThat((double) filter.bytes() / KEYS).isLessThan(mostBytesAKey);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 1",
        "0, 16385",
        "0, 65537",
        "0, 262145",
        "0, 1048577",
        "0, 2097153",
        "20000, 20033",
        "250000, 250017",
        "250000, 1000000",
        "1000000, 1000033"
    })
    void bytes_oneKeyMoreThanThereWasRoomFor_areWithinTheBound(long expected, int keys) {
        // Given
        ScalableBloomFilter filter = new ScalableBloomFilter(expected);
        // When
        for (int i = 0; i < keys; i++) {
            take("key-" + i);
            filter.add(hash);
        }
        // Then
        assertThat(filter.bytes())
                .isBetween(
                        2L * keys,
                        ScalableBloomFilter.MAX_BYTES_BESIDE + (long) (ScalableBloomFilter.MAX_BYTES_A_KEY * keys));
        if (expected > 0) {
            assertThat((double) filter.bytes()).isLessThanOrEqualTo(ScalableBloomFilter.MAX_BYTES_A_KEY * (keys + 32));
        }
    }

    private void take(String key) {
        hash.take(key.getBytes(UTF_8));
        hash.at(0);
    }
}
