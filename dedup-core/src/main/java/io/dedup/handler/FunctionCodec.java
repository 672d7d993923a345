// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

/** A codec of two functions. Thread-safe if they are. */
record FunctionCodec<T>(String name, Encoder<T> encoder, Decoder<T> decoder) implements OutcomeCodec<T> {
    @Override
    public byte[] encode(T outcome) throws Exception {
        return encoder.encode(outcome);
    }

    @Override
    public T decode(byte[] bytes, int version) throws Exception {
        return decoder.decode(bytes);
    }
}
