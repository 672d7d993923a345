// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import static io.dedup.key.KeyExtractors.header;
import static io.dedup.streams.DedupFixture.KEY_HEADER;
import static io.dedup.streams.DedupFixture.NOW;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.dedup.DedupPolicy;
import io.dedup.Waiting;
import io.dedup.streams.internal.operator.Deduplicator;
import io.dedup.streams.internal.store.SeenStore;
import io.dedup.streams.internal.store.SeenStores;
import io.dedup.streams.internal.store.format.KeyDefinition;
import io.dedup.streams.store.StoreEngine;
import java.io.File;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.TaskId;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.apache.kafka.streams.state.TimestampedWindowStore;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** Another TTL than the one the store was written with may be a change, or instances that do not agree: it is said. */
class ChangedTtlTest {
    private static final Duration WRITTEN = Duration.ofMinutes(10);

    @ParameterizedTest
    @ValueSource(longs = {10, 20})
    void init_storeWrittenUnderAnotherTtl_isLogged(long minutes) {
        // Given
        Properties properties = DedupFixture.properties(Map.of());
        properties.put("application.id", "app");
        properties.put("bootstrap.servers", "unused:1");
        MockProcessorContext<String, String> context =
                new MockProcessorContext<>(properties, new TaskId(0, 0), new File("unused"));
        context.setCurrentSystemTimeMs(NOW.toEpochMilli());
        TimestampedWindowStore<Bytes, byte[]> store = SeenStores.builder(
                        "dedup-seen", StoreEngine.memory(), DedupPolicy.of(WRITTEN), Map.of())
                .withLoggingDisabled()
                .build();
        store.init(context.getStateStoreContext(), store);
        context.addStateStore(store);
        SeenStore.open(context, "dedup-seen", DedupPolicy.of(WRITTEN), Waiting.DEFAULT, true, KeyDefinition.UNKNOWN)
                .advance(null, NOW.toEpochMilli(), NOW.toEpochMilli());
        Logger logger = (Logger) LoggerFactory.getLogger(Deduplicator.class);
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        log.start();
        logger.addAppender(log);
        // When
        try {
            Dedup.by(header(KEY_HEADER))
                    .within(Duration.ofMinutes(minutes))
                    .<String, String>supplier()
                    .get()
                    .init(context);
        } finally {
            logger.detachAppender(log);
        }
        // Then
        if (minutes == WRITTEN.toMinutes()) {
            assertThat(log.list).isEmpty();
        } else {
            assertThat(log.list)
                    .singleElement()
                    .satisfies(event -> assertThat(event.getFormattedMessage())
                            .contains("dedup, task 0_0: the TTL is PT20M and was PT10M")
                            .contains("instances of this application have different settings"));
        }
    }
}
