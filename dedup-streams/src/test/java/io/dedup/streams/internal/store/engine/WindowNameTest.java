// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.engine;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.kafka.common.utils.Bytes;
import org.junit.jupiter.api.Test;

class WindowNameTest {
    @Test
    void of_keyAndStart_areReadBack() {
        Bytes key = Bytes.wrap(new byte[] {1, 2, 3});
        byte[] name = WindowName.of(key, 0x0102030405060708L);
        assertThat(name).containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3);
        assertThat(WindowName.startIn(name)).isEqualTo(0x0102030405060708L);
        assertThat(WindowName.keyIn(name)).isEqualTo(key);
    }
}
