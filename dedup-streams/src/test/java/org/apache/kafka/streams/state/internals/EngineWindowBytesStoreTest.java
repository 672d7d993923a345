// SPDX-License-Identifier: Apache-2.0
package org.apache.kafka.streams.state.internals;

import static org.apache.kafka.test.StreamsTestUtils.valuesToSetAndCloseIterator;
import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.streams.store.StoreEngine;
import java.time.Duration;
import java.util.Map;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowStore;
import org.junit.jupiter.api.Test;

/**
 * Kafka's own tests of window stores, which can only be had from this package, with our engines.
 *
 * <p>Five of them are answered otherwise: an engine does not keep several values of a key and window (three tests);
 * what comes too late is counted in a metric of ours, since Kafka's can be made by Kafka alone; and an impossible range of
 * keys is empty without a warning.
 */
abstract class EngineWindowBytesStoreTest extends AbstractWindowBytesStoreTest {
    private int stores;

    abstract StoreEngine engine();

    @Override
    <K, V> WindowStore<K, V> buildWindowStore(
            long retentionPeriod, long windowSize, boolean retainDuplicates, Serde<K> keySerde, Serde<V> valueSerde) {
        return Stores.windowStoreBuilder(
                        // Some tests have two stores open in one directory.
                        engine().supplier(
                                        "windows-" + stores++,
                                        Duration.ofMillis(retentionPeriod),
                                        Duration.ofMillis(windowSize)),
                        keySerde,
                        valueSerde)
                .build();
    }

    @Test
    @Override
    public void testFetchDuplicates() {
        assertThat(engine().supplier("windows", Duration.ofHours(1), Duration.ofMinutes(1))
                        .retainDuplicates())
                .isFalse();
        windowStore.put(1, "one", 0);
        windowStore.put(1, "one-2", 0);
        assertThat(windowStore.fetch(1, 0)).isEqualTo("one-2");
    }

    @Test
    @Override
    public void shouldMeasureExpiredRecords() {
        windowStore.put(1, "initial record", 2 * RETENTION_PERIOD);
        windowStore.put(1, "late record", 0L);
        windowStore.put(1, "another on-time record", RETENTION_PERIOD + 1);

        assertThat(windowStore.fetch(1, 0)).isNull();
        Map<String, Double> expired = context.metrics().metrics().entrySet().stream()
                .filter(metric -> metric.getKey().name().equals("expired-puts-total"))
                .collect(java.util.stream.Collectors.toMap(
                        metric -> metric.getKey().group(),
                        metric -> (Double) metric.getValue().metricValue()));
        assertThat(expired).containsExactly(Map.entry("stream-dedup-store-metrics", 1.0));
    }

    @Test
    @Override
    public void testPutSameKeyTimestamp() {
        windowStore.put(0, "zero", defaultStartTime);
        windowStore.put(0, "zero+", defaultStartTime);
        windowStore.put(0, "zero++", defaultStartTime);
        assertThat(valuesToSetAndCloseIterator(
                        windowStore.fetch(0, defaultStartTime - WINDOW_SIZE, defaultStartTime + WINDOW_SIZE)))
                .containsExactly("zero++");
        assertThat(recordCollector.collected()).hasSize(3);
    }

    @Test
    @Override
    public void shouldFetchAndIterateOverExactBinaryKeys() {
        WindowStore<Bytes, String> store =
                buildWindowStore(RETENTION_PERIOD, WINDOW_SIZE, false, Serdes.Bytes(), Serdes.String());
        store.init(context, store);
        for (int length = 1; length <= 3; length++) {
            Bytes key = Bytes.wrap(new byte[length]);
            store.put(key, length + " at 0", 0);
            store.put(key, length + " at 59999", 59_999);
        }
        for (int length = 1; length <= 3; length++) {
            assertThat(valuesToSetAndCloseIterator(store.fetch(Bytes.wrap(new byte[length]), 0, Long.MAX_VALUE)))
                    .containsExactlyInAnyOrder(length + " at 0", length + " at 59999");
        }
        store.close();
    }

    /** Bytes of negative numbers come after those of positive ones. */
    @Test
    @Override
    public void shouldNotThrowInvalidRangeExceptionWithNegativeFromKey() {
        windowStore.put(0, "zero", 1L);
        try (KeyValueIterator<Windowed<Integer>, String> nothing = windowStore.fetch(-1, 1, 0L, 10L)) {
            assertThat(nothing.hasNext()).isFalse();
        }
    }

    /** Tables on the heap. */
    static final class MemoryTest extends EngineWindowBytesStoreTest {
        @Override
        StoreEngine engine() {
            return StoreEngine.memory(Long.MAX_VALUE, true);
        }
    }

    /** Files on disk. */
    static final class RocksDbTest extends EngineWindowBytesStoreTest {
        @Override
        StoreEngine engine() {
            return StoreEngine.rocksDb();
        }
    }
}
