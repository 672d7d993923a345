// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.Coordinates;
import io.dedup.DedupPolicy;
import io.dedup.IdempotencyKey;
import io.dedup.SeenRecord;
import io.dedup.streams.internal.store.format.BucketEntry;
import io.dedup.streams.internal.store.format.Buckets;
import io.dedup.streams.store.StoreEngine;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.TaskId;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.apache.kafka.streams.query.PositionBound;
import org.apache.kafka.streams.query.QueryConfig;
import org.apache.kafka.streams.state.TimestampedWindowStore;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is known again when a store is opened anew. */
class SeenStoreTest {
    private static final long NOW = 1_766_000_000_000L;
    private static final long STEP = 600;
    private static final long TTL = 1000 * STEP;
    private static final DedupPolicy POLICY = DedupPolicy.of(Duration.ofMillis(TTL));

    private static final Coordinates AT = new Coordinates("orders", 0, 0);

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

    @Test
    void streamTime_nothingSeen_isNone() {
        assertThat(new SeenStore(store, POLICY).streamTime(AT)).isEqualTo(Long.MIN_VALUE);
    }

    @Test
    void streamTime_openedAnew_isExact() {
        // Given
        SeenStore before = new SeenStore(store, POLICY);
        for (long time = NOW - 10 * STEP; time <= NOW; time += 7) {
            before.advance(AT, time, NOW);
        }
        // When
        SeenStore afterwards = new SeenStore(store, POLICY);
        // Then
        assertThat(afterwards.streamTime(AT)).isEqualTo(before.streamTime(AT)).isGreaterThan(NOW - 7);
    }

    /** The broker deletes what is older than the retention, and stream time must not be lost with it. */
    @Test
    void check_nothingElseIsWritten_refreshesFourTimesInTheRetention() {
        // Given
        PutRecorder puts = new PutRecorder();
        SeenStore seen = new SeenStore(puts.before(store), POLICY);
        seen.advance(AT, NOW, NOW);
        Duration quarter = Buckets.of(POLICY).refreshEvery();
        assertThat(quarter.multipliedBy(4))
                .isLessThanOrEqualTo(Buckets.of(POLICY).retention());
        // When
        for (int i = 0; i <= 40; i++) {
            seen.check(NOW + i * quarter.toMillis() / 10);
        }
        // Then
        assertThat(puts.batches()).isEqualTo(5);
    }

    private static TimestampedWindowStore<Bytes, byte[]> open(
            String name, StoreEngine engine, DedupPolicy policy, Path directory) {
        TimestampedWindowStore<Bytes, byte[]> opened = SeenStores.builder(name, engine, policy, Map.of())
                .withLoggingDisabled()
                .build();
        MockProcessorContext<Void, Void> context =
                new MockProcessorContext<>(new Properties(), new TaskId(0, 0), directory.toFile());
        opened.init(context.getStateStoreContext(), opened);
        return opened;
    }

    @Test
    void recall_otherTtl_remembersAsLongAsTheEarlierOneSaid() {
        // Given
        long ttl = 1000 * STEP;
        SeenStore before = new SeenStore(store, POLICY);
        Bytes key = before.key("orders", IdempotencyKey.of("header:id", new byte[] {1}));
        SeenRecord first = new SeenRecord(NOW, NOW + ttl, new Coordinates("orders", 0, 1), null);
        before.advance(AT, NOW, NOW);
        remember(before, key, first, NOW);
        for (long other : new long[] {ttl / 3, ttl - 1, ttl + 1, 2 * ttl, 7 * ttl}) {
            // When
            SeenStore changed = new SeenStore(store, POLICY.withTtl(Duration.ofMillis(other)));
            // Then
            assertThat(changed.writtenTtlMs()).isEqualTo(ttl);
            assertThat(recall(changed, key, NOW, TTL)).as("TTL %d", other).isEqualTo(first);
            assertThat(recall(changed, key, NOW + ttl, TTL)).as("TTL %d", other).isEqualTo(first);
            assertThat(recall(changed, key, NOW + ttl + 1, TTL))
                    .as("TTL %d", other)
                    .isNull();
        }
    }

    @Test
    void release_rememberedUnderAnEarlierTtl_isForgotten() {
        // Given
        SeenStore before = new SeenStore(store, POLICY);
        Bytes key = before.key("orders", IdempotencyKey.of("header:id", new byte[] {1}));
        before.advance(AT, NOW, NOW);
        remember(before, key, new SeenRecord(NOW, NOW + 1000 * STEP, new Coordinates("orders", 0, 1), null), NOW);
        SeenStore changed = new SeenStore(store, POLICY.withTtl(Duration.ofMillis(7000 * STEP)));
        assertThat(recall(changed, key, NOW, TTL)).isNotNull();
        // When
        changed.release(key, NOW, NOW);
        // Then
        assertThat(recall(changed, key, NOW, TTL)).isNull();
    }

    @Test
    void recall_ttlChangedTwiceAndWrittenInBetween_stillRemembersTheFirstOne() {
        // Given
        long ttl = 1000 * STEP;
        SeenStore one = new SeenStore(store, POLICY);
        Bytes key = one.key("orders", IdempotencyKey.of("header:id", new byte[] {1}));
        SeenRecord first = new SeenRecord(NOW, NOW + ttl, new Coordinates("orders", 0, 1), null);
        one.advance(AT, NOW, NOW);
        remember(one, key, first, NOW);
        SeenStore two = new SeenStore(store, POLICY.withTtl(Duration.ofMillis(5 * ttl)));
        two.advance(AT, NOW + 6 * STEP, NOW + 6 * STEP);
        // When
        SeenStore three = new SeenStore(store, POLICY.withTtl(Duration.ofMillis(2 * ttl)));
        // Then
        assertThat(recall(three, key, NOW + ttl, TTL)).isEqualTo(first);
        assertThat(three.streamTime(AT)).isEqualTo(NOW + 6 * STEP);
    }

    @Test
    void recall_earlierTtlLongPast_costsNothingMore() {
        // Given
        new SeenStore(store, POLICY).advance(AT, NOW, NOW);
        Duration other = Duration.ofMillis(3000 * STEP);
        SeenStore changed = new SeenStore(store, POLICY.withTtl(other));
        long muchLater = NOW + 10 * other.toMillis();
        changed.advance(AT, muchLater, muchLater);
        // When
        SeenStore afterwards = new SeenStore(store, POLICY.withTtl(other));
        // Then
        assertThat(afterwards.earlierTtls()).isZero();
    }

    /** What a smaller lateness has let go is not called a first by a larger one. */
    @Test
    void recall_latenessWasRaised_saysWhatMayBeForgotten() {
        // Given
        Duration lateness = Duration.ofMillis(100 * STEP);
        SeenStore before = new SeenStore(store, POLICY.withAllowedLateness(lateness));
        before.advance(AT, NOW, NOW);
        // When
        SeenStore raised = new SeenStore(store, POLICY.withAllowedLateness(lateness.multipliedBy(5)));
        // Then
        Bytes key = raised.key("orders", IdempotencyKey.of("header:id", new byte[] {1}));
        long exactFrom = NOW - lateness.toMillis();
        assertThat(recall(raised, key, exactFrom, TTL)).isNull();
        assertThat(mayHaveForgotten(raised, key, exactFrom, TTL)).isFalse();
        assertThat(recall(raised, key, exactFrom - 1, TTL)).isNull();
        assertThat(mayHaveForgotten(raised, key, exactFrom - 1, TTL)).isTrue();
        // When
        raised.advance(AT, NOW + 1, NOW + 1);
        SeenStore again = new SeenStore(store, POLICY.withAllowedLateness(lateness.multipliedBy(5)));
        // Then
        assertThat(mayHaveForgotten(again, key, exactFrom - 1, TTL))
                .as("after another restart")
                .isTrue();
    }

    /** Of instances that do not agree, or settings that go back and forth. */
    @Test
    void metadata_ttlChangesAgainAndAgain_hasEachOnceAndAsLongAsItMatters() {
        // Given
        Duration other = Duration.ofMillis(500 * STEP);
        // When
        for (int i = 0; i < 6; i++) {
            SeenStore seen = new SeenStore(store, i % 2 == 0 ? POLICY : POLICY.withTtl(other));
            seen.advance(AT, NOW + i, NOW + i);
            Bytes key = seen.key("orders", IdempotencyKey.of("header:id", new byte[] {(byte) i}));
            remember(seen, key, new SeenRecord(NOW + i, NOW + i + TTL / 2, null, null), NOW + i);
        }
        SeenStore last = new SeenStore(store, POLICY);
        // Then
        assertThat(last.earlierTtls()).isEqualTo(1);
        SegmentedWindowStore engine = store.query(
                        new SegmentedWindowStore.Itself(), PositionBound.unbounded(), new QueryConfig(false))
                .getResult();
        last.advance(AT, NOW + 100 * TTL, NOW + 100 * TTL);
        engine.flushCache();
        assertThat(engine.metadata().earlier()).isEmpty();
    }

    /** As the clock of the task does it, which is asked after each commit here. */
    @Test
    void check_ttlOfAMillisecond_writesNoMoreThanItsFirsts(@TempDir Path directory) {
        // Given
        DedupPolicy policy = DedupPolicy.of(Duration.ofMillis(1)).withMaxFuture(Duration.ZERO);
        TimestampedWindowStore<Bytes, byte[]> brief = open("brief", StoreEngine.memory(), policy, directory);
        PutRecorder puts = new PutRecorder();
        SeenStore seen = new SeenStore(puts.before(brief), policy);
        seen.advance(AT, NOW, NOW);
        seen.check(NOW);
        int before = puts.batches();
        // When
        for (int i = 1; i <= 10; i++) {
            long time = NOW + i * 1_000L;
            seen.advance(AT, time, time);
            remember(seen, key(seen, i), new SeenRecord(time, time + 1, AT, null), time);
            BatchingBucketStore.engineOf(brief).flushCache();
            seen.check(time + 1);
        }
        // Then
        assertThat(puts.batches() - before).isEqualTo(10);
    }

    /** However far ahead of the clock records may be. */
    @Test
    void remembered_ttlOfAMillisecond_isWhatIsStillRemembered(@TempDir Path directory) {
        // Given
        DedupPolicy policy = DedupPolicy.of(Duration.ofMillis(1));
        TimestampedWindowStore<Bytes, byte[]> brief = open("brief", StoreEngine.memory(), policy, directory);
        SeenStore seen = new SeenStore(brief, policy);
        // When
        for (int i = 0; i < 10_000; i++) {
            seen.advance(AT, NOW + i, NOW + i);
            remember(seen, key(seen, i), new SeenRecord(NOW + i, NOW + i + 1, AT, null), NOW + i);
        }
        // Then
        assertThat(seen.remembered()).isBetween(2L, 8L);
        assertThat(new SeenStore(brief, policy).remembered()).isLessThanOrEqualTo(8L);
    }

    private static Bytes key(SeenStore seen, int number) {
        return seen.key("orders", IdempotencyKey.of(Integer.toString(number)));
    }

    @Test
    void advanceStreamTime_aheadOfTheClock_stopsAtTheClock() {
        // Given
        SeenStore seen = new SeenStore(store, POLICY);
        // When
        seen.advance(AT, NOW + 1_000_000, NOW);
        // Then
        assertThat(seen.streamTime(AT)).isEqualTo(NOW);
    }

    @Test
    void recall_openedAnew_findsWhatIsAheadOfStreamTime() {
        // Given
        SeenStore before = new SeenStore(store, POLICY);
        Bytes key = before.key("orders", IdempotencyKey.of("header:id", new byte[] {1}));
        long ahead = NOW + Duration.ofMinutes(59).toMillis();
        SeenRecord first = new SeenRecord(ahead, ahead + 1000 * STEP, new Coordinates("orders", 0, 1), null);
        before.advance(AT, ahead, NOW);
        remember(before, key, first, NOW);
        // When
        SeenStore afterwards = new SeenStore(store, POLICY);
        // Then
        assertThat(recall(afterwards, key, ahead - 1000 * STEP, TTL)).isEqualTo(first);
        assertThat(recall(afterwards, key, ahead - 1000 * STEP - 1, TTL)).isNull();
    }

    @Test
    void recall_keyUsedAgainAfterAShortTtl_everyFirstStillCounts() {
        // Given
        SeenStore seen = new SeenStore(store, POLICY);
        Bytes key = seen.key("orders", IdempotencyKey.of("header:id", new byte[] {1}));
        long bucket = Math.floorDiv(NOW, TTL + 1) * (TTL + 1);
        for (int i = 0; i < BucketEntry.MAX_RECORDS; i++) {
            remember(seen, key, brief(bucket + 100L * i), NOW);
        }
        // Then
        for (int i = 0; i < BucketEntry.MAX_RECORDS; i++) {
            assertThat(recall(seen, key, bucket + 100L * i + 10, 10)).isEqualTo(brief(bucket + 100L * i));
            assertThat(recall(seen, key, bucket + 100L * i + 11, 10)).isNull();
            assertThat(mayHaveForgotten(seen, key, bucket + 100L * i + 11, 10)).isFalse();
        }
        assertThat(seen.remembered()).isEqualTo(BucketEntry.MAX_RECORDS);
    }

    @Test
    void recall_keyUsedMoreOftenThanIsKept_saysThatTheOldestMayBeForgotten() {
        // Given
        SeenStore seen = new SeenStore(store, POLICY);
        Bytes key = seen.key("orders", IdempotencyKey.of("header:id", new byte[] {1}));
        long bucket = Math.floorDiv(NOW, TTL + 1) * (TTL + 1);
        for (int i = 0; i <= BucketEntry.MAX_RECORDS; i++) {
            remember(seen, key, brief(bucket + 100L * i), NOW);
        }
        // Then
        assertThat(recall(seen, key, bucket + 10, 10)).isNull();
        assertThat(mayHaveForgotten(seen, key, bucket + 10, 10)).isTrue();
        assertThat(recall(seen, key, bucket + 11, 10)).isNull();
        assertThat(mayHaveForgotten(seen, key, bucket + 11, 10)).isFalse();
        assertThat(recall(seen, key, bucket + 110, 10)).isEqualTo(brief(bucket + 100));
    }

    @Test
    void release_oneOfSeveral_theOthersStay() {
        // Given
        SeenStore seen = new SeenStore(store, POLICY);
        Bytes key = seen.key("orders", IdempotencyKey.of("header:id", new byte[] {1}));
        long bucket = Math.floorDiv(NOW, TTL + 1) * (TTL + 1);
        remember(seen, key, brief(bucket), NOW);
        remember(seen, key, brief(bucket + 100), NOW);
        // When
        boolean released = seen.release(key, bucket, NOW);
        // Then
        assertThat(released).isTrue();
        assertThat(seen.release(key, bucket + 50, NOW)).isFalse();
        assertThat(recall(seen, key, bucket, 10)).isNull();
        assertThat(recall(seen, key, bucket + 100, 10)).isEqualTo(brief(bucket + 100));
    }

    @Test
    void remembered_firstsComeAndGo_isCounted() {
        // Given
        SeenStore seen = new SeenStore(store, POLICY);
        Bytes one = seen.key("orders", IdempotencyKey.of("header:id", new byte[] {1}));
        Bytes two = seen.key("orders", IdempotencyKey.of("header:id", new byte[] {2}));
        assertThat(seen.remembered()).isZero();
        assertThat(seen.reach()).isZero();
        // When
        remember(seen, one, new SeenRecord(NOW, NOW + TTL, null, null), NOW);
        remember(seen, two, new SeenRecord(NOW - 5, NOW - 5 + TTL, null, null), NOW);
        seen.advance(AT, NOW + 1, NOW + 1);
        // Then
        assertThat(seen.remembered()).isEqualTo(2);
        assertThat(seen.reach()).isEqualTo(6);
        SeenStore openedAnew = new SeenStore(store, POLICY);
        assertThat(openedAnew.remembered()).isEqualTo(2);
        assertThat(openedAnew.reach()).isEqualTo(6);
        // When
        seen.release(one, NOW, NOW);
        // Then
        assertThat(seen.remembered()).isEqualTo(1);
        // When
        seen.advance(AT, NOW + 4 * TTL, NOW + 4 * TTL);
        // Then
        assertThat(seen.remembered()).isZero();
        assertThat(seen.reach()).isZero();
    }

    /** A short TTL with a long lateness makes many buckets. */
    @Test
    void metadata_manyBuckets_staysSmall(@TempDir Path directory) {
        // Given
        DedupPolicy policy = DedupPolicy.of(Duration.ofSeconds(1)).withAllowedLateness(Duration.ofDays(1));
        TimestampedWindowStore<Bytes, byte[]> many = open("many", StoreEngine.memory(), policy, directory);
        // When
        fillManyBuckets(new SeenStore(many, policy));
        // Then
        assertThat(new SeenStore(many, policy).remembered()).isEqualTo(3_000);
        SegmentedWindowStore engine = many.query(
                        new SegmentedWindowStore.Itself(), PositionBound.unbounded(), new QueryConfig(false))
                .getResult();
        assertThat(engine.metadata().encode()).hasSizeLessThan(1_000);
    }

    private static void fillManyBuckets(SeenStore seen) {
        for (int i = 0; i < 3_000; i++) {
            long time = NOW + 6_000L * i;
            seen.advance(AT, time, time);
            Bytes key = seen.key("in", IdempotencyKey.of("header:id", new byte[] {(byte) i, (byte) (i >> 8)}));
            remember(seen, key, new SeenRecord(time, time + 1_000, null, null), time);
        }
        assertThat(seen.remembered()).isEqualTo(3_000);
    }

    private static @Nullable SeenRecord recall(SeenStore seen, Bytes key, long time, long ttl) {
        return seen.recall(key, time, ttl, null).first();
    }

    private static boolean mayHaveForgotten(SeenStore seen, Bytes key, long time, long ttl) {
        return seen.recall(key, time, ttl, null).mayHaveForgotten();
    }

    private static void remember(SeenStore seen, Bytes key, SeenRecord first, long now) {
        seen.remember(seen.recall(key, first.timestamp(), TTL, null), first, now);
    }

    private static SeenRecord brief(long time) {
        return new SeenRecord(time, time + 10, new Coordinates("orders", 0, time), null);
    }
}
