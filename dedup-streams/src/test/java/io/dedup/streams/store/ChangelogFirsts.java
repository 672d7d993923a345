// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;

/** Looks into the records of a changelog. */
public final class ChangelogFirsts {
    private ChangelogFirsts() {}

    /** How many firsts a record of a changelog holds; a note holds none. */
    public static int in(byte[] key, byte[] value) {
        int length = key.length - Long.BYTES - Integer.BYTES;
        if (SeenKey.isBlock(key, length)) {
            AtomicInteger count = new AtomicInteger();
            FirstsBlock.read(value, ByteBuffer.wrap(key).getLong(length), (name, first) -> count.incrementAndGet());
            return count.get();
        }
        return length > SeenKey.PREFIX_BYTES
                ? SightingCodec.decode(value).sightings().size()
                : 0;
    }
}
