// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.dedup.streams.internal.store.engine.LocalFiles;
import io.dedup.streams.internal.store.format.PartitionDictionary;
import io.dedup.streams.internal.store.format.StoreMetadata;
import io.dedup.streams.internal.store.format.WindowedKey;
import io.dedup.streams.internal.store.rocksdb.RocksResources;
import io.dedup.streams.internal.store.rocksdb.RocksSegments;
import io.dedup.streams.internal.store.table.CompactTable;
import io.dedup.streams.internal.store.table.KeyHash;
import io.dedup.streams.internal.store.table.MemoryBudget;
import io.dedup.streams.internal.store.table.ScalableBloomFilter;
import io.dedup.streams.store.RocksDbOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.ProcessorStateException;
import org.apache.kafka.streams.processor.TaskId;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.DBOptions;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;

/** What is on disk, and what of it is used again. */
class RocksSegmentsTest {
    private static final TopicPartition CHANGELOG = new TopicPartition("changelog", 0);
    private static final Bytes KEY = Bytes.wrap(new byte[] {1});
    private static final Duration RETENTION = Duration.ofSeconds(400);
    private static final long SEGMENT = RETENTION.toMillis() / 2;

    private static final long NUMBER = 7;
    private static final byte[] VALUE = {7};
    /** Numbers that are put later begin there. */
    private static final long FAR = 1_000_000;

    private final Properties properties = new Properties();

    @TempDir
    Path directory;

    @Test
    void init_sameRetention_keepsTheFiles() {
        // Given
        writeTwoSegments();
        // When
        SegmentedWindowStore store = open(RETENTION);
        // Then
        assertThat(store.committedOffset(CHANGELOG)).isEqualTo(100);
        assertThat(store.fetch(KEY, 0)).isNotNull();
        assertThat(store.fetch(KEY, SEGMENT)).isNotNull();
        store.close();
    }

    /** As after a change of the TTL: each segment keeps the stretch of time that it was made for. */
    @Test
    void init_otherRetention_findsWhatWasWrittenForTheFirst() {
        // Given
        writeTwoSegments();
        // When
        SegmentedWindowStore store = open(RETENTION.multipliedBy(100));
        Numbers.put(store, KEY, NUMBER, SEGMENT);
        // Then
        assertThat(store.committedOffset(CHANGELOG)).isEqualTo(100);
        assertThat(store.fetch(KEY, 0)).isNotNull();
        assertThat(Numbers.of(store, KEY, SEGMENT)).isEqualTo(NUMBER);
        store.close();
    }

    @Test
    void init_shorterRetention_keepsWhatIsNeeded() {
        // Given
        writeTwoSegments();
        // When
        SegmentedWindowStore store = open(Duration.ofMillis(SEGMENT / 2));
        // Then
        assertThat(store.fetch(KEY, 0)).isNotNull();
        assertThat(store.fetch(KEY, SEGMENT)).isNotNull();
        store.close();
    }

    @Test
    void init_afterACrash_exactlyOnce_leavesEverythingToTheChangelog() throws IOException {
        // Given
        writeTwoSegments();
        properties.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        crash(open(RETENTION));
        // When
        SegmentedWindowStore store = open(RETENTION);
        // Then
        assertThat(store.committedOffset(CHANGELOG)).isNull();
        assertThat(store.fetch(KEY, 0)).isNull();
        store.close();
    }

    @Test
    void init_afterACrash_atLeastOnce_hasEverythingUpToTheOffsetThatWasWritten() throws IOException {
        // Given
        writeTwoSegments();
        SegmentedWindowStore crashing = open(RETENTION);
        Numbers.put(crashing, KEY, NUMBER, 2 * SEGMENT);
        crashing.commit(Map.of(CHANGELOG, 200L));
        crash(crashing);
        // When
        SegmentedWindowStore store = open(RETENTION);
        // Then
        assertThat(store.committedOffset(CHANGELOG)).isEqualTo(100);
        assertThat(store.fetch(KEY, 0)).isNotNull();
        assertThat(store.fetch(KEY, 2 * SEGMENT)).isNull();
        store.close();
    }

    /** As after a failure, when the transaction that would have made it true is aborted. */
    @Test
    void close_somethingWasPutSinceTheCommit_exactlyOnce_leavesEverythingToTheChangelog() {
        // Given
        properties.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        writeTwoSegments();
        SegmentedWindowStore failing = open(RETENTION);
        assertThat(failing.committedOffset(CHANGELOG)).isEqualTo(100);
        Numbers.put(failing, KEY, NUMBER, 2 * SEGMENT);
        // When
        failing.close();
        // Then
        SegmentedWindowStore store = open(RETENTION);
        assertThat(store.committedOffset(CHANGELOG)).isNull();
        assertThat(store.fetch(KEY, 2 * SEGMENT)).isNull();
        assertThat(store.fetch(KEY, 0)).isNull();
        store.close();
    }

    /** As Kafka Streams does with a corrupted task: it leaves the operator, calls commit all the same, and closes. */
    @Test
    void commit_operatorHasLeftWithoutACommit_standsForNothing() {
        // Given
        properties.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        writeTwoSegments();
        SegmentedWindowStore failing = open(RETENTION);
        BatchingBucketStore writer = new BatchingBucketStore(
                failing,
                new PutRecorder().before(failing),
                (before, commits, position) -> StoreMetadata.empty(1),
                Duration.ofMinutes(1),
                new Commits(StoreMetadata.empty(1), true, 0));
        Bytes key = Bytes.wrap("PREFIX-1key".getBytes(UTF_8));
        writer.put(key, 2 * SEGMENT, Numbers.firsts(1, 2 * SEGMENT), 0);
        writer.close();
        // When
        failing.commit(Map.of(CHANGELOG, 200L));
        failing.close();
        // Then
        SegmentedWindowStore store = open(RETENTION);
        assertThat(store.committedOffset(CHANGELOG)).isNull();
        assertThat(store.fetch(key, 2 * SEGMENT)).isNull();
        store.close();
    }

    /** Of Kafka Streams 4.2, whose checkpoint 4.3 hands over once. */
    @Test
    void commit_filesHaveNoOffsetYet_isWrittenAtOnce() throws IOException {
        // Given
        writeTwoSegments();
        SegmentedWindowStore without = open(RETENTION);
        without.commit(Map.of());
        without.close();
        SegmentedWindowStore store = open(RETENTION);
        assertThat(store.committedOffset(CHANGELOG)).isNull();
        // When
        store.commit(Map.of(CHANGELOG, 77L));
        // Then
        assertThat(store.committedOffset(CHANGELOG)).isEqualTo(77);
        crash(store);
        SegmentedWindowStore again = open(RETENTION);
        assertThat(again.committedOffset(CHANGELOG)).isEqualTo(77);
        assertThat(again.fetch(KEY, 0)).isNotNull();
        again.close();
    }

    @Test
    void close_transactionalStoresAreOn_isNotMarkedAsComplete() {
        // Given
        properties.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        properties.put("enable.transactional.statestores", "true");
        // When
        writeTwoSegments();
        // Then
        SegmentedWindowStore store = open(RETENTION);
        assertThat(store.committedOffset(CHANGELOG)).isNull();
        assertThat(store.fetch(KEY, 0)).isNull();
        store.close();
    }

    @Test
    void close_somethingWasPutSinceTheCommit_atLeastOnce_keepsWhatTheOffsetStandsFor() {
        // Given
        writeTwoSegments();
        SegmentedWindowStore failing = open(RETENTION);
        Numbers.put(failing, KEY, NUMBER, 2 * SEGMENT);
        // When
        failing.close();
        // Then
        SegmentedWindowStore store = open(RETENTION);
        assertThat(store.committedOffset(CHANGELOG)).isEqualTo(100);
        assertThat(store.fetch(KEY, 2 * SEGMENT)).isNull();
        assertThat(store.fetch(KEY, 0)).isNotNull();
        store.close();
    }

    /** Kafka Streams before 4.3 writes the offset into a file of its own once this has returned. */
    @Test
    @SuppressWarnings("deprecation") // what an older Kafka calls
    void flush_isWhatAnOlderKafkaCalls_everythingIsOnDiskWhenItReturns() throws IOException {
        // Given
        SegmentedWindowStore store = open(RETENTION);
        Numbers.put(store, KEY, NUMBER, SEGMENT);
        // When
        store.flush();
        crash(store);
        // Then
        SegmentedWindowStore again = open(RETENTION);
        assertThat(Numbers.of(again, KEY, SEGMENT)).isEqualTo(NUMBER);
        again.close();
    }

    /** Of a killed process Kafka Streams before 4.3 has a checkpoint if and only if its files can be trusted. */
    @Test
    void open_leftOpenAndTheOffsetIsKafkas_exactlyOnce_keepsTheFiles() throws IOException {
        // Given
        properties.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        writeTwoSegments();
        crash(open(RETENTION));
        KeyHash hash = hash(0);
        RocksSegments segments = new RocksSegments("seen", SEGMENT, 1, defaults());
        // When
        segments.open(
                new LocalFiles(directory.resolve("state/seen"), SegmentedWindowStore.LAYOUT, configs(), false),
                new PartitionDictionary());
        // Then
        assertThat(segments.get(hash, KEY, 0)).isNotNull();
        segments.close();
    }

    @Test
    void open_filesOfAnotherReleaseAndTheOffsetIsKafkas_deletesTheCheckpointToo() throws IOException {
        // Given
        Files.createDirectories(directory.resolve("state/seen/seen.0"));
        Path checkpoint = Files.createFile(directory.resolve("state/.checkpoint"));
        RocksSegments segments = new RocksSegments("seen", SEGMENT, 1, defaults());
        // When
        segments.open(
                new LocalFiles(directory.resolve("state/seen"), SegmentedWindowStore.LAYOUT, Map.of(), false),
                new PartitionDictionary());
        // Then
        assertThat(checkpoint).doesNotExist();
        assertThat(directory.resolve("state/seen/seen.0")).doesNotExist();
        segments.close();
    }

    @Test
    void diskBytes_afterAFlush_areThoseOfTheFiles() throws IOException {
        // Given
        SegmentedWindowStore store = open(RETENTION);
        assertThat(store.diskBytes()).isZero();
        for (int i = 0; i < 1_000; i++) {
            Numbers.put(store, key(i), i, 0);
        }
        // When
        store.flush();
        store.flushCache();
        // Then
        long files = 0;
        for (Path file : sortedFiles()) {
            files += Files.size(file);
        }
        assertThat(store.diskBytes()).isEqualTo(files).isPositive();
        store.close();
        assertThat(store.diskBytes()).isZero();
    }

    private Map<String, Object> configs() {
        Map<String, Object> configs = new HashMap<>();
        properties.forEach((key, value) -> configs.put((String) key, value));
        return configs;
    }

    @Test
    void init_filesOfAnotherRelease_leavesEverythingToTheChangelog() throws IOException {
        // Given
        Files.createDirectories(directory.resolve("state/seen/seen.0"));
        // When
        SegmentedWindowStore store = open(RETENTION);
        // Then
        assertThat(store.committedOffset(CHANGELOG)).isNull();
        assertThat(directory.resolve("state/seen/seen.0")).doesNotExist();
        store.close();
    }

    @Test
    void commit_offsetIsToBeForgotten_isForgottenAtOnce() {
        // Given
        writeTwoSegments();
        SegmentedWindowStore store = open(RETENTION);
        // When
        store.commit(Collections.singletonMap(CHANGELOG, null));
        // Then
        assertThat(store.committedOffset(CHANGELOG)).isNull();
        store.close();
    }

    /** Wider segments cover those of before, and what is put into the wider is newer: after every start. */
    @Test
    void init_otherRetentionAndOnceMore_findsTheNewest() {
        // Given
        writeTwoSegments();
        SegmentedWindowStore wider = open(RETENTION.multipliedBy(100));
        Numbers.put(wider, KEY, NUMBER, SEGMENT);
        wider.commit(Map.of(CHANGELOG, 101L));
        wider.close();
        // When
        SegmentedWindowStore store = open(RETENTION.multipliedBy(100));
        // Then
        assertThat(Numbers.of(store, KEY, SEGMENT)).isEqualTo(NUMBER);
        store.close();
    }

    /** As Kafka Streams does with offsets that an earlier version of it has left in a file. */
    @Test
    void commit_filesWereOfAnotherRelease_saysNothingOfWhatIsHere() throws IOException {
        // Given
        Files.createDirectories(directory.resolve("state/seen/seen.0"));
        SegmentedWindowStore emptied = open(RETENTION);
        // When
        emptied.commit(Map.of(CHANGELOG, 100L));
        emptied.close();
        // Then
        SegmentedWindowStore store = open(RETENTION);
        assertThat(store.committedOffset(CHANGELOG)).isNull();
        store.close();
    }

    @Test
    void init_fileWasOnItsWay_isDeleted() throws IOException {
        // Given
        writeTwoSegments();
        Path leftOver = Files.createFile(directory.resolve("state/seen/db/sorted123.sst"));
        // When
        SegmentedWindowStore store = open(RETENTION);
        // Then
        assertThat(leftOver).doesNotExist();
        assertThat(store.fetch(KEY, 0)).isNotNull();
        store.close();
    }

    /** RocksDB lets nobody open what is open: whoever tries again is to be told what is wrong, and not that. */
    @Test
    void init_fileIsDamaged_saysSoEachTimeAndKeepsNothingOpen() throws IOException {
        // Given
        writeTwoSegments();
        for (Path file : sortedFiles()) {
            byte[] content = Files.readAllBytes(file);
            content[0] ^= 1; // the first of an entry, and not what RocksDB looks at when it opens files
            Files.write(file, content);
        }
        // When, then
        for (int i = 0; i < 2; i++) {
            assertThatExceptionOfType(ProcessorStateException.class)
                    .isThrownBy(() -> open(RETENTION, withoutAnythingInMemory()))
                    .withStackTraceContaining("block checksum mismatch");
        }
    }

    private static RocksResources withoutAnythingInMemory() {
        return new RocksResources(new RocksResources.Limits(1 << 20, 64 << 20, 1), 0, 1 << 20, Runnable::run);
    }

    private List<Path> sortedFiles() throws IOException {
        try (Stream<Path> files = Files.list(directory.resolve("state/seen/db"))) {
            return files.filter(file -> file.toString().endsWith(".sst")).toList();
        }
    }

    /** What was put before may not be on disk, and an offset stands for all of it. */
    @Test
    void put_writingFailsOnce_writesNoOffsetBeyondWhatIsThere() {
        // Given
        writeTwoSegments();
        AtomicInteger works = new AtomicInteger();
        ExecutorService thread = Executors.newSingleThreadExecutor();
        SegmentedWindowStore store =
                open(RETENTION, new RocksResources(new RocksResources.Limits(1 << 20, 64 << 20, 1), 0, 1, work -> {
                    if (works.incrementAndGet() == 1) {
                        throw new RejectedExecutionException("no room on the disk");
                    }
                    thread.execute(work);
                }));
        // When
        assertThatExceptionOfType(ProcessorStateException.class).isThrownBy(() -> {
            for (int i = 0; i < 4; i++) {
                Numbers.put(store, key(i), NUMBER, 2 * SEGMENT);
                store.commit(Map.of(CHANGELOG, 200L + i));
            }
        });
        store.close();
        thread.shutdown();
        // Then
        SegmentedWindowStore again = open(RETENTION);
        assertThat(again.committedOffset(CHANGELOG)).isEqualTo(100);
        assertThat(again.fetch(KEY, 0)).isNotNull();
        again.close();
    }

    /** As when there is no more memory half way: the table may lack what the offset would stand for. */
    @Test
    void close_tableCouldNotTakeWhatWasPut_writesNoOffsetBeyondWhatIsThere() {
        // Given
        KeyHash hash = hash(0);
        RocksSegments segments = segments("numbers");
        segments.put(hash, KEY, 0, VALUE, VALUE.length, SEGMENT);
        segments.committed(Map.of(CHANGELOG, 100L));
        segments.close();
        segments.open(new LocalFiles(directory, "numbers", Map.of(), true), new PartitionDictionary());
        segments.committed(Map.of(CHANGELOG, 200L));
        // When
        assertThatExceptionOfType(IndexOutOfBoundsException.class)
                .isThrownBy(() -> segments.put(hash, key(1), 0, VALUE, VALUE.length + 1, SEGMENT));
        segments.close();
        // Then
        segments.open(new LocalFiles(directory, "numbers", Map.of(), true), new PartitionDictionary());
        assertThat(segments.committedOffset(CHANGELOG)).isEqualTo(100);
        assertThat(segments.get(hash, KEY, 0)).isEqualTo(VALUE);
        segments.close();
    }

    /** As where a restore comes to the stretch again of which the files are still being deleted. */
    @Test
    void put_whereFilesAreBeingDeleted_getsFilesOfItsOwn() {
        // Given
        KeyHash hash = hash(0);
        RocksSegments segments = segments("numbers");
        // When
        for (int i = 0; i < 20; i++) {
            segments.put(hash, KEY, 0, VALUE, VALUE.length, SEGMENT);
            segments.flush();
            segments.dropUnneeded(3 * SEGMENT);
            assertThat(segments.get(hash, KEY, 0)).isNull();
        }
        segments.put(hash, KEY, 0, VALUE, VALUE.length, 9 * SEGMENT);
        segments.close();
        // Then
        segments.open(new LocalFiles(directory, "numbers", Map.of(), true), new PartitionDictionary());
        assertThat(segments.get(hash, KEY, 0)).isEqualTo(VALUE);
        segments.dropUnneeded(8 * SEGMENT);
        assertThat(segments.get(hash, KEY, 0))
                .as("with what was said of it last")
                .isEqualTo(VALUE);
        segments.close();
    }

    /** As after a crash while files were being deleted, where segments are of another width since. */
    @Test
    void open_filesThatOverlap_theNewerOnesCount() throws Exception {
        // Given
        KeyHash hash = hash(3 * SEGMENT);
        RocksSegments segments = segments("numbers");
        segments.close();
        addFamily(2 * SEGMENT, 6 * SEGMENT, 1, false);
        addFamily(0, 4 * SEGMENT, 2, true);
        // When
        segments = segments("numbers");
        // Then
        assertThat(segments.get(hash, KEY, 5 * SEGMENT)).isNull();
        assertThat(segments.get(hash, KEY, 3 * SEGMENT)).isEqualTo(VALUE);
        segments.close();
    }

    /** Adds the files of a segment, which are newer than all others. */
    private void addFamily(long from, long to, int number, boolean withEntry) throws Exception {
        String name = "windows/" + from + "/" + to + "/" + number;
        List<ColumnFamilyDescriptor> descriptors = new ArrayList<>();
        List<ColumnFamilyHandle> handles = new ArrayList<>();
        String files = directory.resolve("db").toString();
        try (Options options = new Options();
                DBOptions databaseOptions = new DBOptions()) {
            for (byte[] family : RocksDB.listColumnFamilies(options, files)) {
                descriptors.add(new ColumnFamilyDescriptor(family));
            }
            try (RocksDB database = RocksDB.open(databaseOptions, files, descriptors, handles)) {
                database.put(
                        ("needed/" + name).getBytes(UTF_8),
                        ByteBuffer.allocate(Long.BYTES).putLong(99 * SEGMENT).array());
                ColumnFamilyHandle added =
                        database.createColumnFamily(new ColumnFamilyDescriptor(name.getBytes(UTF_8)));
                handles.add(added);
                if (withEntry) {
                    database.put(added, WindowedKey.of(KEY, 3 * SEGMENT), VALUE);
                }
                handles.forEach(ColumnFamilyHandle::close);
            }
        }
    }

    @Test
    void open_configSetter_isAskedOnceAndFilesAreOfItsKind() {
        // Given
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG, "seen-test");
        properties.put("rocksdb.config.setter", IndexesInCache.class.getName());
        IndexesInCache.CALLS.clear();
        SegmentedWindowStore store = open(RETENTION);
        for (int i = 0; i < 1_000; i++) {
            Numbers.put(store, key(i), i, 0);
        }
        store.commit(Map.of(CHANGELOG, 100L));
        store.close();
        // When
        store = open(RETENTION);
        // Then
        assertThat(store.committedOffset(CHANGELOG)).isEqualTo(100);
        for (int i = 0; i < 1_000; i++) {
            assertThat(Numbers.of(store, key(i), 0)).isEqualTo(i);
        }
        store.close();
        assertThat(IndexesInCache.CALLS)
                .containsExactly("set seen of seen-test", "close seen", "set seen of seen-test", "close seen");
    }

    @Test
    void open_filesOfAnotherLayout_areReplacedAndNoOffsetIsLeft() {
        // Given
        KeyHash hash = hash(0);
        RocksSegments segments = segments("before");
        segments.put(hash, KEY, 0, VALUE, VALUE.length, SEGMENT);
        segments.describe(VALUE);
        segments.committed(Map.of(CHANGELOG, 100L));
        segments.close();
        // When
        segments.open(new LocalFiles(directory, "now", Map.of(), true), new PartitionDictionary());
        // Then
        assertThat(segments.committedOffset(CHANGELOG)).isNull();
        assertThat(segments.description()).isNull();
        assertThat(segments.get(hash, KEY, 0)).isNull();
        segments.close();
    }

    /** Tables are written all the time, and what is asked for is in any of those, in files, or in both. */
    @Test
    void manyKeys_smallTables_areAllThereMeanwhileAndAfterARestart() {
        // Given
        int keys = 20_000;
        ExecutorService thread = Executors.newSingleThreadExecutor();
        RocksResources small = new RocksResources(new RocksResources.Limits(1 << 20, 64 << 20, 1), 0, 64 << 10, thread);
        SegmentedWindowStore store = open(RETENTION, small);
        // When, then
        for (int i = 0; i < keys; i++) {
            Numbers.put(store, key(i), i, 0);
            Numbers.put(store, key(i / 2), FAR + i / 2, 0);
            assertThat(Numbers.of(store, key(i), 0)).isEqualTo(i == 0 ? FAR : i);
            assertThat(Numbers.of(store, key(i / 3), 0)).isEqualTo(FAR + i / 3);
            assertThat(store.fetch(key(keys + i), 0)).isNull();
        }
        store.commit(Map.of(CHANGELOG, 100L));
        store.close();
        store = open(RETENTION, small);
        for (int i = 0; i < keys; i++) {
            assertThat(Numbers.of(store, key(i), 0)).as("value of %s", i).isEqualTo(i < keys / 2 ? FAR + i : i);
        }
        store.close();
        thread.shutdown();
    }

    /** Far more than what is held in memory: most of it comes from sorted files, and the filters are made anew. */
    @Test
    void manyKeys_afterARestart_areAllThere() {
        // Given
        int keys = 300_000;
        SegmentedWindowStore store = open(RETENTION);
        for (int i = 0; i < keys; i++) {
            Numbers.put(store, key(i), i, 0);
            Numbers.put(store, key(i / 2), FAR + i / 2, 0);
        }
        store.commit(Map.of(CHANGELOG, 100L));
        store.close();
        // When
        SegmentedWindowStore again = open(RETENTION);
        // Then
        for (int i = 0; i < keys; i++) {
            assertThat(Numbers.of(again, key(i), 0)).as("value of %s", i).isEqualTo(i < keys / 2 ? FAR + i : i);
            assertThat(again.fetch(key(keys + i), 0))
                    .as("value of %s", keys + i)
                    .isNull();
        }
        again.close();
    }

    /** Then RocksDB cannot say from memory whether a key is there, and what it says is no answer. */
    @Test
    void fetch_nothingOfTheFilesIsInMemory_findsWhatIsThereAndNothingElse() {
        // Given
        int keys = 2_000;
        ExecutorService thread = Executors.newSingleThreadExecutor();
        RocksResources withoutCache =
                new RocksResources(new RocksResources.Limits(0, 64 << 20, 1), 0, 16 << 10, thread);
        SegmentedWindowStore store = open(RETENTION, withoutCache);
        for (int i = 0; i < keys; i++) {
            Numbers.put(store, key(i), i, 0);
        }
        store.commit(Map.of(CHANGELOG, 100L));
        store.close();
        // When
        SegmentedWindowStore again = open(RETENTION, withoutCache);
        // Then
        for (int i = 0; i < keys; i++) {
            assertThat(Numbers.of(again, key(i), 0)).as("value of %s", i).isEqualTo(i);
            assertThat(again.fetch(key(keys + i), 0))
                    .as("value of %s", keys + i)
                    .isNull();
        }
        again.close();
        thread.shutdown();
    }

    /** Duplicates come soon after their firsts, and are not to be looked for on disk. */
    @Test
    void put_everyKeyIsWrittenAtOnce_theLastIsHeldAndNoOther() {
        // Given
        RocksSegments segments = new RocksSegments(
                "seen",
                SEGMENT,
                0,
                new RocksResources(new RocksResources.Limits(1 << 20, 64 << 20, 1), 1, 1, Runnable::run));
        segments.open(new LocalFiles(directory.resolve("store"), "numbers", Map.of(), true), new PartitionDictionary());
        KeyHash hash = new KeyHash(0);
        CompactTable ofOneKey = new CompactTable(true, MemoryBudget.unbounded());
        hash.take(key(0).get());
        hash.at(0);
        ofOneKey.put(hash, WindowedKey.of(key(0), 0), value(0), value(0).length);
        for (int i = 0; i < 5; i++) {
            // When
            hash.take(key(i).get());
            hash.at(0);
            segments.put(hash, key(i), 0, value(i), value(i).length, SEGMENT);
            segments.committed(Map.of(CHANGELOG, (long) i));
            // Then
            assertThat(segments.bytes())
                    .as("after key %s", i)
                    .isEqualTo(new ScalableBloomFilter(0).bytes() + ofOneKey.bytes());
        }
        segments.close();
    }

    /** What was taken back is written as something empty, and a file may hold nothing else. */
    @Test
    void put_nothingButWhatIsTakenBack_isTakenBackAfterARestart() {
        // Given
        writeTwoSegments();
        SegmentedWindowStore store = open(RETENTION);
        Numbers.remove(store, KEY, 0);
        store.commit(Map.of(CHANGELOG, 101L));
        store.close();
        // When
        SegmentedWindowStore again = open(RETENTION);
        // Then
        assertThat(again.fetch(KEY, 0)).isNull();
        assertThat(again.fetch(KEY, SEGMENT)).isNotNull();
        again.close();
    }

    private static Bytes key(int number) {
        return Bytes.wrap(("key-" + number).getBytes(UTF_8));
    }

    private static byte[] value(int number) {
        return ByteBuffer.allocate(64).putInt(number).array();
    }

    /** Leaves behind what a process does that is killed now. */
    private void crash(SegmentedWindowStore open) throws IOException {
        Path state = directory.resolve("state");
        Path copy = directory.resolve("copy");
        try (Stream<Path> files = Files.walk(state)) {
            for (Path file : files.toList()) {
                Files.copy(file, copy.resolve(state.relativize(file).toString()));
            }
        }
        open.close();
        Utils.delete(state.toFile());
        Files.move(copy, state);
    }

    private static RocksResources defaults() {
        RocksDbOptions options = RocksDbOptions.defaults();
        return RocksResources.ofThisProcess(
                new RocksResources.Limits(options.cacheBytes(), options.writeBufferBytes(), options.threads()));
    }

    private RocksSegments segments(String layout) {
        RocksSegments segments = new RocksSegments("seen", SEGMENT, 1, defaults());
        segments.open(new LocalFiles(directory, layout, Map.of(), true), new PartitionDictionary());
        return segments;
    }

    private static KeyHash hash(long start) {
        KeyHash hash = new KeyHash(1);
        hash.take(KEY.get());
        hash.at(start);
        return hash;
    }

    private void writeTwoSegments() {
        SegmentedWindowStore store = open(RETENTION);
        Numbers.put(store, KEY, NUMBER, 0);
        Numbers.put(store, KEY, 8, SEGMENT);
        store.commit(Map.of(CHANGELOG, 100L));
        store.close();
    }

    private SegmentedWindowStore open(Duration retention) {
        return open(retention, defaults());
    }

    private SegmentedWindowStore open(Duration retention, RocksResources shared) {
        MockProcessorContext<Void, Void> context = new MockProcessorContext<>(
                properties, new TaskId(0, 0), directory.resolve("state").toFile());
        SegmentedWindowStore store = (SegmentedWindowStore)
                SegmentedWindowStoreSupplier.onRocksDb("seen", retention, Duration.ofSeconds(60), shared)
                        .get();
        store.init(context.getStateStoreContext(), store);
        return store;
    }
}
