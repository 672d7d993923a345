// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.Coordinates;
import io.dedup.DedupPolicy;
import io.dedup.IdempotencyKey;
import io.dedup.SeenRecord;
import io.dedup.streams.internal.store.format.BucketEntry;
import io.dedup.streams.internal.store.format.ChangelogBatch;
import io.dedup.streams.internal.store.format.SeenKey;
import io.dedup.streams.internal.store.format.StoreMetadata;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** What is gathered does not depend on the order in which it is read. */
class SeedLogTest {
    private static final long NOW = 1_766_000_000_000L;
    private static final long START = Math.floorDiv(NOW, 3_600_001L) * 3_600_001L;
    private static final DedupPolicy POLICY = DedupPolicy.of(Duration.ofHours(1));
    private static final IdempotencyKey KEY = IdempotencyKey.of("header:id", new byte[] {1});
    private static final SeenRecord EARLY = seen(START + 5);
    private static final SeenRecord LATE = seen(START + 50);

    @Test
    void writeTo_engineOfBatches_keyProcessedTwice_bothCountWhicheverWasReadFirst() {
        // Given
        Map<Integer, BucketEntry> firsts = new HashMap<>();
        Map<Integer, StoreMetadata> metadata = new HashMap<>();
        // When
        write((partition, name, value) -> {
            assertThat(SeenKey.isBatch(name)).isTrue();
            ChangelogBatch.read(value, (key, bucket, change) -> firsts.put(partition, change.toEntry()));
            metadata.put(partition, StoreMetadata.decode(ChangelogBatch.metadata(value)));
        });
        // Then
        assertThat(firsts).isEqualTo(Map.of(0, BucketEntry.of(LATE).with(EARLY), 1, BucketEntry.of(EARLY)));
        assertThat(metadata)
                .hasSize(2)
                .hasEntrySatisfying(0, of(START + 50, 2))
                .hasEntrySatisfying(1, of(START + 1, 1));
    }

    private static Consumer<StoreMetadata> of(long streamTime, long firsts) {
        return metadata -> {
            assertThat(metadata.streamTime()).isEqualTo(streamTime);
            assertThat(metadata.counts().get(0).firsts()).isEqualTo(firsts);
        };
    }

    /** More than fits into one. */
    @Test
    void writeTo_manyKeys_areInSeveralBatches() {
        // Given
        List<Integer> changes = new ArrayList<>();
        try (SeedLog log = new SeedLog(POLICY)) {
            for (int i = 0; i < 3_000; i++) {
                log.remember(0, "in", IdempotencyKey.of("header:id", ("key " + i).getBytes(UTF_8)), EARLY, NOW);
            }
            // When
            log.writeTo((partition, name, value) -> {
                int[] count = {0};
                ChangelogBatch.read(value, (key, bucket, change) -> count[0]++);
                changes.add(count[0]);
            });
        }
        // Then
        assertThat(changes).hasSizeGreaterThan(2);
        assertThat(changes.stream().mapToInt(Integer::intValue).sum()).isEqualTo(3_000);
    }

    private static void write(SeedLog.Writer writer) {
        try (SeedLog log = new SeedLog(POLICY)) {
            log.remember(0, "in", KEY, LATE, NOW + 100_000_000);
            log.remember(0, "in", KEY, EARLY, NOW + 100_000_000);
            log.remember(1, "in", KEY, EARLY, START + 1);
            log.writeTo(writer);
        }
    }

    private static SeenRecord seen(long time) {
        return new SeenRecord(time, time + 3_600_000, new Coordinates("in", 0, time), null).asSettled();
    }
}
