// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.apache.kafka.common.errors.SerializationException;
import org.junit.jupiter.api.Test;

class StoreNoteTest {
    private static final StoreNote NOTE = new StoreNote(
            7,
            1_766_000_000_000L,
            86_400_000,
            List.of(new StoreNote.Earlier(3_600_000, 1_766_100_000_000L)),
            List.of(new Census.Count(1_766_200_000_000L, 3, 1_766_000_000_000L)));
    private static final String VERSION_ONE =
            "01" + "0e" + "80f0ebdce566" + "80f0b252" + "02" + "80bab703" + "80f49abce666";

    @Test
    void decode_encoded_isTheSame() {
        assertThat(StoreNote.decode(NOTE.encode())).isEqualTo(NOTE);
        StoreNote empty = new StoreNote(0, Long.MIN_VALUE, Long.MAX_VALUE, List.of(), List.of());
        assertThat(StoreNote.decode(empty.encode())).isEqualTo(empty);
    }

    /** State and changelogs hold these bytes: if this test fails, the format has changed and needs a new version. */
    /** State and changelogs hold these bytes: if this test fails, the format has changed and needs a new version. */
    @Test
    void encode_versionTwo_isFrozen() {
        assertThat(HexFormat.of().formatHex(NOTE.encode()))
                .isEqualTo("02" + VERSION_ONE.substring(2) + "02" + "80f8c99be766" + "06" + "80f0ebdce566");
    }

    @Test
    void decode_versionOne_isReadWithoutCounts() {
        assertThat(StoreNote.decode(HexFormat.of().parseHex(VERSION_ONE)))
                .isEqualTo(new StoreNote(NOTE.number(), NOTE.streamTime(), NOTE.ttlMs(), NOTE.earlier(), List.of()));
    }

    @Test
    void decode_unknownVersionOrCut_isRefused() {
        // Given
        byte[] newer = NOTE.encode();
        newer[0] = 3;
        // Then
        assertThatThrownBy(() -> StoreNote.decode(newer))
                .isInstanceOf(SerializationException.class)
                .hasMessageContaining("newer release");
        for (int length = 0; length < NOTE.encode().length; length++) {
            byte[] cut = Arrays.copyOf(NOTE.encode(), length);
            assertThatThrownBy(() -> StoreNote.decode(cut)).isInstanceOf(SerializationException.class);
        }
    }
}
