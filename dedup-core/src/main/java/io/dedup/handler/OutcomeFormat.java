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
 * Converts results of operations to stored outcomes, and stored outcomes to answers. A rejection is written by a codec of its own.
 *
 * <p>Thread-safe.
 */
final class OutcomeFormat<T> {
    private static final String REJECTION = "rejection";

    private final OutcomeCodec<T> codec;

    /**
     * @throws IllegalArgumentException if the codec has no name, one that is too long, or a version that does not fit
     */
    OutcomeFormat(OutcomeCodec<T> codec) {
        this.codec = codec;
        if (codec.name().equals(REJECTION)) {
            throw new IllegalArgumentException("codec must have another name, which is taken: " + codec.name());
        }
        new EncodedOutcome(codec.name(), codec.version(), new byte[0]).toStored();
    }

    /**
     * Writes the result of an operation.
     *
     * @throws Exception if the codec cannot
     */
    StoredOutcome write(@Nullable T value) throws Exception {
        return value == null
                ? StoredOutcome.of(null)
                : new EncodedOutcome(codec.name(), codec.version(), codec.encode(value)).toStored();
    }

    static StoredOutcome writeRejection(OperationRejectedException rejection) {
        byte[] code = rejection.code().getBytes(UTF_8);
        byte[] message = String.valueOf(rejection.getMessage()).getBytes(UTF_8);
        ByteBuffer content = ByteBuffer.allocate(Short.BYTES + code.length + message.length)
                .putShort((short) code.length)
                .put(code)
                .put(message);
        return new EncodedOutcome(REJECTION, 1, content.array()).toStored();
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
        if (codec == NoOutcome.CODEC || stored.filter(StoredOutcome::isNull).isPresent()) {
            return new Outcome.Replayed<>(null);
        } else if (stored.isEmpty()) {
            return new Outcome.Unreadable<>("it was too long to be stored, or could not be written", stored);
        }
        try {
            EncodedOutcome encoded = EncodedOutcome.of(stored.get());
            if (!codec.reads(encoded.codec())) {
                return unreadable(encoded, "this handler reads " + codec.name(), stored);
            } else if (encoded.version() > codec.version()) {
                return unreadable(encoded, "this handler reads versions up to " + codec.version(), stored);
            }
            return new Outcome.Replayed<>(codec.decode(encoded.content(), encoded.version()));
        } catch (Exception | LinkageError | StackOverflowError | AssertionError unreadable) {
            return new Outcome.Unreadable<>("the codec " + codec.name() + " cannot read it: " + unreadable, stored);
        }
    }

    private Outcome<T> unreadable(EncodedOutcome encoded, String fix, Optional<StoredOutcome> stored) {
        return new Outcome.Unreadable<>(
                "it was stored by the codec " + encoded.codec() + " in version " + encoded.version() + ", and " + fix,
                stored);
    }

    private Outcome<T> readRejection(Optional<StoredOutcome> stored) {
        if (stored.isPresent() && !stored.get().isNull()) {
            try {
                EncodedOutcome encoded = EncodedOutcome.of(stored.get());
                if (encoded.codec().equals(REJECTION)) {
                    byte[] content = encoded.content();
                    int length = ByteBuffer.wrap(content).getShort();
                    int from = Short.BYTES + length;
                    return new Outcome.Rejected<>(
                            new String(content, Short.BYTES, length, UTF_8),
                            new String(content, from, content.length - from, UTF_8),
                            true);
                }
            } catch (BufferUnderflowException | IndexOutOfBoundsException | IllegalArgumentException unreadable) {
                return new Outcome.Rejected<>("unreadable", "The reason cannot be read: " + unreadable, true);
            }
        }
        return new Outcome.Rejected<>("unreadable", "The reason was not stored, or in another way", true);
    }
}
