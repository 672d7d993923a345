// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import static java.nio.charset.StandardCharsets.UTF_8;

/**
 * Writes outcomes as bytes and reads them back. Its name and version are stored beside the bytes, so that what another codec or a
 * newer version has written is not taken for something else: such an outcome is {@linkplain Outcome.Unreadable unreadable}.
 *
 * <p>The law: {@code decode(encode(outcome), version())} equals the outcome. Neither method sees null: that an operation has nothing
 * to say is stored without a codec.
 *
 * <p>Thread-safe.
 *
 * @param <T> the result of operations
 */
public interface OutcomeCodec<T> {
    /** What the bytes are, the same for as long as anything is stored: {@code json}. At most 100 characters. */
    String name();

    /** Which layout {@link #encode} writes; from 1 to 65,535. */
    default int version() {
        return 1;
    }

    /** Whether {@link #decode} reads outcomes that were stored under that name. Its own, unless it reads others too. */
    default boolean reads(String storedName) {
        return storedName.equals(name());
    }

    /**
     * Writes an outcome.
     *
     * @throws Exception if it cannot. The operation stays done, and later calls get {@link Outcome.Unreadable}
     */
    byte[] encode(T outcome) throws Exception;

    /**
     * Reads an outcome.
     *
     * @param version which layout it was written in, at most {@link #version()}
     * @throws Exception if it cannot. Callers get {@link Outcome.Unreadable}
     */
    T decode(byte[] bytes, int version) throws Exception;

    /**
     * The same codec in a newer version, which reads what older ones have written.
     *
     * @param newVersion from 2 to 65,535
     * @param upgrade makes of the bytes of an older version those of this one
     */
    default OutcomeCodec<T> withVersion(int newVersion, Upgrade upgrade) {
        return new VersionedCodec<>(this, newVersion, upgrade);
    }

    /** Makes of the bytes of an older version those of the newest. */
    @FunctionalInterface
    interface Upgrade {
        /**
         * The bytes in the newest layout.
         *
         * @param version which layout they are in
         */
        byte[] upgrade(byte[] bytes, int version) throws Exception;
    }

    /** For operations without a result. */
    static OutcomeCodec<Void> none() {
        return NoOutcome.CODEC;
    }

    /** Bytes as they are. They are shared, not copied: do not change them. */
    static OutcomeCodec<byte[]> bytes() {
        return of("bytes", bytes -> bytes, bytes -> bytes);
    }

    /** Text in UTF-8. */
    static OutcomeCodec<String> string() {
        return of("string", text -> text.getBytes(UTF_8), bytes -> new String(bytes, UTF_8));
    }

    /**
     * JSON by Jackson, with the modules that are on the class path. What it does not know is left out when it reads, so a field may
     * be added without another version.
     */
    static <T> OutcomeCodec<T> json(Class<T> type) {
        return new JsonCodec<>(type);
    }

    /**
     * A codec of two functions, in version 1.
     *
     * @param name what the bytes are
     */
    static <T> OutcomeCodec<T> of(String name, Encoder<T> encoder, Decoder<T> decoder) {
        return new FunctionCodec<>(name, encoder, decoder);
    }

    /** Writes an outcome. */
    @FunctionalInterface
    interface Encoder<T> {
        /** The bytes of it. */
        byte[] encode(T outcome) throws Exception;
    }

    /** Reads an outcome. */
    @FunctionalInterface
    interface Decoder<T> {
        /** The outcome that has these bytes. */
        T decode(byte[] bytes) throws Exception;
    }
}
