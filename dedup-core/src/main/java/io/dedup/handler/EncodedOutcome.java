// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dedup.StoredOutcome;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;

/**
 * What handlers store of an outcome: what a codec has written, and which one it was. In bytes: one for this layout, the length and
 * the name of the codec, its version in two bytes, and what it has written. An outcome that is null has no bytes at all.
 *
 * <p>For tools that look into stores, or repair them. Immutable as long as the array is not changed.
 *
 * @param codec the {@linkplain OutcomeCodec#name name} of the codec
 * @param version its {@linkplain OutcomeCodec#version version}
 * @param content what it has written; shared, not copied
 */
@SuppressWarnings("ArrayRecordComponent") // Compared nowhere; a copy for each reading would be waste.
public record EncodedOutcome(String codec, int version, byte[] content) {
    private static final byte LAYOUT = 1;
    private static final int MAX_NAME = 100;
    private static final int MAX_VERSION = 0xFFFF;

    /**
     * An outcome.
     *
     * @throws IllegalArgumentException if the name is empty or has more than 100 bytes, or the version is not from 1 to 65,535
     */
    public EncodedOutcome {
        int length = codec.getBytes(UTF_8).length;
        if (length == 0 || length > MAX_NAME) {
            throw new IllegalArgumentException(
                    "codec must have a name of 1 to " + MAX_NAME + " bytes: '" + codec + "'");
        } else if (version < 1 || version > MAX_VERSION) {
            throw new IllegalArgumentException("version must be from 1 to " + MAX_VERSION + ": " + version);
        }
    }

    /** The bytes as stores keep them. */
    public StoredOutcome toStored() {
        byte[] name = codec.getBytes(UTF_8);
        return StoredOutcome.of(ByteBuffer.allocate(2 + name.length + Short.BYTES + content.length)
                .put(LAYOUT)
                .put((byte) name.length)
                .put(name)
                .putShort((short) version)
                .put(content)
                .array());
    }

    /**
     * Reads what {@link #toStored} has made.
     *
     * @param stored not null
     * @throws IllegalArgumentException if it is something else
     */
    public static EncodedOutcome of(StoredOutcome stored) {
        byte[] bytes = stored.bytes();
        if (bytes == null) {
            throw new IllegalArgumentException("stored must have bytes: null");
        }
        try {
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            if (buffer.get() != LAYOUT) {
                throw new IllegalArgumentException("stored must be in the layout " + LAYOUT + ": " + bytes[0]);
            }
            byte[] name = new byte[buffer.get()];
            buffer.get(name);
            int version = Short.toUnsignedInt(buffer.getShort());
            byte[] content = new byte[buffer.remaining()];
            buffer.get(content);
            return new EncodedOutcome(new String(name, UTF_8), version, content);
        } catch (BufferUnderflowException | NegativeArraySizeException cut) {
            throw new IllegalArgumentException("stored must be whole: " + stored, cut);
        }
    }
}
