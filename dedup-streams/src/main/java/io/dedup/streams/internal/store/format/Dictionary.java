// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.format;

import java.nio.ByteBuffer;

/** The values that entries refer to, which an engine therefore keeps with them. Used with the lock of the store. */
public interface Dictionary {
    /** All of it, in a form that {@link #decode} reads. */
    byte[] encode();

    /** Takes what {@link #encode} has written, in the place of what is there. */
    void decode(ByteBuffer bytes);
}
