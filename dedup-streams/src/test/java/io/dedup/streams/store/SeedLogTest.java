// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.Coordinates;
import io.dedup.DedupPolicy;
import io.dedup.IdempotencyKey;
import io.dedup.Sighting;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is gathered does not depend on the order in which it is read. */
class SeedLogTest {
    private static final long NOW = 1_766_000_000_000L;
    private static final DedupPolicy POLICY = DedupPolicy.of(Duration.ofHours(1));

    @Test
    void writeTo_keyProcessedTwice_bothCountWhicheverWasReadFirst() {
        // Given
        IdempotencyKey key = IdempotencyKey.of("header:id", new byte[] {1});
        long start = Math.floorDiv(NOW, 3_600_001L) * 3_600_001L;
        Sighting early = sighting(start + 5);
        Sighting late = sighting(start + 50);
        List<Integer> partitions = new ArrayList<>();
        List<Firsts> values = new ArrayList<>();
        List<StoreNote> notes = new ArrayList<>();
        try (SeedLog log = new SeedLog(POLICY)) {
            log.remember(0, "in", key, late, NOW + 100_000_000);
            log.remember(0, "in", key, early, NOW + 100_000_000);
            log.remember(1, "in", key, early, start + 1);
            // When
            log.writeTo((partition, name, value) -> {
                partitions.add(partition);
                if (name.length == 1 + Long.BYTES + Integer.BYTES) {
                    notes.add(StoreNote.decode(value));
                } else {
                    values.add(SightingCodec.decode(value));
                }
            });
        }
        // Then
        assertThat(values.get(0).sightings()).containsExactlyInAnyOrder(early, late);
        assertThat(values.get(1).sightings()).containsExactly(early);
        assertThat(partitions).as("notes come last").containsExactly(0, 1, 0, 1);
        assertThat(notes).extracting(StoreNote::streamTime).containsExactly(start + 50, start + 1);
        assertThat(notes).extracting(note -> note.counts().get(0).firsts()).containsExactly(2L, 1L);
    }

    private static Sighting sighting(long time) {
        return new Sighting(time, time + 3_600_000, new Coordinates("in", 0, time), null).asSettled();
    }
}
