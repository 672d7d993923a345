// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.table;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The table against a map. */
class CompactTableTest {
    private final KeyHash hash = new KeyHash(7);

    @ParameterizedTest
    @CsvSource({"true, 1", "true, 2", "false, 1", "false, 2"})
    void putAndGet_anyHistory_isThatOfAMap(boolean wholeKeys, long seed) {
        // Given
        Random random = new Random(seed);
        CompactTable table = new CompactTable(wholeKeys, MemoryBudget.unbounded());
        Map<String, byte[]> model = new HashMap<>();
        // When
        for (int i = 0; i < 200_000; i++) {
            String key = "key-" + random.nextInt(60_000);
            byte[] value = valueOf(random);
            int length = random.nextInt(value.length + 1);
            put(table, key, 0, value, length);
            model.put(key, Arrays.copyOf(value, length));
        }
        // Then
        assertThat(table.size()).isEqualTo(model.size());
        model.forEach((key, value) ->
                assertThat(get(table, key, 0)).as("%s, seed %s", key, seed).isEqualTo(value));
        for (int i = 60_000; i < 70_000; i++) {
            assertThat(get(table, "key-" + i, 0)).isNull();
        }
    }

    /** Mostly short; now and then longer than a chunk. */
    private static byte[] valueOf(Random random) {
        byte[] value = new byte[random.nextInt(5_000) == 0 ? 40_000 : random.nextInt(40)];
        random.nextBytes(value);
        return value;
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void put_sameKeyUnderOtherStarts_areOtherEntries(boolean wholeKeys) {
        // Given
        CompactTable table = new CompactTable(wholeKeys, MemoryBudget.unbounded());
        // When
        for (long start = -3; start <= 3; start++) {
            put(table, "key" + (wholeKeys ? start : ""), start, new byte[] {(byte) start}, 1);
        }
        // Then
        for (long start = -3; start <= 3; start++) {
            assertThat(get(table, "key" + (wholeKeys ? start : ""), start)).containsExactly((byte) start);
        }
    }

    /** As with stored outcomes: what cannot lie between others would leave much of a chunk empty. */
    @ParameterizedTest
    @ValueSource(ints = {1_025, 9_000, 16_384, 70_000})
    void put_largeValues_takeLittleMoreThanTheirBytes(int length) {
        // Given
        MemoryBudget budget = MemoryBudget.unbounded();
        CompactTable table = new CompactTable(false, budget);
        int keys = 4_000;
        // When
        for (int i = 0; i < keys; i++) {
            byte[] value = new byte[length];
            value[length - 1] = (byte) i;
            put(table, "key-" + i, 0, value, length);
        }
        // Then
        assertThat(table.bytes()).isBetween((long) keys * length, (long) keys * (length + 110));
        assertThat(budget.taken()).isEqualTo(table.bytes());
        for (int i = 0; i < keys; i++) {
            byte[] value = get(table, "key-" + i, 0);
            assertThat(value).hasSize(length).endsWith((byte) i);
        }
    }

    @Test
    void put_largeValueReplacedByOthers_givesItsBytesBack() {
        // Given
        MemoryBudget budget = MemoryBudget.unbounded();
        CompactTable table = new CompactTable(true, budget);
        put(table, "key", 0, new byte[10], 10);
        long small = table.bytes();
        // When
        for (int i = 0; i < 100; i++) {
            put(table, "key", 0, new byte[50_000 + i], 50_000 + i);
            put(table, "key", 0, new byte[10], 10);
        }
        // Then
        assertThat(get(table, "key", 0)).hasSize(10);
        assertThat(table.bytes()).isLessThan(small + 20_000);
        assertThat(budget.taken()).isEqualTo(table.bytes());
        table.clear();
        assertThat(budget.taken()).isZero();
    }

    /** What is written anew again and again leaves its old places behind, and these are used again. */
    @Test
    void put_oneKeyAgainAndAgain_doesNotTakeMoreAndMore() {
        // Given
        CompactTable table = new CompactTable(true, MemoryBudget.unbounded());
        // When
        for (int i = 0; i < 1_000_000; i++) {
            put(table, "key", 0, new byte[100], 50 + i % 50);
        }
        // Then
        assertThat(get(table, "key", 0)).hasSize(50 + 999_999 % 50);
        assertThat(table.bytes()).isLessThan(100_000);
    }

    /** The figure that the documentation gives: 16 bytes of digest, a dozen of the seen record, and what holds them. */
    @ParameterizedTest
    @ValueSource(ints = {300_000, 1_000_000, 2_400_000})
    void put_digestsWithFifteenBytes_takesAtMost40BytesEach(int keys) {
        // Given
        MemoryBudget budget = MemoryBudget.unbounded();
        CompactTable table = new CompactTable(false, budget);
        byte[] value = new byte[15];
        // When
        for (int i = 0; i < keys; i++) {
            put(table, "key-" + i, 0, value, 13 + i % 3);
        }
        // Then
        assertThat((double) table.bytes() / keys).isBetween(30.0, 40.0);
        assertThat(budget.taken()).isEqualTo(table.bytes());
    }

    @Test
    void put_noRoomIsLeft_isRefusedAndNothingIsLost() {
        // Given
        MemoryBudget budget = new MemoryBudget(1 << 20);
        CompactTable table = new CompactTable(false, budget);
        AtomicInteger held = new AtomicInteger();
        // When
        assertThatExceptionOfType(BudgetExceededException.class)
                .isThrownBy(() -> {
                    while (true) {
                        put(table, "key-" + held.get(), 0, new byte[] {5}, 1);
                        held.incrementAndGet();
                    }
                })
                .withMessageContaining("1048576");
        // Then
        assertThat(held.get()).isGreaterThan(10_000);
        assertThat(budget.taken()).isEqualTo(table.bytes()).isLessThanOrEqualTo(1 << 20);
        for (int i = 0; i < held.get(); i++) {
            assertThat(get(table, "key-" + i, 0)).containsExactly(5);
        }
    }

    @Test
    void clear_givesEverythingBack() {
        // Given
        MemoryBudget budget = MemoryBudget.unbounded();
        CompactTable table = new CompactTable(true, budget);
        for (int i = 0; i < 100_000; i++) {
            put(table, "key-" + i, 0, new byte[i % 50], i % 50);
        }
        // When
        table.clear();
        // Then
        assertThat(budget.taken()).isZero();
        assertThat(get(table, "key-1", 0)).isNull();
    }

    private void put(CompactTable table, String key, long start, byte[] value, int length) {
        byte[] bytes = key.getBytes(UTF_8);
        hash.take(bytes);
        hash.at(start);
        table.put(hash, bytes, value, length);
    }

    private byte @Nullable [] get(CompactTable table, String key, long start) {
        byte[] bytes = key.getBytes(UTF_8);
        hash.take(bytes);
        hash.at(start);
        return table.get(hash, bytes);
    }
}
