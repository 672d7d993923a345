// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.admin;

import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.dedup.store.Completion;
import io.dedup.store.ScopedKey;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.Test;

class OperationQueryTest {
    @Test
    void query_thatMakesNoSense_isRefusedWithTheValue() {
        OperationQuery all = OperationQuery.all();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> all.withLimit(0))
                .withMessageContaining("limit must be 1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> all.withLimit(OperationQuery.MAX_LIMIT + 1))
                .withMessageContaining("1001");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> all.withOlderThan(Duration.ofMillis(-1)))
                .withMessageContaining("PT-0.001S");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> all.withStates(Set.of()))
                .withMessageContaining("states");
    }

    @Test
    void repair_thatMakesNoSense_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Repair.resolve(Completion.unknown(), Duration.ofHours(1)))
                .withMessageContaining("UNKNOWN");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Repair.notDone(Duration.ZERO))
                .withMessageContaining("timeToLive");
    }

    @Test
    void scopedKey_ofBytesOfNoKey_isRefused() {
        for (byte[] bytes : new byte[][] {{}, {'a'}, {'a', 0, 'b'}, {'a', 0, 'b', 0}}) {
            assertThatIllegalArgumentException().isThrownBy(() -> ScopedKey.fromBytes(bytes));
        }
    }
}
