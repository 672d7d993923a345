// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.Coordinates;
import io.dedup.Sighting;
import io.dedup.StoredOutcome;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PackingTest {
    private static final long BUCKET = 86_400_001L * 19_000;
    private static final long TIME = BUCKET + 12_345_678;
    private static final Coordinates AT = new Coordinates("orders", 3, 5_000_000);
    private static final Sighting PLAIN = new Sighting(TIME, TIME + 86_400_000, AT, null);

    private final Packing packing = new Packing(new Places());

    static List<Firsts> firsts() {
        return List.of(
                Firsts.of(PLAIN),
                Firsts.of(PLAIN.asSettled()),
                Firsts.of(new Sighting(TIME, TIME, null, null)),
                Firsts.of(PLAIN.withOutcome(StoredOutcome.of(new byte[] {1, 2, 3}))),
                Firsts.of(PLAIN).with(new Sighting(TIME + 1, TIME + 2, AT, null)),
                Firsts.NONE);
    }

    @ParameterizedTest
    @MethodSource("firsts")
    void value_whateverWasPacked_isTheSameBytes(Firsts firsts) {
        // Given
        byte[] encoded = SightingCodec.encode(firsts);
        byte[] value = ByteBuffer.allocate(Long.BYTES + encoded.length)
                .putLong(TIME + 99)
                .put(encoded)
                .array();
        // When
        byte[] packed = packing.packValue(value, BUCKET);
        // Then
        assertThat(packing.value(packed, BUCKET)).isEqualTo(value);
        assertThat(packing.firsts(packed, BUCKET)).isEqualTo(firsts);
    }

    /** A store takes any bytes, also those that happen to look like a sighting. */
    @Test
    void value_anyBytes_areTheSame() {
        // Given
        Random random = new Random(5);
        for (int i = 0; i < 20_000; i++) {
            byte[] value = new byte[random.nextInt(24)];
            random.nextBytes(value);
            if (value.length > 9) {
                value[8] = 1;
                value[9] = (byte) (value[9] & 17);
            }
            // When
            byte[] packed = packing.packValue(value, BUCKET);
            // Then
            assertThat(packing.value(packed, BUCKET)).isEqualTo(value);
        }
    }

    @Test
    void pack_plainFirst_takesAboutADozenBytes() {
        // When
        int length = packing.pack(PLAIN, BUCKET, TIME + 250);
        // Then
        assertThat(length).isEqualTo(1 + 1 + 4 + 2 + 4);
    }
}
