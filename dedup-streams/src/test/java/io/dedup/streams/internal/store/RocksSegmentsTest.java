// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.streams.internal.store.engine.LocalFiles;
import io.dedup.streams.internal.store.format.PartitionDictionary;
import io.dedup.streams.internal.store.format.WindowedKey;
import io.dedup.streams.internal.store.rocksdb.RocksResources;
import io.dedup.streams.internal.store.rocksdb.RocksSegments;
import io.dedup.streams.internal.store.table.CompactTable;
import io.dedup.streams.internal.store.table.KeyHash;
import io.dedup.streams.internal.store.table.MemoryBudget;
import io.dedup.streams.internal.store.table.ScalableBloomFilter;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

/** Keys in a store on RocksDB. */
class RocksSegmentsTest extends RocksSegmentsFixture {
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

    /** Far more than what is held in memory: most of it comes from sorted files, and the filters are made again. */
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
}
