// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import org.apache.kafka.common.header.Headers;
import org.jspecify.annotations.Nullable;

/** Views of records whose keys and values are at hand as objects, in front of a serializer or behind a deserializer. */
public final class PlainBytes {
    private PlainBytes() {}

    /** An object is neither bytes nor text, so that only its serializer knows its bytes. */
    public static final class NotPlainException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private NotPlainException(Class<?> type) {
            super("A key or a fingerprint is to be read from an object of " + type
                    + ", whose bytes only its serializer knows: use a header, or serializers of bytes or text");
        }
    }

    /**
     * A view of a record.
     *
     * @throws NotPlainException from the view, once it is asked for a key or value that is neither bytes nor text
     */
    public static RecordView view(Headers headers, @Nullable Object key, @Nullable Object value) {
        return RecordView.lazily(headers, () -> bytes(key), () -> bytes(value));
    }

    private static byte @Nullable [] bytes(@Nullable Object plain) {
        if (plain == null) {
            return null;
        } else if (plain instanceof byte[] bytes) {
            return bytes;
        } else if (plain instanceof CharSequence text) {
            return text.toString().getBytes(UTF_8);
        } else if (plain instanceof ByteBuffer buffer) {
            byte[] bytes = new byte[buffer.remaining()];
            buffer.duplicate().get(bytes);
            return bytes;
        }
        throw new NotPlainException(plain.getClass());
    }
}
