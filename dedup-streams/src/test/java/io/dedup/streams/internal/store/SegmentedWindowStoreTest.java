// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.dedup.Coordinates;
import io.dedup.DedupPolicy;
import io.dedup.SeenRecord;
import io.dedup.streams.internal.store.format.BucketEntry;
import io.dedup.streams.internal.store.format.Buckets;
import io.dedup.streams.internal.store.format.ChangelogBatch;
import io.dedup.streams.internal.store.format.SeenKey;
import io.dedup.streams.internal.store.format.StoreMetadata;
import io.dedup.streams.store.SmallTables;
import io.dedup.streams.store.StoreEngine;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.errors.InvalidStateStoreException;
import org.apache.kafka.streams.errors.ProcessorStateException;
import org.apache.kafka.streams.processor.StateRestoreCallback;
import org.apache.kafka.streams.processor.StateStoreContext;
import org.apache.kafka.streams.processor.TaskId;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.apache.kafka.streams.query.FailureReason;
import org.apache.kafka.streams.query.Position;
import org.apache.kafka.streams.query.PositionBound;
import org.apache.kafka.streams.query.QueryConfig;
import org.apache.kafka.streams.query.QueryResult;
import org.apache.kafka.streams.query.WindowKeyQuery;
import org.apache.kafka.streams.state.WindowStoreIterator;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What Kafka Streams sees of a store. */
class SegmentedWindowStoreTest {
    private static final Duration WINDOW = Duration.ofSeconds(60);
    private static final Duration RETENTION = Duration.ofSeconds(400);
    private static final Bytes KEY = Bytes.wrap("PREFIX-1key".getBytes(UTF_8));
    private static final Bytes OTHER = Bytes.wrap("PREFIX-1other".getBytes(UTF_8));

    private final MockProcessorContext<Void, Void> context;
    private final AtomicReference<StateRestoreCallback> restoring = new AtomicReference<>();

    SegmentedWindowStoreTest(@TempDir Path directory) {
        context = new MockProcessorContext<>(new Properties(), new TaskId(0, 0), directory.toFile());
    }

    static Stream<Named<StoreEngine>> engines() {
        return Stream.of(
                Named.of("memory", StoreEngine.memory()),
                Named.of("memory, whole keys", StoreEngine.memory(1 << 24, true)),
                Named.of("rocksdb", StoreEngine.rocksDb()),
                Named.of("rocksdb, tables that are written all the time", SmallTables.rocksDb()));
    }

    @ParameterizedTest
    @MethodSource("engines")
    void fetch_keyOfSeveralWindows_isReadInBothOrdersWithinTheBounds(StoreEngine engine) {
        // Given
        SegmentedWindowStore store = open(engine);
        for (int i = 0; i < 8; i++) {
            Numbers.put(store, KEY, i, i * 60_000L);
            Numbers.put(store, OTHER, 100 + i, i * 60_000L);
        }
        Numbers.remove(store, KEY, 4 * 60_000L);
        // When, then
        assertThat(read(store.fetch(KEY, 0L, Long.MAX_VALUE))).containsExactly(0L, 1L, 2L, 3L, 5L, 6L, 7L);
        assertThat(read(store.backwardFetch(KEY, 0L, Long.MAX_VALUE))).containsExactly(7L, 6L, 5L, 3L, 2L, 1L, 0L);
        assertThat(read(store.fetch(KEY, 120_000L, 300_000L))).containsExactly(2L, 3L, 5L);
        assertThat(read(store.backwardFetch(KEY, 120_001L, 299_999L))).containsExactly(3L);
        assertThat(store.fetch(KEY, 240_000L)).as("taken back").isNull();
        assertThat(store.fetch(KEY, 60_001L)).as("of no window").isNull();
        store.close();
    }

    /** What is not there and what is not known are two answers. */
    @ParameterizedTest
    @MethodSource("engines")
    void fetch_storeIsClosedMeanwhile_throws(StoreEngine engine) {
        // Given
        SegmentedWindowStore store = open(engine);
        Numbers.put(store, KEY, 1, 0);
        WindowStoreIterator<byte[]> open = store.fetch(KEY, 0L, Long.MAX_VALUE);
        // When
        store.close();
        // Then
        assertThatExceptionOfType(InvalidStateStoreException.class).isThrownBy(open::hasNext);
        assertThatExceptionOfType(InvalidStateStoreException.class).isThrownBy(() -> store.fetch(KEY, 0L));
        assertThatExceptionOfType(InvalidStateStoreException.class)
                .isThrownBy(() -> store.fetch(KEY, 0L, 1L).hasNext());
    }

    @Test
    void otherCalls_areRefusedByName() {
        SegmentedWindowStore store = open(StoreEngine.memory());
        Map<String, ThrowingCallable> calls = Map.of(
                "put of a single key", () -> store.put(KEY, new byte[9], 0),
                "fetch of a range of keys", () -> store.fetch(KEY, OTHER, 0, 1),
                "fetchAll", () -> store.fetchAll(0L, 1L),
                "all", store::all,
                "backwardFetch of a range of keys", () -> store.backwardFetch(KEY, OTHER, 0, 1),
                "backwardFetchAll", () -> store.backwardFetchAll(0L, 1L),
                "backwardAll", store::backwardAll);
        calls.forEach((name, call) -> assertThatExceptionOfType(UnsupportedOperationException.class)
                .isThrownBy(call)
                .withMessageContaining("The store seen takes no " + name + ":"));
    }

    @ParameterizedTest
    @MethodSource("engines")
    void restore_batch_bringsBackFirstsAndMetadataAndPosition(StoreEngine engine) {
        // Given
        ChangelogBatch batch = new ChangelogBatch(64);
        batch.add(KEY, 60_000, BucketEntry.of(seen(60_005)), 60_009);
        batch.add(OTHER, 120_000, BucketEntry.of(seen(120_005)).with(seen(120_006)), 120_009);
        batch.add(KEY, 0, BucketEntry.of(seen(5)), 120_010);
        batch.add(KEY, 0, BucketEntry.NONE, 120_011);
        StoreMetadata metadata = metadata(0, Map.of(), Map.of("orders", Map.of(3, 41L)));
        // When
        SegmentedWindowStore store = open(engine);
        restore(windowed(SeenKey.BATCH, 0), batch.encode(metadata.encode()));
        // Then
        assertThat(store.firsts(KEY, 60_000)).isEqualTo(BucketEntry.of(seen(60_005)));
        assertThat(store.firsts(OTHER, 120_000).seenRecords()).hasSize(2);
        assertThat(store.firsts(KEY, 0)).isEqualTo(BucketEntry.NONE);
        assertThat(store.metadata()).isEqualTo(metadata);
        assertThat(upTo(store, 41).isSuccess()).isTrue();
        assertThat(upTo(store, 42).getFailureReason()).isEqualTo(FailureReason.NOT_UP_TO_BOUND);
        store.close();
    }

    /** What is held follows from what the store says, and not from the retention that it was made for. */
    @ParameterizedTest
    @MethodSource("engines")
    void hold_metadata_dropsWhatIsNeededForNothingThatIsExact(StoreEngine engine) {
        // Given
        long far = 10 * RETENTION.toMillis();
        SegmentedWindowStore store = open(engine);
        Numbers.put(store, KEY, 1, 0);
        Numbers.put(store, OTHER, 2, far);
        // When
        hold(store, StoreMetadata.empty(59_999).exactFrom(1));
        // Then
        assertThat(Numbers.of(store, KEY, 0)).as("until it is not needed").isEqualTo(1);
        // When
        hold(store, StoreMetadata.empty(59_999).exactFrom(far));
        // Then
        assertThat(Numbers.of(store, KEY, 0)).isNull();
        assertThat(Numbers.of(store, OTHER, far)).isEqualTo(2);
        store.close();
    }

    /** The broker deletes what was written long ago, even if event time has stood still since. */
    @ParameterizedTest
    @MethodSource("engines")
    void restore_beginningWasDeleted_isExactFromWhereItCannotMatter(StoreEngine engine) {
        // Given
        SegmentedWindowStore store = open(engine);
        StoreMetadata quiet = metadata(70_000, Map.of(), Map.of());
        // When
        restore(windowed(SeenKey.BATCH, 0), new ChangelogBatch(64).encode(quiet.encode()));
        restore(windowed(SeenKey.BATCH, 0), new ChangelogBatch(64).encode(quiet.encode()));
        // Then
        assertThat(store.metadata().exactFrom()).isEqualTo(70_001);
        store.close();
    }

    private static void hold(SegmentedWindowStore store, StoreMetadata metadata) {
        store.hold(metadata, metadata.encode());
    }

    /** Under at-least-once an owner that has been replaced writes once more when it wakes up. */
    @Test
    void restore_batchOfATimeThatIsPast_doesNotTurnTimeBack() {
        // Given
        SegmentedWindowStore store = open(StoreEngine.memory());
        ChangelogBatch late = new ChangelogBatch(64);
        late.add(KEY, 0, BucketEntry.of(seen(5)), 6);
        // When
        restore(
                windowed(SeenKey.BATCH, 0),
                new ChangelogBatch(64).encode(metadata(100).encode()));
        restore(windowed(SeenKey.BATCH, 0), late.encode(metadata(90).encode()));
        // Then
        assertThat(store.metadata()).isEqualTo(metadata(100));
        assertThat(store.firsts(KEY, 0)).isEqualTo(BucketEntry.of(seen(5)));
    }

    private static StoreMetadata metadata(long streamTime) {
        return metadata(0, Map.of("orders", Map.of(3, streamTime)), Map.of());
    }

    private static StoreMetadata metadata(
            long neededBefore, Map<String, Map<Integer, Long>> times, Map<String, Map<Integer, Long>> position) {
        return new StoreMetadata(
                59_999, 0, neededBefore, 0, StoreMetadata.Committed.NOTHING, List.of(), List.of(), times, position);
    }

    @Test
    void hold_recordsOfTwoPartitions_positionIsThatOfBoth() {
        // Given
        SegmentedWindowStore store = open(StoreEngine.memory());
        // When
        context.setRecordMetadata("orders", 3, 40);
        Numbers.put(store, KEY, 1, 0);
        context.setRecordMetadata("orders", 4, 7);
        Numbers.put(store, OTHER, 1, 0);
        context.setRecordMetadata("orders", 3, 41);
        Numbers.put(store, OTHER, 1, 60_000);
        // Then
        assertThat(store.offsets()).isEqualTo(Map.of("orders", Map.of(3, 41L, 4, 7L)));
        assertThat(upTo(store, 41).isSuccess()).isTrue();
    }

    /** Read as something else it would be forgotten without a word. */
    @Test
    void restore_recordOfAnEarlierBuild_isRefusedByName() {
        open(StoreEngine.memory());
        assertThatExceptionOfType(ProcessorStateException.class)
                .isThrownBy(() -> restore(windowed(KEY, 0), new byte[20]))
                .withMessageContaining(
                        "The changelog of the store seen holds a record that this release does not write")
                .withMessageContaining("Delete the topic or use another application.id");
    }

    private static QueryResult<WindowStoreIterator<byte[]>> upTo(SegmentedWindowStore store, long offset) {
        Position position = Position.emptyPosition().withComponent("orders", 3, offset);
        WindowKeyQuery<Bytes, byte[]> query =
                WindowKeyQuery.withKeyAndWindowStartRange(KEY, Instant.EPOCH, Instant.ofEpochMilli(Long.MAX_VALUE));
        return store.query(query, PositionBound.at(position), new QueryConfig(false));
    }

    private static SeenRecord seen(long time) {
        return new SeenRecord(time, time + 59_999, new Coordinates("orders", 3, 41), null);
    }

    private static List<Long> read(WindowStoreIterator<byte[]> entries) {
        List<Long> numbers = new ArrayList<>();
        try (entries) {
            while (entries.hasNext()) {
                long start = entries.peekNextKey();
                KeyValue<Long, byte[]> next = entries.next();
                assertThat(next.key).isEqualTo(start);
                numbers.add(Numbers.in(next.value, start));
            }
        }
        return numbers;
    }

    private void restore(byte[] key, byte[] value) {
        byte[] timestamped = ByteBuffer.allocate(Long.BYTES + value.length)
                .putLong(0)
                .put(value)
                .array();
        Objects.requireNonNull(restoring.get()).restore(key, timestamped);
    }

    private static byte[] windowed(Bytes key, long start) {
        return ByteBuffer.allocate(key.get().length + Long.BYTES + Integer.BYTES)
                .put(key.get())
                .putLong(start)
                .array();
    }

    private SegmentedWindowStore open(StoreEngine engine) {
        SegmentedWindowStore store = (SegmentedWindowStore)
                engine.supplier("seen", RETENTION, WINDOW).get();
        StateStoreContext storeContext = context.getStateStoreContext();
        StateStoreContext observed = (StateStoreContext) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {StateStoreContext.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("register")) {
                        restoring.set((StateRestoreCallback) arguments[1]);
                        return null;
                    }
                    try {
                        return method.invoke(storeContext, arguments);
                    } catch (InvocationTargetException thrown) {
                        throw thrown.getCause();
                    }
                });
        store.init(observed, store);
        return store;
    }

    /** A broker that compacts would keep one batch of all. */
    @Test
    void changelog_isNeverCompactedAndItsFilesFollowTheTtl() {
        DedupPolicy brief = DedupPolicy.of(Duration.ofMinutes(1));
        assertThat(SeenStores.builder("seen", StoreEngine.rocksDb(), brief, Map.of("min.insync.replicas", "2"))
                        .logConfig())
                .containsEntry("cleanup.policy", "delete")
                .containsEntry("min.insync.replicas", "2")
                .containsEntry(
                        "segment.ms",
                        String.valueOf(Buckets.of(brief).changelogSegment().toMillis()));
        assertThat(Buckets.of(brief).changelogSegment()).isLessThan(Duration.ofHours(1));
        assertThat(Buckets.of(DedupPolicy.of(Duration.ofHours(24))).changelogSegment())
                .isBetween(Duration.ofHours(12), Duration.ofHours(24));
    }
}
