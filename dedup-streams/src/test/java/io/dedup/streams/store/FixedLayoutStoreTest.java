// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.TaskId;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.apache.kafka.streams.state.WindowStore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Local files that were written for segments of another width. */
class FixedLayoutStoreTest {
    private static final TopicPartition CHANGELOG = new TopicPartition("changelog", 0);
    private static final Bytes KEY = Bytes.wrap(new byte[] {1});
    /** Half of it is the width of a segment, and doubled it is a retention whose segments begin where some of these do. */
    private static final Duration RETENTION = Duration.ofSeconds(400);

    private static final long SEGMENT = RETENTION.toMillis() / 2;

    @TempDir
    Path directory;

    @Test
    void init_sameRetention_keepsTheFiles() {
        // Given
        writeTwoSegments();
        // When
        WindowStore<Bytes, byte[]> store = open(RETENTION);
        // Then
        assertThat(store.committedOffset(CHANGELOG)).isEqualTo(100);
        assertThat(store.fetch(KEY, 0)).isNotNull();
        assertThat(store.fetch(KEY, SEGMENT)).isNotNull();
        store.close();
    }

    /** Kafka would find the first of the two, with the offset of both, and restore nothing. */
    @Test
    void init_otherRetention_leavesEverythingToTheChangelog() {
        // Given
        writeTwoSegments();
        // When
        WindowStore<Bytes, byte[]> store = open(RETENTION.multipliedBy(2));
        // Then
        assertThat(store.committedOffset(CHANGELOG)).isNull();
        assertThat(store.fetch(KEY, 0)).isNull();
        store.close();
    }

    private void writeTwoSegments() {
        WindowStore<Bytes, byte[]> store = open(RETENTION);
        store.put(KEY, new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 7}, 0);
        store.put(KEY, new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 8}, SEGMENT);
        store.commit(Map.of(CHANGELOG, 100L));
        store.close();
    }

    private WindowStore<Bytes, byte[]> open(Duration retention) {
        MockProcessorContext<Void, Void> context =
                new MockProcessorContext<>(new Properties(), new TaskId(0, 0), directory.toFile());
        WindowStore<Bytes, byte[]> store = StoreEngine.rocksDb()
                .supplier("seen", retention, Duration.ofSeconds(60))
                .get();
        store.init(context.getStateStoreContext(), store);
        return store;
    }
}
