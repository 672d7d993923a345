// SPDX-License-Identifier: Apache-2.0
package io.dedup;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The outcome of processing a first, kept beside its key so that a duplicate gets the very same answer.
 *
 * <p>Immutable and thread-safe.
 */
public final class StoredOutcome {
    private static final StoredOutcome NULL = new StoredOutcome(null);

    private final byte @Nullable [] bytes;

    private StoredOutcome(byte @Nullable [] bytes) {
        this.bytes = bytes;
    }

    /**
     * The outcome with those bytes.
     *
     * @param bytes null if processing had no result, which is an outcome too; copied
     */
    public static StoredOutcome of(byte @Nullable [] bytes) {
        return bytes == null ? NULL : new StoredOutcome(bytes.clone());
    }

    /** A copy of the bytes; null if processing had no result. */
    public byte @Nullable [] bytes() {
        return bytes == null ? null : bytes.clone();
    }

    /** Whether processing had no result. */
    public boolean isNull() {
        return bytes == null;
    }

    /** Writes the bytes, of which there are none if processing had no result. */
    public void writeTo(ByteBuffer target) {
        if (bytes != null) {
            target.put(bytes);
        }
    }

    /** The number of bytes; 0 if processing had no result. */
    public int length() {
        return bytes == null ? 0 : bytes.length;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof StoredOutcome that && Arrays.equals(bytes, that.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    /** The length and nothing of the content, which must not get into a log. */
    @Override
    public String toString() {
        return bytes == null ? "null" : bytes.length + " bytes";
    }
}
