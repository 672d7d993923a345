// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.dedup.Coordinates;
import io.dedup.Fingerprint;
import io.dedup.Sighting;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.utils.Bytes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FirstsBlockTest {
    private record Entry(Bytes key, Sighting first, long now) {}

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void read_anyFirsts_areThoseThatWereAdded(long seed) {
        // Given
        Random random = new Random(seed);
        long bucket = 1_700_000_000_000L;
        FirstsBlock block = new FirstsBlock(bucket, 64);
        List<Entry> added = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            Entry entry = entry(random, bucket);
            assertThat(block.add(entry.key(), entry.first(), entry.now())).isTrue();
            added.add(entry);
        }
        // When
        List<Entry> read = new ArrayList<>();
        FirstsBlock.read(
                block.encode(), bucket, (key, first) -> read.add(new Entry(key, first.toSighting(), first.written())));
        // Then
        assertThat(read).as("seed %s", seed).isEqualTo(added);
        assertThat(block.count()).isEqualTo(500);
        assertThat(block.written()).isEqualTo(added.get(499).now());
    }

    /** Restoring takes what a block says as it stands, without making a sighting of it. */
    @Test
    void read_whatABlockSays_isPackedAsItsSighting() {
        // Given
        Random random = new Random(4);
        long bucket = 1_700_000_000_000L;
        FirstsBlock block = new FirstsBlock(bucket, 64);
        for (int i = 0; i < 100; i++) {
            Entry entry = entry(random, bucket);
            block.add(entry.key(), entry.first(), entry.now());
        }
        Packing ofEntries = new Packing(new Places());
        Packing ofSightings = new Packing(new Places());
        // When
        FirstsBlock.read(block.encode(), bucket, (key, first) -> {
            int length = ofEntries.pack(first, bucket);
            int expected = ofSightings.pack(first.toSighting(), bucket, first.written());
            // Then
            assertThat(length).isEqualTo(expected);
            assertThat(ofEntries.packed()).startsWith(Arrays.copyOf(ofSightings.packed(), expected));
        });
        assertThat(block.bucket()).isEqualTo(bucket);
        assertThat(block.length()).isBetween(100 * 20, 100 * 100);
    }

    private static Entry entry(Random random, long bucket) {
        byte[] key = new byte[SeenKey.PREFIX_BYTES + 1 + random.nextInt(40)];
        random.nextBytes(key);
        key[0] = (byte) random.nextInt(3);
        Arrays.fill(key, 1, SeenKey.PREFIX_BYTES, (byte) 9);
        byte[] digest = new byte[Fingerprint.BYTES];
        random.nextBytes(digest);
        long time = bucket + random.nextInt(86_400_000);
        Sighting first = new Sighting(
                time,
                time + (random.nextInt(5) == 0 ? random.nextInt(1000) : 86_400_000),
                new Coordinates("topic-" + random.nextInt(3), random.nextInt(4), random.nextInt(1 << 30)),
                random.nextBoolean() ? Fingerprint.fromBytes(digest) : null,
                null,
                random.nextBoolean());
        return new Entry(Bytes.wrap(key), first, time + random.nextInt(10_000_000) - 5_000_000);
    }

    /** What stands in somebody's changelog has to be read for ever. */
    @Test
    void encode_isFrozen() {
        // Given
        FirstsBlock block = new FirstsBlock(1_000, 64);
        Coordinates at = new Coordinates("orders", 2, 41);
        block.add(key("a"), new Sighting(1_005, 2_005, at, null), 9_000);
        block.add(key("bc"), new Sighting(1_004, 2_004, new Coordinates("orders", 2, 44), null).asSettled(), 9_001);
        // When
        String hex = HexFormat.of().formatHex(block.encode());
        // Then
        assertThat(hex)
                .isEqualTo("01" + "01066f726465727302d00f" + "01" + "5052454649582d31"
                        + "00" + "0000" + "0161" + "0a" + "f67c" + "52"
                        + "03" + "026263" + "01" + "02" + "06");
    }

    private static Bytes key(String text) {
        return Bytes.wrap(("PREFIX-1" + text).getBytes(UTF_8));
    }

    @Test
    void read_damagedOrUnknown_saysSo() {
        // Given
        FirstsBlock block = new FirstsBlock(0, 64);
        block.add(key("a"), new Sighting(5, 6, new Coordinates("t", 0, 0), null), 7);
        byte[] whole = block.encode();
        byte[] newer = whole.clone();
        newer[0] = 2;
        byte[] cut = Arrays.copyOf(whole, whole.length - 1);
        // When, then
        assertThatExceptionOfType(SerializationException.class)
                .isThrownBy(() -> FirstsBlock.read(newer, 0, (key, first) -> {}))
                .withMessageContaining("version 2")
                .withMessageContaining("run that one");
        assertThatExceptionOfType(SerializationException.class)
                .isThrownBy(() -> FirstsBlock.read(cut, 0, (key, first) -> {}))
                .withMessageContaining("damaged");
    }
}
