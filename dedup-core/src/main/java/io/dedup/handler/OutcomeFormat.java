// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dedup.StoredOutcome;
import io.dedup.store.Completion;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of outcomes in stores: a byte for this layout, the length and the name of the codec, its version in two bytes, and
 * what it has written. A null has no bytes at all. A rejection is written by a codec of its own.
 *
 * <p>Thread-safe.
 */
final class OutcomeFormat<T> {
    private static final byte LAYOUT = 1;
    private static final int MAX_NAME = 100;
    private static final int MAX_VERSION = 0xFFFF;
    private static final String REJECTION = "rejection";

    private final OutcomeCodec<T> codec;

    /**
     * @throws IllegalArgumentException if the codec has no name, one that is too long, or a version that does not fit
     */
    OutcomeFormat(OutcomeCodec<T> codec) {
        this.codec = codec;
        int length = codec.name().getBytes(UTF_8).length;
        if (length == 0 || length > MAX_NAME || codec.name().equals(REJECTION)) {
            throw new IllegalArgumentException("codec must have a name of 1 to " + MAX_NAME + " bytes, which is not '"
                    + REJECTION + "': '" + codec.name() + "'");
        } else if (codec.version() < 1 || codec.version() > MAX_VERSION) {
            throw new IllegalArgumentException(
                    "codec must have a version from 1 to " + MAX_VERSION + ": " + codec.version());
        }
    }

    /** The same, for calls that want nothing but to know that it was done. */
    static OutcomeFormat<Void> none() {
        return new OutcomeFormat<>(NoOutcome.CODEC);
    }

    /**
     * Writes what an operation came to.
     *
     * @throws Exception if the codec cannot
     */
    StoredOutcome write(@Nullable T value) throws Exception {
        return value == null ? StoredOutcome.of(null) : framed(codec.name(), codec.version(), codec.encode(value));
    }

    static StoredOutcome writeRejection(OperationRejectedException rejection) {
        byte[] code = rejection.code().getBytes(UTF_8);
        byte[] message = String.valueOf(rejection.getMessage()).getBytes(UTF_8);
        return framed(
                REJECTION,
                1,
                ByteBuffer.allocate(Short.BYTES + code.length + message.length)
                        .putShort((short) code.length)
                        .put(code)
                        .put(message)
                        .array());
    }

    private static StoredOutcome framed(String name, int version, byte[] bytes) {
        byte[] nameBytes = name.getBytes(UTF_8);
        return StoredOutcome.of(ByteBuffer.allocate(2 + nameBytes.length + Short.BYTES + bytes.length)
                .put(LAYOUT)
                .put((byte) nameBytes.length)
                .put(nameBytes)
                .putShort((short) version)
                .put(bytes)
                .array());
    }

    /** The answer to a call whose operation has ended like this before. */
    Outcome<T> replayed(Completion completion) {
        return switch (completion.kind()) {
            case SUCCEEDED -> read(completion.outcome());
            case FAILED -> readRejection(completion.outcome());
            case UNKNOWN -> new Outcome.Unknown<>();
        };
    }

    private Outcome<T> read(Optional<StoredOutcome> stored) {
        byte[] bytes = stored.map(StoredOutcome::bytes).orElse(null);
        if (codec == NoOutcome.CODEC || (stored.isPresent() && bytes == null)) {
            return new Outcome.Replayed<>(null);
        } else if (bytes == null) {
            return new Outcome.Unreadable<>("it was too long to be stored, or could not be written", stored);
        }
        try {
            Frame frame = Frame.of(bytes);
            if (!codec.reads(frame.name)) {
                return unreadable(frame, "this handler reads " + codec.name(), stored);
            } else if (frame.version > codec.version()) {
                return unreadable(frame, "this handler reads versions up to " + codec.version(), stored);
            }
            return new Outcome.Replayed<>(codec.decode(frame.content, frame.version));
        } catch (Exception unreadable) {
            return new Outcome.Unreadable<>("the codec " + codec.name() + " cannot read it: " + unreadable, stored);
        }
    }

    private Outcome<T> unreadable(Frame frame, String fix, Optional<StoredOutcome> stored) {
        return new Outcome.Unreadable<>(
                "it was stored by the codec " + frame.name + " in version " + frame.version + ", and " + fix, stored);
    }

    private Outcome<T> readRejection(Optional<StoredOutcome> stored) {
        byte[] bytes = stored.map(StoredOutcome::bytes).orElse(null);
        if (bytes != null) {
            try {
                Frame frame = Frame.of(bytes);
                if (frame.name.equals(REJECTION)) {
                    int length = ByteBuffer.wrap(frame.content).getShort();
                    int from = Short.BYTES + length;
                    return new Outcome.Rejected<>(
                            new String(frame.content, Short.BYTES, length, UTF_8),
                            new String(frame.content, from, frame.content.length - from, UTF_8),
                            true);
                }
            } catch (BufferUnderflowException | IndexOutOfBoundsException | IllegalArgumentException unreadable) {
                return new Outcome.Rejected<>("unreadable", "The reason cannot be read: " + unreadable, true);
            }
        }
        return new Outcome.Rejected<>("unreadable", "The reason was not stored, or in another way", true);
    }

    /** What is stored, taken apart. */
    private static final class Frame {
        private final String name;
        private final int version;
        private final byte[] content;

        private Frame(String name, int version, byte[] content) {
            this.name = name;
            this.version = version;
            this.content = content;
        }

        /** @throws IllegalArgumentException if these bytes are something else */
        static Frame of(byte[] bytes) {
            try {
                ByteBuffer buffer = ByteBuffer.wrap(bytes);
                if (buffer.get() != LAYOUT) {
                    throw new IllegalArgumentException("it is in an unknown layout");
                }
                byte[] name = new byte[buffer.get()];
                buffer.get(name);
                int version = Short.toUnsignedInt(buffer.getShort());
                byte[] content = new byte[buffer.remaining()];
                buffer.get(content);
                return new Frame(new String(name, UTF_8), version, content);
            } catch (BufferUnderflowException | NegativeArraySizeException cut) {
                throw new IllegalArgumentException("it is cut off", cut);
            }
        }
    }
}
