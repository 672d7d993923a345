// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.errors.SerializationException;
import org.junit.jupiter.api.Test;

class StoreMetadataTest {
    private static final StoreMetadata METADATA = new StoreMetadata(
            86_400_000,
            1_766_000_000_000L,
            1_766_000_000_001L,
            1_766_000_000_003L,
            new StoreMetadata.Committed(
                    1_766_000_000_004L, 1_766_000_000_005L, true, List.of(new StoreMetadata.Doubt(6, 7, 8))),
            List.of(new StoreMetadata.Earlier(3_600_000, 1_766_100_000_000L)),
            List.of(new KeyCounts.Count(1_766_200_000_000L, 3, 1_766_000_000_000L)),
            Map.of("orders", Map.of(2, 1_766_000_000_000L)),
            Map.of("orders", Map.of(2, 41L)),
            new KeyDefinition("header:id|trim", "topic", "none"));

    @Test
    void decode_encoded_isTheSame() {
        assertThat(StoreMetadata.decode(METADATA.encode())).isEqualTo(METADATA);
        StoreMetadata empty = StoreMetadata.empty(Long.MAX_VALUE);
        assertThat(StoreMetadata.decode(empty.encode())).isEqualTo(empty);
        StoreMetadata many = new StoreMetadata(
                1,
                0,
                Long.MAX_VALUE,
                0,
                StoreMetadata.Committed.NOTHING,
                List.of(),
                List.of(),
                Map.of(),
                Map.of("ключ", Map.of(0, 1L, 70_000, Long.MAX_VALUE), "b", Map.of()),
                new KeyDefinition("header:ключ", "", "value:/a,/b"));
        assertThat(StoreMetadata.decode(many.encode())).isEqualTo(many);
    }

    /** State and changelogs hold these bytes: if this test fails, the format has changed and needs a new version. */
    @Test
    void encode_versionSix_isFrozen() {
        assertThat(HexFormat.of().formatHex(METADATA.encode()))
                .isEqualTo("06" + "80f0b252" + "80f0ebdce566" + "82f0ebdce566" + "04" + "88f0ebdce566" + "8af0ebdce566"
                        + "01"
                        + "01" + "0c" + "0e" + "10"
                        + "01" + "80bab703" + "80f49abce666"
                        + "01" + "80f8c99be766" + "06" + "80f0ebdce566"
                        + "01" + "066f7264657273" + "01" + "02" + "80f0ebdce566"
                        + "01" + "066f7264657273" + "01" + "02" + "52"
                        + "0e6865616465723a69647c7472696d" + "05746f706963" + "046e6f6e65");
    }

    /** As it was written before stores said by what their keys are made. */
    @Test
    void decode_versionFive_isTheSameWithoutADefinition() {
        // Given
        byte[] six = METADATA.encode();
        byte[] five = Arrays.copyOf(six, six.length - 15 - 6 - 5);
        five[0] = 5;
        // Then
        assertThat(StoreMetadata.decode(five)).isEqualTo(METADATA.withDefinition(KeyDefinition.UNKNOWN));
    }

    @Test
    void decode_unknownVersionOrCut_isRefused() {
        // Given
        byte[] newer = METADATA.encode();
        newer[0] = 7;
        // Then
        assertThatThrownBy(() -> StoreMetadata.decode(newer))
                .isInstanceOf(SerializationException.class)
                .hasMessageContaining("version 7")
                .hasMessageContaining("run that one");
        for (int length = 0; length < METADATA.encode().length; length++) {
            byte[] cut = Arrays.copyOf(METADATA.encode(), length);
            assertThatThrownBy(() -> StoreMetadata.decode(cut)).isInstanceOf(SerializationException.class);
        }
    }
}
