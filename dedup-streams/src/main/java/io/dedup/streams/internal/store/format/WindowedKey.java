// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.format;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.apache.kafka.common.utils.Bytes;

/** A key with the window it is in: the window's start, so that those of one window lie together, and then the key. */
public final class WindowedKey {
    private WindowedKey() {}

    /** The name of that key in the window of that start. */
    public static byte[] of(Bytes key, long start) {
        return ByteBuffer.allocate(Long.BYTES + key.get().length)
                .putLong(start)
                .put(key.get())
                .array();
    }

    /** The start of the window, in milliseconds since the epoch. */
    public static long startIn(byte[] name) {
        return ByteBuffer.wrap(name).getLong();
    }

    /** The key alone. */
    public static Bytes keyIn(byte[] name) {
        return Bytes.wrap(Arrays.copyOfRange(name, Long.BYTES, name.length));
    }
}
