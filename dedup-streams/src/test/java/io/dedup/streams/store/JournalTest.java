// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNoException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dedup.Coordinates;
import io.dedup.DedupPolicy;
import io.dedup.IdempotencyKey;
import io.dedup.Sighting;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.errors.ProcessorStateException;
import org.apache.kafka.streams.errors.TaskMigratedException;
import org.apache.kafka.streams.processor.TaskId;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.apache.kafka.streams.query.PositionBound;
import org.apache.kafka.streams.query.QueryConfig;
import org.apache.kafka.streams.state.TimestampedWindowStore;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What happens around a commit. */
class JournalTest {
    private static final long NOW = 1_766_000_000_000L;
    private static final DedupPolicy POLICY = DedupPolicy.of(Duration.ofHours(1));

    @SuppressWarnings("NullAway.Init") // opened before each test
    private TimestampedWindowStore<Bytes, byte[]> store;

    @BeforeEach
    void openStore(@TempDir Path directory) {
        MockProcessorContext<Void, Void> context =
                new MockProcessorContext<>(new Properties(), new TaskId(0, 0), directory.toFile());
        store = SeenStore.builder("seen", StoreEngine.memory(), POLICY)
                .withLoggingDisabled()
                .build();
        store.init(context.getStateStoreContext(), store);
    }

    /** As a Kafka Streams would do that has another way to say that a commit is near. */
    @Test
    void commit_storeIsNeverTold_isRefusedTheSecondTime() {
        // Given
        remember(new SeenStore(store, POLICY), "a");
        store.commit(Map.of());
        // When, then
        assertThatIllegalStateException()
                .isThrownBy(() -> store.commit(Map.of()))
                .withMessageContaining("seen was not told before a commit")
                .withMessageContaining("use a version that it is made for");
    }

    @Test
    void commit_storeIsToldEachTime_passes() {
        // Given
        SeenStore seen = new SeenStore(store, POLICY);
        // When, then
        assertThatNoException().isThrownBy(() -> {
            for (String key : new String[] {"a", "b", "c"}) {
                remember(seen, key);
                engine().flushCache();
                store.commit(Map.of());
            }
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void recall_firstIsWaitingOrWritten_isKnown(boolean written) {
        // Given
        SeenStore seen = new SeenStore(store, POLICY);
        // When
        remember(seen, "a");
        if (written) {
            engine().flushCache();
        }
        // Then
        Bytes key = seen.key("orders", IdempotencyKey.of("header:id", "a".getBytes(UTF_8)));
        assertThat(seen.recall(key, NOW + 1, POLICY.ttl().toMillis())).isEqualTo(first());
    }

    /** Read again after a crash, they would be late by the note. */
    @Test
    void advanceStreamTime_firstsAreWaiting_areWrittenBeforeTheNote() {
        // Given
        PutRecorder puts = new PutRecorder();
        SeenStore seen = new SeenStore(puts.before(store), POLICY);
        seen.advanceStreamTime(NOW - POLICY.ttl().toMillis(), NOW);
        remember(seen, "a");
        // When
        seen.advanceStreamTime(NOW, NOW);
        // Then
        assertThat(puts.keys()).hasSize(3);
        assertThat(SeenKey.isBlock(puts.keys().get(1).get(), puts.keys().get(1).get().length))
                .isTrue();
        assertThat(puts.keys().get(2)).isEqualTo(SeenKey.NOTE);
    }

    /** As in a backlog with a short TTL. */
    @Test
    void put_manyBuckets_keepsFewBlocksOpen() {
        // Given
        PutRecorder puts = new PutRecorder();
        Journal journal = new Journal(engine(), puts.before(store));
        // When
        for (int i = 0; i < 100; i++) {
            journal.put(Bytes.wrap(("a key " + i + " of some").getBytes(UTF_8)), i * 60_000L, Firsts.of(first()), NOW);
        }
        // Then
        assertThat(puts.blocks()).isEqualTo(92);
    }

    @Test
    void flush_changelogFailsOnce_nothingIsLostNorCommitted() {
        // Given
        PutRecorder puts = new PutRecorder();
        SeenStore seen = new SeenStore(puts.before(store), POLICY);
        remember(seen, "a");
        TaskMigratedException fenced = new TaskMigratedException("fenced", new ProducerFencedException("zombie"));
        puts.failOnce(fenced);
        // When, then
        assertThatThrownBy(() -> engine().flushCache())
                .as("what Kafka Streams handles by itself")
                .isSameAs(fenced);
        assertThatThrownBy(() -> engine().flushCache()).isSameAs(fenced);
        assertThatThrownBy(() -> store.commit(Map.of())).isSameAs(fenced);
        assertThat(puts.blocks()).isZero();
    }

    /** As under somebody's exception handler that skips whatever fails. */
    @Test
    void commit_engineHadNoRoomForAFirst_isRefused(@TempDir Path directory) {
        // Given
        MockProcessorContext<Void, Void> context =
                new MockProcessorContext<>(new Properties(), new TaskId(0, 0), directory.toFile());
        TimestampedWindowStore<Bytes, byte[]> small = SeenStore.builder(
                        "small", StoreEngine.memory(1_000, false), POLICY)
                .withLoggingDisabled()
                .build();
        small.init(context.getStateStoreContext(), small);
        SeenStore seen = new SeenStore(small, POLICY);
        assertThatExceptionOfType(ProcessorStateException.class)
                .isThrownBy(() -> {
                    for (int i = 0; i < 100; i++) {
                        remember(seen, "key " + i);
                    }
                })
                .withMessageContaining("may not hold more");
        // When, then
        assertThatExceptionOfType(ProcessorStateException.class)
                .isThrownBy(() -> small.commit(Map.of()))
                .withMessageContaining("small lacks what could not be written");
    }

    /** As within a Kafka Streams that would not pass on what is said before a commit. */
    @Test
    void journal_withinSomethingThatTellsNothing_isRefused(@TempDir Path directory) {
        MockProcessorContext<Void, Void> context =
                new MockProcessorContext<>(new Properties(), new TaskId(0, 0), directory.toFile());
        BucketedStore bare = (BucketedStore) StoreEngine.memory()
                .supplier("seen", POLICY.ttl(), POLICY.ttl())
                .get();
        TimestampedWindowStore<Bytes, byte[]> silent = new PutRecorder().before(store);
        bare.init(context.getStateStoreContext(), silent);
        assertThatIllegalStateException()
                .isThrownBy(() -> new Journal(bare, silent))
                .withMessageContaining("would not be told before a commit");
    }

    private BucketedStore engine() {
        return store.query(new BucketedStore.Itself(), PositionBound.unbounded(), new QueryConfig(false))
                .getResult();
    }

    private static void remember(SeenStore seen, String key) {
        seen.remember(seen.key("orders", IdempotencyKey.of("header:id", key.getBytes(UTF_8))), first(), NOW);
    }

    private static Sighting first() {
        return new Sighting(NOW, NOW + POLICY.ttl().toMillis(), new Coordinates("orders", 0, 7), null);
    }
}
