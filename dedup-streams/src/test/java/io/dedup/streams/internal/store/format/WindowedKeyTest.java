// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.format;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.kafka.common.utils.Bytes;
import org.junit.jupiter.api.Test;

class WindowedKeyTest {
    @Test
    void of_keyAndStart_areReadBack() {
        Bytes key = Bytes.wrap(new byte[] {1, 2, 3});
        byte[] name = WindowedKey.of(key, 0x0102030405060708L);
        assertThat(name).containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3);
        assertThat(WindowedKey.startIn(name)).isEqualTo(0x0102030405060708L);
        assertThat(WindowedKey.keyIn(name)).isEqualTo(key);
    }
}
