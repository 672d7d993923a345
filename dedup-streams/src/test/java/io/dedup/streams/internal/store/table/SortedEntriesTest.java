// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.table;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** RocksDB takes a file of entries only in the order of their keys. */
class SortedEntriesTest {
    private final KeyHash hash = new KeyHash(7);

    static Stream<List<byte[]>> keys() {
        byte[] zeros = new byte[12];
        return Stream.of(
                List.of(),
                List.of(bytes("alone")),
                // One begins as the other ends, with and without zeros.
                List.of(bytes("a"), bytes("ab"), bytes("abc"), new byte[0]),
                List.of(Arrays.copyOf(zeros, 3), Arrays.copyOf(zeros, 12), Arrays.copyOf(zeros, 11), new byte[] {0, 1}),
                // Bytes are unsigned.
                List.of(new byte[] {-1}, new byte[] {1}, new byte[] {127}, new byte[] {-128}),
                random("", 1_000),
                random("window-scope-source-", 1_000),
                random("the-same-eight-and-more-", 3),
                // Two that begin alike, and differ long after.
                Stream.concat(random("a-source-of-its-own-", 500).stream(), random("another-of-its-own-", 500).stream())
                        .toList(),
                // Nothing but zeros, and zeros that something comes behind.
                zeros(100),
                random("\0\0\0\0\0\0\0\0\0\0\0\0", 100),
                Stream.concat(Stream.of(bytes("\0")), random("\0\0\0\0\0\0\0\0\0\0\0\0", 200).stream())
                        .toList());
    }

    private static List<byte[]> zeros(int count) {
        List<byte[]> keys = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            keys.add(new byte[count - i]);
        }
        return keys;
    }

    private static List<byte[]> random(String beginning, int count) {
        Random random = new Random(5);
        List<byte[]> keys = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            byte[] rest = new byte[random.nextInt(20)];
            random.nextBytes(rest);
            byte[] key = Arrays.copyOf(bytes(beginning), beginning.length() + rest.length);
            System.arraycopy(rest, 0, key, beginning.length(), rest.length);
            keys.add(key);
        }
        return keys;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @ParameterizedTest
    @MethodSource("keys")
    void of_anyKeys_areInOrderWithTheirValues(List<byte[]> keys) {
        // Given
        CompactTable table = new CompactTable(true, MemoryBudget.unbounded());
        TreeMap<byte[], byte[]> expected = new TreeMap<>(Arrays::compareUnsigned);
        for (int i = 0; i < keys.size(); i++) {
            byte[] value = {(byte) i, (byte) (i >> 8)};
            hash.take(keys.get(i));
            hash.at(0);
            table.put(hash, keys.get(i), value, value.length);
            expected.put(keys.get(i), value);
        }
        // When
        SortedEntries entries = SortedEntries.of(table);
        // Then
        assertThat(entries.size()).isEqualTo(expected.size());
        ByteBuffer key = ByteBuffer.allocateDirect(entries.longestKey());
        ByteBuffer value = ByteBuffer.allocateDirect(entries.longestValue());
        int at = 0;
        for (var entry : expected.entrySet()) {
            entries.get(at, key, value);
            assertThat(key).as("key %s", at).isEqualTo(ByteBuffer.wrap(entry.getKey()));
            assertThat(value).as("value of key %s", at).isEqualTo(ByteBuffer.wrap(entry.getValue()));
            at++;
        }
    }
}
