// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Properties;
import java.util.Random;
import java.util.TreeMap;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.TaskId;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.apache.kafka.streams.state.WindowBytesStoreSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A store that is read page by page is the same as one that is held whole. */
class RangeIteratorTest {
    private static final Duration WINDOW = Duration.ofSeconds(60);
    private static final Duration RETENTION = Duration.ofHours(1);
    private static final int KEYS = 100;
    private static final int PUTS = 1_500;
    private static final long SEED = 42;

    @TempDir
    private Path directory = Path.of("");

    @ParameterizedTest
    @CsvSource({
        "rocksdb, 1, false", "rocksdb, 7, false", "rocksdb, 1000, false",
        "rocksdb, 1, true", "rocksdb, 7, true", "rocksdb, 1000, true",
        "memory, 1, false", "memory, 7, false", "memory, 1000, false",
        "memory, 1, true", "memory, 7, true", "memory, 1000, true"
    })
    void next_pagesOfThatSize_everythingOnceAndInOrder(String engine, int pageSize, boolean backward) {
        // Given
        BucketedStore store = open(engine);
        List<String> expected = fill(store);
        // When
        List<String> all = read(store, null, null, backward, pageSize);
        List<String> some = read(store, key(50), key(79), backward, pageSize);
        List<String> beyond = read(store, key(50), key(999), backward, pageSize);
        // Then
        assertThat(all).isEqualTo(inOrder(expected, backward));
        assertThat(some).isNotEmpty().isEqualTo(inOrder(within(expected, 50, 79), backward));
        assertThat(beyond).isNotEmpty().isEqualTo(inOrder(within(expected, 50, 999), backward));
        store.close();
    }

    private static List<String> within(List<String> entries, int first, int last) {
        return entries.stream()
                .filter(entry -> {
                    int key = Integer.parseInt(entry.substring(2, 5));
                    return key >= first && key <= last;
                })
                .toList();
    }

    private static List<String> inOrder(List<String> names, boolean backward) {
        List<String> ordered = new ArrayList<>(names);
        if (backward) {
            Collections.reverse(ordered);
        }
        return ordered;
    }

    /** Puts, puts over them and deletions in three windows; with small tables, most of it in several files. */
    private static List<String> fill(BucketedStore store) {
        TreeMap<String, String> entries = new TreeMap<>();
        Random random = new Random(SEED);
        for (int i = 0; i < PUTS; i++) {
            int window = random.nextInt(3);
            Bytes key = key(random.nextInt(KEYS));
            byte value = (byte) random.nextInt(100);
            boolean deleted = value < 30;
            store.put(key, deleted ? null : new byte[] {value}, window * WINDOW.toMillis());
            String entry = entry(window, key, value);
            entries.remove(entry.substring(0, 5));
            if (!deleted) {
                entries.put(entry.substring(0, 5), entry);
            }
        }
        return List.copyOf(entries.values());
    }

    private static List<String> read(
            BucketedStore store, @Nullable Bytes first, @Nullable Bytes last, boolean backward, int pageSize) {
        List<String> names = new ArrayList<>();
        try (RangeIterator entries =
                new RangeIterator(store, WINDOW.toMillis(), first, last, 0, Long.MAX_VALUE, backward, pageSize)) {
            entries.forEachRemaining(next ->
                    names.add(entry(next.key.window().start() / WINDOW.toMillis(), next.key.key(), next.value[0])));
            assertThat(entries.hasNext()).as("not begun anew").isFalse();
        }
        return names;
    }

    private static String entry(long window, Bytes key, byte value) {
        return window + "/" + new String(key.get(), US_ASCII) + "=" + value;
    }

    private static Bytes key(int number) {
        return Bytes.wrap(String.format("%03d", number).getBytes(US_ASCII));
    }

    private BucketedStore open(String engine) {
        StoreEngine chosen = engine.equals("rocksdb") ? SmallTables.rocksDb() : StoreEngine.memory(1 << 24, true);
        WindowBytesStoreSupplier supplier = chosen.supplier("seen", RETENTION, WINDOW);
        BucketedStore store = (BucketedStore) supplier.get();
        MockProcessorContext<Void, Void> context =
                new MockProcessorContext<>(new Properties(), new TaskId(0, 0), directory.toFile());
        store.init(context.getStateStoreContext(), store);
        return store;
    }
}
