// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import static io.dedup.key.KeyExtractors.header;
import static io.dedup.streams.DedupFixture.KEY_HEADER;
import static io.dedup.streams.DedupFixture.NOW;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.dedup.config.DedupConfig;
import io.dedup.streams.store.SilentEngine;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.errors.LogAndContinueProcessingExceptionHandler;
import org.apache.kafka.streams.kstream.Consumed;
import org.junit.jupiter.api.Test;

/** The promise depends on a call of Kafka's that nothing guarantees, so that it is missed when it does not come. */
class UnannouncedCommitTest {
    @Test
    void noCommitIsAnnouncedAnyMore_theClockStopsTheApplicationAndNoHandlerSkipsIt() {
        // Given
        AtomicBoolean silenced = new AtomicBoolean();
        Dedup dedup =
                Dedup.by(header(KEY_HEADER)).within(Duration.ofHours(1)).withStore(new SilentEngine(silenced).engine());
        StreamsBuilder builder = new StreamsBuilder();
        dedup.apply(builder.stream("in", Consumed.with(Serdes.String(), Serdes.String())))
                .to("out");
        Map<String, Object> configs = Map.of(
                DedupConfig.PROCESSING_EXCEPTION_HANDLER, LogAndContinueProcessingExceptionHandler.class.getName());
        DedupFixture topology = DedupFixture.of(builder.build(), configs);
        topology.send("a", "1", NOW.toEpochMilli());
        for (int i = 0; i < 10; i++) {
            topology.driver().advanceWallClockTime(Duration.ofMinutes(5));
        }
        // When
        silenced.set(true);
        topology.send("b", "2", NOW.toEpochMilli());
        // Then
        assertThatExceptionOfType(LinkageError.class)
                .isThrownBy(() -> {
                    for (int i = 0; i < 10; i++) {
                        topology.driver().advanceWallClockTime(Duration.ofMinutes(5));
                    }
                })
                .withMessageContaining("No commit was announced to the store dedup-seen");
        assertThat(topology.read("out")).hasSize(2);
    }
}
