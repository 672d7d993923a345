// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

/** A codec in a newer version than its first. Thread-safe if its parts are. */
record VersionedCodec<T>(OutcomeCodec<T> codec, int version, Upgrade upgrade) implements OutcomeCodec<T> {
    VersionedCodec {
        if (version <= codec.version()) {
            throw new IllegalArgumentException(
                    "newVersion must be more than " + codec.version() + ", which is the version there is: " + version);
        }
    }

    @Override
    public String name() {
        return codec.name();
    }

    @Override
    public boolean reads(String storedName) {
        return codec.reads(storedName);
    }

    @Override
    public byte[] encode(T outcome) throws Exception {
        return codec.encode(outcome);
    }

    @Override
    public T decode(byte[] bytes, int written) throws Exception {
        return codec.decode(written == version ? bytes : upgrade.upgrade(bytes, written), codec.version());
    }
}
