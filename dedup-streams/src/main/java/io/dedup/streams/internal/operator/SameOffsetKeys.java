// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.operator;

import io.dedup.Coordinates;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The keys that have been seen at the coordinates of the record in hand.
 *
 * <p>An earlier operation may have made several records of one. They share its coordinates, so for the second with a key
 * these do not say that it is the first one read again.
 *
 * <p>Confined to the stream thread.
 *
 * @param <T> the kind of key
 */
public final class SameOffsetKeys<T> {
    /** Nearly always the only one, which costs no more than being set. */
    private @Nullable T first;

    private final Set<T> others = new HashSet<>();
    private @Nullable Coordinates here;

    /** Goes to those coordinates, and starts without keys if they are others. */
    public void moveTo(@Nullable Coordinates coordinates) {
        if (coordinates == null || !coordinates.equals(here)) {
            here = coordinates;
            first = null;
            others.clear();
        }
    }

    boolean has(T key) {
        return key.equals(first) || (!others.isEmpty() && others.contains(key));
    }

    /** Returns whether the key is new here. */
    public boolean add(T key) {
        if (first == null && others.isEmpty()) {
            first = key;
            return true;
        }
        return !key.equals(first) && others.add(key);
    }

    void remove(T key) {
        if (key.equals(first)) {
            first = null;
        } else {
            others.remove(key);
        }
    }
}
