// SPDX-License-Identifier: Apache-2.0
package io.dedup;

import org.jspecify.annotations.Nullable;

/** The answer of {@link SeenRecords} about a key at some time. Later calls do not change it. */
public interface Recollection {
    /** The first of the key whose TTL {@linkplain SeenRecord#covers covers} the time; null if none is remembered. */
    @Nullable
    SeenRecord first();

    /**
     * Whether a first whose TTL covered the time may have been forgotten: the time is before that from which on the store is exact, or a
     * key with a short TTL of its own has been used very often.
     */
    boolean mayHaveForgotten();

    /** The answer of a store that forgets nothing. */
    static Recollection of(@Nullable SeenRecord first) {
        return new Exact(first);
    }

    /**
     * The answer of a store that forgets nothing.
     *
     * @param first null if none is remembered
     */
    record Exact(@Nullable SeenRecord first) implements Recollection {
        @Override
        public boolean mayHaveForgotten() {
            return false;
        }
    }
}
