// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class VarintsTest {
    private final ByteBuffer buffer = ByteBuffer.allocate(10);

    @Test
    void read_anyNumber_isWhatWasWritten() {
        Random random = new Random(3);
        for (int i = 0; i < 100_000; i++) {
            long number = random.nextLong() >> random.nextInt(64);
            check(number);
            check(-number);
        }
        check(Long.MIN_VALUE);
        check(Long.MAX_VALUE);
        check(Integer.MIN_VALUE);
    }

    private void check(long number) {
        buffer.clear();
        Varints.writeVarlong(number, buffer);
        assertThat(Varints.readVarlong(buffer.flip())).isEqualTo(number);
        assertThat(buffer.hasRemaining()).isFalse();
        int small = (int) number;
        buffer.clear();
        Varints.writeVarint(small, buffer);
        assertThat(Varints.readVarint(buffer.flip())).isEqualTo(small);
        buffer.clear();
        Varints.writeUnsignedVarint(small & Integer.MAX_VALUE, buffer);
        assertThat(Varints.readUnsignedVarint(buffer.flip())).isEqualTo(small & Integer.MAX_VALUE);
    }

    /** As Kafka's record format has them. */
    @Test
    void write_smallNumbers_takeFewBytes() {
        Varints.writeVarlong(-1, buffer);
        Varints.writeVarlong(63, buffer);
        Varints.writeVarlong(64, buffer);
        Varints.writeUnsignedVarint(300, buffer);
        assertThat(Arrays.copyOf(buffer.array(), buffer.position())).containsExactly(1, 126, -128, 1, -84, 2);
    }

    @Test
    void read_tooLongOrCut_isRefused() {
        ByteBuffer endless = ByteBuffer.wrap(new byte[] {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 1});
        assertThatIllegalArgumentException().isThrownBy(() -> Varints.readUnsignedVarint(endless.duplicate()));
        assertThatIllegalArgumentException().isThrownBy(() -> Varints.readVarlong(endless.duplicate()));
        assertThatExceptionOfType(BufferUnderflowException.class)
                .isThrownBy(() -> Varints.readVarlong(ByteBuffer.wrap(new byte[] {-1})));
    }
}
