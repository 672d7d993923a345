// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dedup.Coordinates;
import io.dedup.Fingerprint;
import io.dedup.Sighting;
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

    private final EntryCodec numbered = new EntryCodec(new Places());
    private final EntryCodec byItself = new EntryCodec();

    static Stream<Firsts> firsts() {
        Sighting plain = sighting(TIME, AT, null);
        return Stream.of(
                Firsts.NONE,
                Firsts.of(new Sighting(0, 0, null, null)),
                Firsts.of(plain),
                Firsts.of(plain.asSettled()),
                Firsts.of(sighting(TIME, null, PRINT)),
                Firsts.of(sighting(TIME, AT, PRINT)),
                Firsts.of(sighting(TIME, AT, PRINT).withOutcome(StoredOutcome.of(new byte[] {1, 2}))),
                Firsts.of(sighting(1, null, null).withOutcome(StoredOutcome.of(new byte[0]))),
                Firsts.of(sighting(1, null, null).withOutcome(StoredOutcome.of(null))),
                Firsts.of(plain.withOutcome(StoredOutcome.of(new byte[100_000]))),
                Firsts.of(plain).with(new Sighting(TIME + 1, TIME + 2, new Coordinates("ключ", 0, 0), null)),
                new Firsts(List.of(plain, sighting(TIME + 1, null, null)), TIME + 99),
                Firsts.of(new Sighting(1, Long.MAX_VALUE, new Coordinates("t", 1 << 30, Long.MAX_VALUE), null)));
    }

    @ParameterizedTest
    @MethodSource("firsts")
    void decode_encoded_isTheSame(Firsts firsts) {
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
        assertThat(numbered.write(sighting(TIME, AT, null), BUCKET, NOW)).isEqualTo(1 + 1 + 4 + 2 + 4);
    }

    /** A record may ask for any TTL: beyond a bound, a place is written out. */
    @Test
    void write_dictionaryIsFull_isReadByItself() {
        // Given
        Places places = new Places();
        for (int i = 0; places.numberOf(new Places.Place("orders", 3, i)) >= 0; i++) {
            assertThat(i).isLessThan(100_000);
        }
        EntryCodec full = new EntryCodec(places);
        // When
        int length = full.write(sighting(TIME, AT, PRINT), BUCKET, NOW);
        // Then
        byte[] entry = Arrays.copyOf(full.written(), length);
        assertThat(byItself.decode(entry, BUCKET)).isEqualTo(Firsts.of(sighting(TIME, AT, PRINT)));
    }

    /** Changelogs and stores of other engines hold these bytes: if this test fails, the format has changed and needs a new version. */
    @Test
    void encode_versionTwo_isFrozen() {
        Sighting answered = new Sighting(1_005, 2_005, AT, PRINT).withOutcome(StoredOutcome.of(new byte[] {9, 8}));
        Sighting without = new Sighting(1_007, 1_008, null, null).asSettled();
        byte[] encoded = byItself.encodeVersioned(new Firsts(List.of(answered, without), 3_000), 1_000, 1_009);
        assertThat(HexFormat.of().formatHex(encoded))
                .isEqualTo("02" + "1c" + "d00f" + "066f7264657273" + "03" + "0a" + "08" + "80ade204"
                        + "000102030405060708090a0b0c0d0e0f10111213" + "04" + "0908" + "f02e"
                        + "22" + "02" + "0e" + "04");
    }

    @Test
    void decode_unknownVersionOrFlagsOrCut_isRefusedWithWhatToDo() {
        // Given
        byte[] stored = byItself.encodeVersioned(Firsts.of(sighting(TIME, AT, PRINT)), BUCKET, NOW);
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
        byte[] entry = numbered.encode(Firsts.of(sighting(TIME, AT, null)), BUCKET, NOW);
        assertThatThrownBy(() -> byItself.decode(entry, BUCKET)).isInstanceOf(SerializationException.class);
        assertThatThrownBy(() -> new EntryCodec(new Places()).decode(entry, BUCKET))
                .isInstanceOf(SerializationException.class);
    }

    private static Sighting sighting(long time, @Nullable Coordinates at, @Nullable Fingerprint print) {
        return new Sighting(time, time + 86_400_000, at, print);
    }
}
