// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store.table;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** No key that was added is missed; few others are taken for one. */
class MissFilterTest {
    private static final int KEYS = 500_000;

    private final KeyHash hash = new KeyHash(3);

    @ParameterizedTest
    @CsvSource({"500000, 0.00001, 0.002, 2.1", "1, 0, 0.0003, 8.5"})
    void mayHave_whatWasAdded_always_othersSeldom(
            long expected, double leastMistaken, double mostMistaken, double mostBytesAKey) {
        // Given
        MissFilter filter = new MissFilter(expected);
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

    private void take(String key) {
        hash.take(key.getBytes(UTF_8));
        hash.at(0);
    }
}
