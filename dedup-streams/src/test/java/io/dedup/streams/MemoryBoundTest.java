// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import static io.dedup.key.KeyExtractors.header;
import static io.dedup.streams.DedupFixture.KEY_HEADER;
import static io.dedup.streams.DedupFixture.NOW;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dedup.config.DedupConfig;
import io.dedup.streams.store.StoreEngine;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.errors.LogAndContinueProcessingExceptionHandler;
import org.apache.kafka.streams.errors.LogAndFailProcessingExceptionHandler;
import org.apache.kafka.streams.errors.ProcessorStateException;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What happens where memory would take more than it may. */
class MemoryBoundTest {
    /** Also where whatever fails is to be skipped: it would be every record from then on. */
    @ParameterizedTest
    @ValueSource(classes = {LogAndFailProcessingExceptionHandler.class, LogAndContinueProcessingExceptionHandler.class})
    void firsts_moreThanThereIsRoomFor_stopTheApplicationAndAreNotForgotten(Class<?> others) {
        // Given
        Dedup dedup =
                Dedup.by(header(KEY_HEADER)).within(Duration.ofHours(24)).withStore(StoreEngine.memory(1 << 20, false));
        StreamsBuilder builder = new StreamsBuilder();
        dedup.apply(builder.stream("in", Consumed.with(Serdes.String(), Serdes.String())))
                .to("out");
        DedupFixture topology =
                DedupFixture.of(builder.build(), Map.of(DedupConfig.PROCESSING_EXCEPTION_HANDLER, others.getName()));
        // When
        int sent = sendUntilFull(topology, "1048576 bytes");
        // Then
        assertThat(sent).isBetween(15_000, 35_000);
        assertThat(topology.read("out")).hasSize(sent);
        assertThatNothingIsCommittedAnyMore(topology);
    }

    /** Each of them alone would have room for twice as many. */
    @Test
    void firsts_twoOperatorsOfOneConfiguration_shareTheRoom() {
        // Given
        DedupConfig config = DedupConfig.of(Map.of(
                "dedup.store",
                "memory",
                "dedup.store.memory.max.bytes",
                1_048_577L,
                "dedup.dead.letter.topic",
                "dead"));
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> in = builder.stream("in", Consumed.with(Serdes.String(), Serdes.String()));
        Dedup.configured(config).withName("one").apply(in).to("out");
        Dedup.configured(config).withName("other").apply(in).to("out");
        DedupFixture topology = DedupFixture.of(builder.build(), Map.of());
        // When
        int sent = sendUntilFull(topology, "1048577 bytes");
        // Then
        assertThat(sent).isBetween(7_000, 17_000);
        assertThatNothingIsCommittedAnyMore(topology);
    }

    /** Sends firsts until one is refused for that reason, and returns how many were taken. */
    private static int sendUntilFull(DedupFixture topology, String reason) {
        AtomicInteger sent = new AtomicInteger();
        assertThatThrownBy(() -> {
                    while (sent.get() < 1_000_000) {
                        topology.send("key-" + sent.get(), "v", NOW.toEpochMilli());
                        sent.incrementAndGet();
                    }
                })
                .rootCause()
                .hasMessageContaining(reason);
        return sent.get();
    }

    /** Kafka's driver commits when it is closed. */
    private static void assertThatNothingIsCommittedAnyMore(DedupFixture topology) {
        assertThatThrownBy(topology::close)
                .isInstanceOf(ProcessorStateException.class)
                .hasMessageContaining("lacks what could not be written");
    }
}
