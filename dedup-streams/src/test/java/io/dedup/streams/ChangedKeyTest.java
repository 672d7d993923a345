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
import io.dedup.IdempotencyKey;
import io.dedup.Scope;
import io.dedup.Waiting;
import io.dedup.config.DedupConfig;
import io.dedup.streams.internal.operator.StartWarnings;
import io.dedup.streams.internal.store.SeenStore;
import io.dedup.streams.internal.store.SeenStores;
import io.dedup.streams.internal.store.format.KeyDefinition;
import io.dedup.streams.store.StoreEngine;
import java.io.File;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.TaskId;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.apache.kafka.streams.state.TimestampedWindowStore;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** What is remembered under another definition of keys is not found: the operator says so when it starts. */
class ChangedKeyTest {
    private static final KeyDefinition WRITTEN = new KeyDefinition("header:" + KEY_HEADER, "topic", "none");
    private static final DedupPolicy POLICY = DedupPolicy.of(Duration.ofMinutes(10));

    @Test
    void init_storeWrittenUnderAnotherKey_isLoggedWithItsCode() {
        assertThat(logOfStart(Dedup.by(header("other-id"))))
                .singleElement()
                .satisfies(line -> assertThat(line)
                        .startsWith(
                                "Worth knowing of dedup, task 0_0: DEDUP-226 dedup.key=header:other-id: It was header:"
                                        + KEY_HEADER)
                        .contains("docs/operations.md"));
    }

    @Test
    void init_storeWrittenUnderAnotherScope_isLoggedWithItsCode() {
        assertThat(logOfStart(Dedup.by(header(KEY_HEADER)).withScope(Scope.none())))
                .singleElement()
                .satisfies(line -> assertThat(line).contains("DEDUP-226 dedup.scope=none: It was topic"));
    }

    @Test
    void init_normalisersOfAConfiguredKeyChanged_isLogged() {
        DedupConfig config = DedupConfig.of(Map.of(
                "dedup.key",
                "header:" + KEY_HEADER + "|trim",
                "dedup.ttl.ms",
                "600000",
                "dedup.dead.letter.topic",
                "dead"));
        assertThat(logOfStart(Dedup.configured(config)))
                .singleElement()
                .satisfies(line -> assertThat(line).contains("DEDUP-226 dedup.key=header:" + KEY_HEADER + "|trim: "));
    }

    @Test
    void init_sameKey_isNotLogged() {
        assertThat(logOfStart(Dedup.by(header(KEY_HEADER)))).isEmpty();
    }

    /** Of code nothing is known, so nothing is claimed. */
    @Test
    void init_keySourceThatIsCode_isNotLogged() {
        assertThat(logOfStart(Dedup.by(record -> IdempotencyKey.of("7")))).isEmpty();
    }

    @Test
    void init_ttlOfAMillisecond_isLoggedOnceInAProcess() {
        Dedup dedup = Dedup.by(header(KEY_HEADER)).within(Duration.ofMillis(1)).withName("dedup-short");
        assertThat(logOfStart(dedup))
                .singleElement()
                .satisfies(line ->
                        assertThat(line).startsWith("Worth knowing of dedup-short: DEDUP-124 dedup.ttl.ms=1: "));
        assertThat(logOfStart(dedup)).isEmpty();
    }

    private static List<String> logOfStart(Dedup dedup) {
        Properties properties = DedupFixture.properties(Map.of());
        properties.put("application.id", "app");
        properties.put("bootstrap.servers", "unused:1");
        MockProcessorContext<String, String> context =
                new MockProcessorContext<>(properties, new TaskId(0, 0), new File("unused"));
        context.setCurrentSystemTimeMs(NOW.toEpochMilli());
        String name = dedup.settings().storeName();
        TimestampedWindowStore<Bytes, byte[]> store = SeenStores.builder(name, StoreEngine.memory(), POLICY, Map.of())
                .withLoggingDisabled()
                .build();
        store.init(context.getStateStoreContext(), store);
        context.addStateStore(store);
        SeenStore.open(context, name, POLICY, Waiting.DEFAULT, true, WRITTEN)
                .advance(null, NOW.toEpochMilli(), NOW.toEpochMilli());
        Logger logger = (Logger) LoggerFactory.getLogger(StartWarnings.class);
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        log.start();
        logger.addAppender(log);
        try {
            dedup.<String, String>supplier().get().init(context);
        } finally {
            logger.detachAppender(log);
        }
        return log.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
    }
}
