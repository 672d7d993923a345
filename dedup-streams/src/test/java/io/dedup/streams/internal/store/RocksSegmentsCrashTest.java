// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.streams.internal.store.engine.LocalFiles;
import io.dedup.streams.internal.store.format.PartitionDictionary;
import io.dedup.streams.internal.store.format.StoreMetadata;
import io.dedup.streams.internal.store.rocksdb.RocksSegments;
import io.dedup.streams.internal.store.table.KeyHash;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.StreamsConfig;
import org.junit.jupiter.api.Test;

/** Which offsets a store on RocksDB leaves, and what it finds after a crash, a restart and another release. */
class RocksSegmentsCrashTest extends RocksSegmentsFixture {
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
}
