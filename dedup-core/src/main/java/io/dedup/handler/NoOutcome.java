// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

/** The codec of operations without a result. Reads everything that is stored as nothing. Immutable. */
final class NoOutcome implements OutcomeCodec<Void> {
    static final NoOutcome CODEC = new NoOutcome();

    private NoOutcome() {}

    @Override
    public String name() {
        return "none";
    }

    @Override
    public byte[] encode(Void impossible) {
        throw new IllegalStateException("there is no value of this type");
    }

    @Override
    public Void decode(byte[] bytes, int version) {
        throw new IllegalStateException("there is no value of this type");
    }
}
