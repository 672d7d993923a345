// SPDX-License-Identifier: Apache-2.0
package io.dedup;

import org.jspecify.annotations.Nullable;

/** What memory says of a key at some time: one answer, which nothing that is asked later changes. */
public interface Recollection {
    /** The first of the key whose TTL {@linkplain SeenRecord#covers covers} the time; null if none is remembered. */
    @Nullable
    SeenRecord first();

    /**
     * Whether a first whose TTL covered the time may have been forgotten: the time is before that from which on memory is exact, or a key
     * with a short TTL of its own has been used very often.
     */
    boolean mayHaveForgotten();

    /** What a memory says that forgets nothing. */
    static Recollection of(@Nullable SeenRecord first) {
        return new Exact(first);
    }

    /**
     * A recollection of a memory that forgets nothing.
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
