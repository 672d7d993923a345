// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import io.dedup.StoredOutcome;

/** Bytes as they are, which unlike arrays are equal when their content is. */
public final class RawCodec implements OutcomeCodec<StoredOutcome> {
    public static final OutcomeCodec<StoredOutcome> RAW = new RawCodec();

    private RawCodec() {}

    @Override
    public String name() {
        return "raw";
    }

    @Override
    public byte[] encode(StoredOutcome outcome) {
        byte[] bytes = outcome.bytes();
        return bytes == null ? new byte[0] : bytes;
    }

    @Override
    public StoredOutcome decode(byte[] bytes, int version) {
        return StoredOutcome.of(bytes);
    }
}
