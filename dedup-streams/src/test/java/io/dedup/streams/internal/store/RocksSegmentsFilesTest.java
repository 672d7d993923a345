// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.dedup.streams.internal.store.engine.LocalFiles;
import io.dedup.streams.internal.store.format.PartitionDictionary;
import io.dedup.streams.internal.store.rocksdb.RocksResources;
import io.dedup.streams.internal.store.rocksdb.RocksSegments;
import io.dedup.streams.internal.store.table.KeyHash;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.ProcessorStateException;
import org.junit.jupiter.api.Test;

/** Files of a store on RocksDB that fail, overlap, are damaged or of another layout. */
class RocksSegmentsFilesTest extends RocksSegmentsFixture {
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

    /** RocksDB opens no directory twice: a second attempt has to report what is wrong, and not that it is open. */
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
}
