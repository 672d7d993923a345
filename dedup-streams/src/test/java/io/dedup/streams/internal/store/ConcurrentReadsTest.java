// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.dedup.streams.store.SmallTables;
import io.dedup.streams.store.StoreEngine;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.errors.InvalidStateStoreException;
import org.apache.kafka.streams.processor.TaskId;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What an interactive query sees while a store is written, drops segments and is closed. */
class ConcurrentReadsTest {
    private static final TopicPartition CHANGELOG = new TopicPartition("changelog", 0);
    private static final Duration RETENTION = Duration.ofSeconds(400);
    private static final int KEYS = 12_000;
    private static final int KEYS_A_WINDOW = 1_200;

    static Stream<Named<StoreEngine>> engines() {
        return Stream.of(
                Named.of("memory", StoreEngine.memory()),
                Named.of("rocksdb, tables that are written all the time", SmallTables.rocksDb()));
    }

    @ParameterizedTest
    @MethodSource("engines")
    void fetch_fromAnotherThread_findsWhatWasPutUntilItIsDroppedOrTheStoreClosed(
            StoreEngine engine, @TempDir Path directory) throws InterruptedException {
        // Given
        SegmentedWindowStore store = (SegmentedWindowStore)
                engine.supplier("seen", RETENTION, Duration.ofSeconds(60)).get();
        store.init(
                new MockProcessorContext<>(new Properties(), new TaskId(0, 0), directory.toFile())
                        .getStateStoreContext(),
                store);
        AtomicInteger put = new AtomicInteger();
        ExecutorService thread = Executors.newSingleThreadExecutor();
        Future<?> reading = thread.submit(() -> readUntilClosed(store, put));
        // When
        for (int i = 0; i < KEYS; i++) {
            Numbers.put(store, key(i), i, start(i));
            put.set(i + 1);
            if (i % 1_000 == 0) {
                store.commit(Map.of(CHANGELOG, (long) i));
            }
        }
        store.close();
        // Then
        assertThatExceptionOfType(ExecutionException.class)
                .isThrownBy(reading::get)
                .withCauseInstanceOf(InvalidStateStoreException.class);
        thread.shutdown();
    }

    private static void readUntilClosed(SegmentedWindowStore store, AtomicInteger put) {
        Random random = new Random(1);
        while (true) {
            int known = put.get();
            int i = random.nextInt(Math.max(1, known));
            byte[] found = store.fetch(key(i), start(i));
            if (found != null) {
                assertThat(Numbers.in(found, start(i))).isEqualTo(i);
            } else if (i < known) {
                assertThat(start(i))
                        .as("start of key %s, which is not found", i)
                        .isLessThanOrEqualTo(start(put.get()) - RETENTION.toMillis());
            }
        }
    }

    /** Each window start is half of what is kept later, so that all but a few are dropped on the way. */
    private static long start(int number) {
        return number / KEYS_A_WINDOW * (RETENTION.toMillis() / 2);
    }

    private static Bytes key(int number) {
        return Bytes.wrap(("key-" + number).getBytes(UTF_8));
    }
}
