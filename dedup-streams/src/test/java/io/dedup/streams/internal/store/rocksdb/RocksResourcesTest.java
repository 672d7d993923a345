// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RocksResourcesTest {
    /** So that what all hold together stays about the same. */
    @ParameterizedTest
    @CsvSource({"0, 16", "1, 16", "2, 8", "15, 1", "16, 1", "100, 1"})
    void recentBytes_moreStoresAreOpen_areFewerForEach(int stores, long megabytes) {
        // Given
        RocksResources shared =
                new RocksResources(new RocksResources.Limits(1 << 20, 64 << 20, 1), 1 << 20, 16 << 20, Runnable::run);
        // When
        for (int i = 0; i < stores + 1; i++) {
            shared.opened();
        }
        shared.closed();
        // Then
        assertThat(shared.recentBytes() >> 20).isEqualTo(megabytes);
    }
}
