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
import org.junit.jupiter.params.provider.ValueSource;

class SightingCodecTest {
    private static final Coordinates AT = new Coordinates("orders", 3, 4711);
    private static final Fingerprint PRINT =
            Fingerprint.fromBytes(HexFormat.of().parseHex("000102030405060708090a0b0c0d0e0f10111213"));

    static Stream<Sighting> sightings() {
        return Stream.of(
                new Sighting(0, 0, null, null),
                sighting(1_766_000_000_000L, AT, null),
                sighting(1_766_000_000_000L, null, PRINT),
                sighting(1_766_000_000_000L, AT, PRINT),
                sighting(1_766_000_000_000L, AT, PRINT).withOutcome(StoredOutcome.of(new byte[] {1, 2})),
                sighting(1, null, null).withOutcome(StoredOutcome.of(new byte[0])),
                sighting(1, null, null).withOutcome(StoredOutcome.of(null)),
                sighting(1, AT, null).asSettled(),
                new Sighting(1, Long.MAX_VALUE, new Coordinates("t", Integer.MAX_VALUE, Long.MAX_VALUE), null));
    }

    @ParameterizedTest
    @MethodSource("sightings")
    void decode_encoded_isTheSame(Sighting sighting) {
        assertThat(SightingCodec.decode(SightingCodec.encode(Firsts.of(sighting))))
                .isEqualTo(Firsts.of(sighting));
    }

    /** State and changelogs hold these bytes: if this test fails, the format has changed and needs a new version. */
    @Test
    void encode_versionOne_isFrozen() {
        // When
        byte[] encoded = SightingCodec.encode(Firsts.of(sighting(1_766_000_000_000L, AT, PRINT)));
        // Then
        assertThat(HexFormat.of().formatHex(encoded))
                .isEqualTo("0103" + "80f0ebdce566" + "80f0b252" + "06" + "ce49" + "0c" + "6f7264657273"
                        + "000102030405060708090a0b0c0d0e0f10111213");
    }

    @Test
    void encode_versionOneWithOutcomeAndSeveral_isFrozen() {
        // Given
        Sighting answered = new Sighting(1, 3, null, null).withOutcome(StoredOutcome.of(new byte[] {9, 8}));
        Sighting nothing = new Sighting(5, 6, null, null).withOutcome(StoredOutcome.of(null));
        // When
        byte[] encoded = SightingCodec.encode(new Firsts(List.of(answered, nothing), 100));
        // Then
        assertThat(HexFormat.of().formatHex(encoded))
                .isEqualTo("010c" + "02" + "04" + "04" + "0908" + "c801" + "0104" + "0a" + "02" + "01");
        assertThat(SightingCodec.decode(encoded)).isEqualTo(new Firsts(List.of(answered, nothing), 100));
    }

    @ParameterizedTest
    @ValueSource(strings = {"0203", "0001", "0123", "01f0"})
    void decode_unknownVersionOrFlags_isRefusedWithWhatToDo(String start) {
        // Given
        byte[] stored = SightingCodec.encode(Firsts.of(sighting(1, AT, PRINT)));
        byte[] changed = HexFormat.of().parseHex(start);
        System.arraycopy(changed, 0, stored, 0, changed.length);
        // Then
        assertThatThrownBy(() -> SightingCodec.decode(stored))
                .isInstanceOf(SerializationException.class)
                .hasMessageContaining("version")
                .hasMessageContaining("newer release");
    }

    @Test
    void decode_cutAnywhere_isRefused() {
        // Given
        byte[] stored = SightingCodec.encode(Firsts.of(sighting(1_766_000_000_000L, AT, PRINT)));
        // Then
        assertThat(SightingCodec.decode(SightingCodec.encode(Firsts.NONE))).isEqualTo(Firsts.NONE);
        for (int length = 1; length < stored.length; length++) {
            byte[] cut = Arrays.copyOf(stored, length);
            assertThatThrownBy(() -> SightingCodec.decode(cut))
                    .as("cut to %d bytes", length)
                    .isInstanceOf(SerializationException.class);
        }
    }

    private static Sighting sighting(long time, @Nullable Coordinates at, @Nullable Fingerprint print) {
        return new Sighting(time, time + 86_400_000, at, print);
    }
}
