// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import static io.dedup.key.KeyExtractors.header;
import static io.dedup.streams.DedupFixture.KEY_HEADER;
import static io.dedup.streams.DedupFixture.NOW;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.Coordinates;
import io.dedup.DedupPolicy;
import io.dedup.IdempotencyKey;
import io.dedup.SeenRecord;
import io.dedup.StoredOutcome;
import io.dedup.Waiting;
import io.dedup.streams.internal.SkippedFailures;
import io.dedup.streams.internal.store.LoggedStore;
import io.dedup.streams.internal.store.PutRecorder;
import io.dedup.streams.internal.store.SeenStore;
import io.dedup.streams.internal.store.SeenStores;
import io.dedup.streams.internal.store.format.KeyDefinition;
import io.dedup.streams.store.StoreEngine;
import java.io.File;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.errors.internals.DefaultErrorHandlerContext;
import org.apache.kafka.streams.processor.TaskId;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.TimestampedWindowStore;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A record that is read again after a crash under at-least-once, while the store has kept what it wrote. */
class ReplayTest {
    private static final long T = NOW.toEpochMilli();
    private static final Duration TTL = Duration.ofMinutes(10);
    private static final Coordinates AT = new Coordinates("in", 0, 7);

    private final FailingContext context = new FailingContext();
    private final PutRecorder puts = new PutRecorder();
    private final TimestampedWindowStore<Bytes, byte[]> store = SeenStores.builder(
                    "dedup-seen", StoreEngine.memory(), DedupPolicy.of(TTL), Map.of())
            .withLoggingDisabled()
            .build();
    private final Processor<String, String, String, String> operator =
            Dedup.by(header(KEY_HEADER)).within(TTL).<String, String>supplier().get();

    @BeforeEach
    void rememberBeforeTheCrash() {
        store.init(context.getStateStoreContext(), store);
        context.addStateStore(puts.before(store));
        context.setCurrentSystemTimeMs(T);
        context.setRecordMetadata(AT.topic(), AT.partition(), AT.offset());
        SeenStore seen = SeenStore.open(
                context, "dedup-seen", DedupPolicy.of(TTL), Waiting.DEFAULT, true, KeyDefinition.UNKNOWN);
        SeenRecord first =
                new SeenRecord(T, T + TTL.toMillis(), AT, null).withOutcome(StoredOutcome.of(new byte[] {1}));
        seen.advance(AT, T, T);
        Bytes key = seen.key("in", IdempotencyKey.of("header:" + KEY_HEADER, "a".getBytes(UTF_8)));
        seen.remember(seen.recall(key, T, TTL.toMillis(), AT), first, T);
        operator.init(context);
    }

    @Test
    void replay_failsAndIsSkipped_keyIsReleasedWhateverTimeItHasNow() {
        // Given
        context.failing = true;
        operator.process(record(T + 5));
        context.failing = false;
        context.resetForwards();
        // When
        context.setRecordMetadata("in", 0, 8);
        operator.process(record(T + 5));
        // Then
        assertThat(context.forwarded()).hasSize(1);
    }

    @Test
    void replay_secondRecordMadeOfIt_isADuplicate() {
        // When
        operator.process(record(T));
        operator.process(record(T));
        // Then
        assertThat(context.forwarded()).hasSize(1);
    }

    /** What was not committed may be on this disk alone. */
    @Test
    void replay_isForwarded_isWrittenToTheChangelogOnceMore() {
        // When
        operator.process(record(T));
        // Then
        assertThat(puts.keys()).hasSize(1);
        operator.process(record(T));
        assertThat(puts.keys()).as("after a duplicate").hasSize(1);
    }

    /** As with a clock of its own, or on a re-created topic: what repeats either time is a duplicate. */
    @Test
    void replay_ofAnotherTime_isRememberedAtBoth() {
        // Given
        long later = T + TTL.toMillis() / 2;
        context.setCurrentSystemTimeMs(later);
        // When
        operator.process(record(later));
        assertThat(context.forwarded()).hasSize(1);
        // Then
        context.setRecordMetadata("in", 0, 8);
        operator.process(record(T + TTL.toMillis() + 1));
        operator.process(record(T));
        assertThat(context.forwarded()).hasSize(1);
    }

    /** The offsets were reset, or the topic was re-created: it cannot be read again after a failure. */
    @Test
    void recall_committedMeanwhile_isADuplicate() {
        // Given
        SeenStore seen = SeenStore.open(
                context, "dedup-seen", DedupPolicy.of(TTL), Waiting.DEFAULT, true, KeyDefinition.UNKNOWN);
        Bytes key = seen.key("in", IdempotencyKey.of("header:" + KEY_HEADER, "b".getBytes(UTF_8)));
        seen.remember(seen.recall(key, T, TTL.toMillis(), AT), new SeenRecord(T, T + TTL.toMillis(), AT, null), T);
        assertThat(seen.recall(key, T, TTL.toMillis(), AT).first())
                .extracting(SeenRecord::settled)
                .isEqualTo(false);
        // When
        LoggedStore.commit(store);
        // Then
        assertThat(seen.recall(key, T, TTL.toMillis(), AT).first())
                .extracting(SeenRecord::settled)
                .isEqualTo(true);
    }

    private static Record<String, String> record(long time) {
        return new Record<>("k", "v", time, new RecordHeaders().add(KEY_HEADER, "a".getBytes(UTF_8)));
    }

    /** A topology in which what follows the operator fails, and is skipped by the exception handler. */
    private static final class FailingContext extends MockProcessorContext<String, String> {
        private boolean failing;

        FailingContext() {
            super(properties(), new TaskId(0, 0), new File("unused"));
        }

        @Override
        public <K extends String, V extends String> void forward(Record<K, V> record) {
            super.forward(record);
            if (failing) {
                SkippedFailures.add(new DefaultErrorHandlerContext(
                        null, "in", 0, 7, record.headers(), "next", new TaskId(0, 0), 0, new byte[0], new byte[0]));
            }
        }

        private static Properties properties() {
            Properties properties = DedupFixture.properties(Map.of());
            properties.put("application.id", "app");
            properties.put("bootstrap.servers", "unused:1");
            return properties;
        }
    }
}
