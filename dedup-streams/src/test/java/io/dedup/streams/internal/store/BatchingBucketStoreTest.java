// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNoException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dedup.Coordinates;
import io.dedup.DedupPolicy;
import io.dedup.IdempotencyKey;
import io.dedup.SeenRecord;
import io.dedup.StoredOutcome;
import io.dedup.streams.internal.store.format.BucketEntry;
import io.dedup.streams.internal.store.format.SeenKey;
import io.dedup.streams.internal.store.format.StoreMetadata;
import io.dedup.streams.store.StoreEngine;
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
class BatchingBucketStoreTest {
    private static final long NOW = 1_766_000_000_000L;
    private static final DedupPolicy POLICY = DedupPolicy.of(Duration.ofHours(1));

    @SuppressWarnings("NullAway.Init") // opened before each test
    private TimestampedWindowStore<Bytes, byte[]> store;

    @BeforeEach
    void openStore(@TempDir Path directory) {
        MockProcessorContext<Void, Void> context =
                new MockProcessorContext<>(new Properties(), new TaskId(0, 0), directory.toFile());
        store = SeenStores.builder("seen", StoreEngine.memory(), POLICY, Map.of())
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
        assertThatExceptionOfType(LinkageError.class)
                .isThrownBy(() -> store.commit(Map.of()))
                .withMessageContaining("No commit was announced to the store seen")
                .withMessageContaining("use a version that docs/compatibility.md names");
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
        assertThat(seen.recall(key, NOW + 1, POLICY.ttl().toMillis(), null).first())
                .isEqualTo(first());
    }

    /** Read again after a crash, they would be late by it. */
    @Test
    void flush_firstAndStreamTime_areInOneBatch() {
        // Given
        PutRecorder puts = new PutRecorder();
        SeenStore seen = new SeenStore(puts.before(store), POLICY);
        seen.advance(null, NOW - POLICY.ttl().toMillis(), NOW);
        remember(seen, "a");
        seen.advance(null, NOW, NOW);
        // When
        engine().flushCache();
        // Then
        assertThat(puts.keys()).containsExactly(SeenKey.BATCH);
        assertThat(engine().metadata().streamTime()).isEqualTo(NOW);
        assertThat(engine().metadata().counts().get(0).firsts()).isEqualTo(1);
    }

    @Test
    void flush_nothingHasChanged_writesNothing() {
        // Given
        PutRecorder puts = new PutRecorder();
        SeenStore seen = new SeenStore(puts.before(store), POLICY);
        seen.advance(null, NOW, NOW);
        engine().flushCache();
        // When
        engine().flushCache();
        seen.advance(null, NOW - 1, NOW);
        engine().flushCache();
        // Then
        assertThat(puts.batches()).isEqualTo(1);
    }

    /** As in a backlog with a short TTL: each has a bucket of its own. */
    @Test
    void put_manyBuckets_areInOneBatch() {
        // Given
        PutRecorder puts = new PutRecorder();
        BatchingBucketStore batching = new BatchingBucketStore(
                engine(),
                puts.before(store),
                (before, commits, position) -> StoreMetadata.empty(1),
                Duration.ofMinutes(1),
                commits());
        // When
        for (int i = 0; i < 100; i++) {
            batching.put(
                    Bytes.wrap(("a key " + i + " of some").getBytes(UTF_8)), i * 60_000L, BucketEntry.of(first()), NOW);
        }
        batching.flush();
        // Then
        assertThat(puts.batches()).isEqualTo(1);
    }

    @Test
    void put_largerThanABatch_isWrittenAtOnce() {
        // Given
        PutRecorder puts = new PutRecorder();
        BatchingBucketStore batching = new BatchingBucketStore(
                engine(),
                puts.before(store),
                (before, commits, position) -> StoreMetadata.empty(1),
                Duration.ofMinutes(1),
                commits());
        BucketEntry answered =
                BucketEntry.of(first().withOutcome(StoredOutcome.of(new byte[BatchingBucketStore.BATCH_BYTES])));
        // When
        batching.put(Bytes.wrap("a key of some".getBytes(UTF_8)), 0, answered, NOW);
        // Then
        assertThat(puts.batches()).isEqualTo(1);
    }

    /** As a Kafka Streams would do that does not announce commits any more, under exactly-once: no store learns of them. */
    @Test
    void check_somethingWaitsForLongerThanACommitTakes_stopsTheSecondTime() {
        // Given
        SeenStore seen = new SeenStore(store, POLICY);
        long longest = SeenStore.longestCommit(Map.of()).toMillis();
        remember(seen, "a");
        seen.check(NOW + longest);
        seen.check(NOW + longest + 1);
        // When, then
        assertThatExceptionOfType(LinkageError.class)
                .isThrownBy(() -> seen.check(NOW + longest + 2))
                .withMessageContaining("No commit was announced to the store seen")
                .withMessageContaining("docs/compatibility.md");
    }

    /** The thread stood still, and commits as soon as it goes on. */
    @Test
    void check_overdueOnceAndCommitted_passes() {
        // Given
        SeenStore seen = new SeenStore(store, POLICY);
        long longest = SeenStore.longestCommit(Map.of()).toMillis();
        remember(seen, "a");
        seen.check(NOW + longest + 1);
        engine().flushCache();
        remember(seen, "b", NOW + longest + 2);
        // When, then
        assertThatNoException().isThrownBy(() -> seen.check(NOW + longest + 3));
    }

    @Test
    void longestCommit_isACommitAndTwoPolls() {
        assertThat(SeenStore.longestCommit(Map.of("commit.interval.ms", 100L))).isEqualTo(Duration.ofMillis(600_100));
        assertThat(SeenStore.longestCommit(
                        Map.of("commit.interval.ms", "30000", "main.consumer.max.poll.interval.ms", "900000")))
                .isEqualTo(Duration.ofSeconds(1_830));
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
        assertThat(puts.batches()).isZero();
    }

    /** As under somebody's exception handler that skips whatever fails. */
    @Test
    void commit_engineHadNoRoomForAFirst_isRefused(@TempDir Path directory) {
        // Given
        MockProcessorContext<Void, Void> context =
                new MockProcessorContext<>(new Properties(), new TaskId(0, 0), directory.toFile());
        TimestampedWindowStore<Bytes, byte[]> small = SeenStores.builder(
                        "small", StoreEngine.memory(1_000, false), POLICY, Map.of())
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
    void writeThrough_withinSomethingThatAnnouncesNothing_isRefused(@TempDir Path directory) {
        MockProcessorContext<Void, Void> context =
                new MockProcessorContext<>(new Properties(), new TaskId(0, 0), directory.toFile());
        SegmentedWindowStore bare = (SegmentedWindowStore) StoreEngine.memory()
                .supplier("seen", POLICY.ttl(), POLICY.ttl())
                .get();
        TimestampedWindowStore<Bytes, byte[]> silent = new PutRecorder().before(store);
        bare.init(context.getStateStoreContext(), silent);
        assertThatIllegalStateException()
                .isThrownBy(() -> new BatchingBucketStore(
                        bare,
                        silent,
                        (before, commits, position) -> StoreMetadata.empty(1),
                        Duration.ofMinutes(1),
                        commits()))
                .withMessageContaining("would not announce commits to the store seen");
    }

    private SegmentedWindowStore engine() {
        return store.query(new SegmentedWindowStore.Itself(), PositionBound.unbounded(), new QueryConfig(false))
                .getResult();
    }

    private static Commits commits() {
        return new Commits(StoreMetadata.empty(1), true, NOW);
    }

    private static void remember(SeenStore seen, String key) {
        remember(seen, key, NOW);
    }

    private static void remember(SeenStore seen, String key, long now) {
        Bytes name = seen.key("orders", IdempotencyKey.of("header:id", key.getBytes(UTF_8)));
        seen.remember(seen.recall(name, NOW, POLICY.ttl().toMillis(), null), first(), now);
    }

    private static SeenRecord first() {
        return new SeenRecord(NOW, NOW + POLICY.ttl().toMillis(), new Coordinates("orders", 0, 7), null);
    }
}
