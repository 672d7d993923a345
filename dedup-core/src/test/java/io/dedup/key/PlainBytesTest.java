// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.ByteBuffer;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.Test;

class PlainBytesTest {
    private static final RecordHeaders HEADERS = new RecordHeaders();

    @Test
    void view_bytesAndText_areTheirBytes() {
        RecordView view = PlainBytes.view(HEADERS, new byte[] {1, 2}, "schlüssel");
        assertThat(view.key()).containsExactly(1, 2);
        assertThat(view.value()).isEqualTo("schlüssel".getBytes(UTF_8));
        assertThat(view.headers()).isSameAs(HEADERS);
    }

    @Test
    void view_buffer_isWhatRemainsAndIsNotMoved() {
        ByteBuffer buffer = ByteBuffer.wrap(new byte[] {1, 2, 3, 4}, 1, 2);
        assertThat(PlainBytes.view(HEADERS, buffer, null).key()).containsExactly(2, 3);
        assertThat(buffer.remaining()).isEqualTo(2);
    }

    @Test
    void view_null_isNull() {
        RecordView view = PlainBytes.view(HEADERS, null, null);
        assertThat(view.key()).isNull();
        assertThat(view.value()).isNull();
    }

    @Test
    void view_object_isRefusedOnceItIsAskedFor() {
        RecordView view = PlainBytes.view(HEADERS, 42, "text");
        assertThat(view.value()).isEqualTo("text".getBytes(UTF_8));
        assertThatExceptionOfType(PlainBytes.NotPlainException.class)
                .isThrownBy(view::key)
                .withMessageContaining("java.lang.Integer")
                .withMessageContaining("use a header");
    }
}
