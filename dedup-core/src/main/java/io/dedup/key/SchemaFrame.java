// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * The five bytes that serializers of a schema registry write before a key or a value: a zero and the number of the schema, highest
 * byte first (Confluent's wire format). No JSON document in UTF-8 begins with a zero.
 */
final class SchemaFrame {
    static final int BYTES = 5;

    private SchemaFrame() {}

    /** Whether the bytes can begin with a frame: other formats begin with a zero as well. */
    static boolean canBegin(byte[] bytes) {
        return bytes.length > BYTES && bytes[0] == 0;
    }

    /** What follows the frame; the same bytes if there can be none. */
    static byte[] contentOf(byte[] bytes) {
        return canBegin(bytes) ? Arrays.copyOfRange(bytes, BYTES, bytes.length) : bytes;
    }

    static int schemaOf(byte[] framed) {
        return ByteBuffer.wrap(framed).getInt(1);
    }
}
