// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dedup.Coordinates;
import io.dedup.Fingerprint;
import io.dedup.SeenRecord;
import io.dedup.StoredOutcome;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.apache.kafka.common.errors.SerializationException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class EntryCodecTest {
    private static final long BUCKET = 86_400_001L * 19_000;
    private static final long TIME = BUCKET + 12_345_678;
    private static final long NOW = TIME + 250;
    private static final Coordinates AT = new Coordinates("orders", 3, 5_000_000);
    private static final Fingerprint PRINT =
            Fingerprint.fromBytes(HexFormat.of().parseHex("000102030405060708090a0b0c0d0e0f10111213"));

    private final EntryCodec numbered = new EntryCodec(new PartitionDictionary());
    private final EntryCodec byItself = new EntryCodec();

    static Stream<BucketEntry> firsts() {
        SeenRecord plain = seen(TIME, AT, null);
        return Stream.of(
                BucketEntry.NONE,
                BucketEntry.of(new SeenRecord(0, 0, null, null)),
                BucketEntry.of(plain),
                BucketEntry.of(plain.asSettled()),
                BucketEntry.of(seen(TIME, null, PRINT)),
                BucketEntry.of(seen(TIME, AT, PRINT)),
                BucketEntry.of(seen(TIME, AT, PRINT).withOutcome(StoredOutcome.of(new byte[] {1, 2}))),
                BucketEntry.of(seen(1, null, null).withOutcome(StoredOutcome.of(new byte[0]))),
                BucketEntry.of(seen(1, null, null).withOutcome(StoredOutcome.of(null))),
                BucketEntry.of(plain.withOutcome(StoredOutcome.of(new byte[100_000]))),
                BucketEntry.of(plain).with(new SeenRecord(TIME + 1, TIME + 2, new Coordinates("ключ", 0, 0), null)),
                new BucketEntry(List.of(plain, seen(TIME + 1, null, null)), TIME + 99),
                BucketEntry.of(new SeenRecord(1, Long.MAX_VALUE, new Coordinates("t", 1 << 30, Long.MAX_VALUE), null)));
    }

    @ParameterizedTest
    @MethodSource("firsts")
    void decode_encoded_isTheSame(BucketEntry firsts) {
        byte[] entry = numbered.encode(firsts, BUCKET, NOW);
        assertThat(numbered.decode(entry, BUCKET)).isEqualTo(firsts);
        assertThat(byItself.decodeVersioned(byItself.encodeVersioned(firsts, BUCKET, NOW), BUCKET))
                .isEqualTo(firsts);
        if (entry.length > 0) {
            assertThat(numbered.writtenAt(entry, BUCKET)).isEqualTo(NOW);
            assertThat(byItself.writtenAt(byItself.encode(firsts, BUCKET, NOW), BUCKET))
                    .isEqualTo(NOW);
        }
    }

    @Test
    void write_plainFirst_takesAboutADozenBytes() {
        assertThat(numbered.write(seen(TIME, AT, null), BUCKET, NOW)).isEqualTo(1 + 1 + 4 + 2 + 4);
    }

    /** A record may ask for any TTL: beyond a bound, a place is written out. */
    @Test
    void write_dictionaryIsFull_isReadByItself() {
        // Given
        PartitionDictionary places = new PartitionDictionary();
        for (int i = 0; places.numberOf(new PartitionDictionary.Place("orders", 3, i)) >= 0; i++) {
            assertThat(i).isLessThan(100_000);
        }
        EntryCodec full = new EntryCodec(places);
        // When
        int length = full.write(seen(TIME, AT, PRINT), BUCKET, NOW);
        // Then
        byte[] entry = Arrays.copyOf(full.written(), length);
        assertThat(byItself.decode(entry, BUCKET)).isEqualTo(BucketEntry.of(seen(TIME, AT, PRINT)));
    }

    /** Changelogs and stores of other engines hold these bytes: if this test fails, the format has changed and needs a new version. */
    @Test
    void encode_versionTwo_isFrozen() {
        SeenRecord answered = new SeenRecord(1_005, 2_005, AT, PRINT).withOutcome(StoredOutcome.of(new byte[] {9, 8}));
        SeenRecord without = new SeenRecord(1_007, 1_008, null, null).asSettled();
        byte[] encoded = byItself.encodeVersioned(new BucketEntry(List.of(answered, without), 3_000), 1_000, 1_009);
        assertThat(HexFormat.of().formatHex(encoded))
                .isEqualTo("02" + "1c" + "d00f" + "066f7264657273" + "03" + "0a" + "08" + "80ade204"
                        + "000102030405060708090a0b0c0d0e0f10111213" + "04" + "0908" + "f02e"
                        + "22" + "02" + "0e" + "04");
    }

    @Test
    void decode_unknownVersionOrFlagsOrCut_isRefusedWithWhatToDo() {
        // Given
        byte[] stored = byItself.encodeVersioned(BucketEntry.of(seen(TIME, AT, PRINT)), BUCKET, NOW);
        byte[] otherVersion = stored.clone();
        otherVersion[0] = 1;
        byte[] otherFlags = stored.clone();
        otherFlags[1] |= 64;
        // Then
        assertThatThrownBy(() -> byItself.decodeVersioned(otherVersion, BUCKET))
                .isInstanceOf(SerializationException.class)
                .hasMessageContaining("version 1")
                .hasMessageContaining("run that one");
        assertThatThrownBy(() -> byItself.decodeVersioned(otherFlags, BUCKET))
                .isInstanceOf(SerializationException.class)
                .hasMessageContaining("newer release");
        for (int length = 2; length < stored.length; length++) {
            byte[] cut = Arrays.copyOf(stored, length);
            assertThatThrownBy(() -> byItself.decodeVersioned(cut, BUCKET))
                    .as("cut to %d bytes", length)
                    .isInstanceOf(SerializationException.class);
        }
    }

    /** As when a dictionary was not read. */
    @Test
    void decode_numberOfNoPlace_isRefused() {
        byte[] entry = numbered.encode(BucketEntry.of(seen(TIME, AT, null)), BUCKET, NOW);
        assertThatThrownBy(() -> byItself.decode(entry, BUCKET)).isInstanceOf(SerializationException.class);
        assertThatThrownBy(() -> new EntryCodec(new PartitionDictionary()).decode(entry, BUCKET))
                .isInstanceOf(SerializationException.class);
    }

    private static SeenRecord seen(long time, @Nullable Coordinates at, @Nullable Fingerprint print) {
        return new SeenRecord(time, time + 86_400_000, at, print);
    }
}
