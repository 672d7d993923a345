// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import static io.dedup.key.KeyExtractors.header;
import static io.dedup.streams.DedupFixture.KEY_HEADER;
import static io.dedup.streams.DedupFixture.NOW;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dedup.streams.store.StoreEngine;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What happens where memory would take more than it may. */
class MemoryBoundTest {
    @Test
    void firsts_moreThanThereIsRoomFor_stopTheApplicationAndAreNotForgotten() {
        Dedup dedup =
                Dedup.by(header(KEY_HEADER)).within(Duration.ofHours(24)).withStore(StoreEngine.memory(1 << 20, false));
        AtomicInteger sent = new AtomicInteger();
        try (DedupFixture topology = DedupFixture.of(dedup)) {
            // When
            assertThatThrownBy(() -> {
                        while (sent.get() < 1_000_000) {
                            topology.send("key-" + sent.get(), "v", NOW.toEpochMilli());
                            sent.incrementAndGet();
                        }
                    })
                    .rootCause()
                    .hasMessageContaining("1048576 bytes");
            // Then
            assertThat(sent.get()).isBetween(15_000, 35_000);
            assertThat(topology.read("out")).hasSize(sent.get());
        }
    }
}
