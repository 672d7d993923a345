// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.memory;

import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * Entries by when they expire. An entry that is to expire later than it is queued for stays where it is, and is queued again when its
 * turn comes; one that is to expire earlier is queued once more, and its old place is void. So an update costs next to nothing.
 *
 * <p>Not thread-safe.
 */
final class ExpiryQueue<E extends ExpiryQueue.Expiring> {
    private static final int SLACK = 1_000;

    /** An entry. */
    abstract static class Expiring {
        private @Nullable Place<?> place;

        /** The last moment at which it counts. */
        abstract long expiresAt();
    }

    private static final class Place<E> implements Comparable<Place<E>> {
        private final E entry;
        private final long at;

        Place(E entry, long at) {
            this.entry = entry;
            this.at = at;
        }

        @Override
        public int compareTo(Place<E> other) {
            return Long.compare(at, other.at);
        }
    }

    private PriorityQueue<Place<E>> places = new PriorityQueue<>();
    private int entries;

    /** Takes an entry, or notes that it expires at another time now. */
    void put(E entry) {
        Place<?> place = ((Expiring) entry).place;
        if (place == null) {
            entries++;
        }
        if (place == null || entry.expiresAt() < place.at) {
            queue(entry);
        }
    }

    private void queue(E entry) {
        Place<E> place = new Place<>(entry, entry.expiresAt());
        ((Expiring) entry).place = place;
        places.add(place);
        if (places.size() > 2 * entries + SLACK) {
            List<Place<E>> valid = new ArrayList<>();
            for (Place<E> each : places) {
                if (isValid(each)) {
                    valid.add(each);
                }
            }
            places = new PriorityQueue<>(valid);
        }
    }

    private boolean isValid(Place<E> place) {
        return ((Expiring) place.entry).place == place;
    }

    /** Leaves an entry out from now on. */
    void remove(E entry) {
        if (((Expiring) entry).place != null) {
            ((Expiring) entry).place = null;
            entries--;
        }
    }

    /** An entry that has expired before that time; null if there is none. It stays until it is removed. */
    @Nullable
    E firstBefore(long time) {
        for (Place<E> first = places.peek(); first != null && first.at < time; first = places.peek()) {
            if (!isValid(first)) {
                places.remove();
            } else if (first.entry.expiresAt() < time) {
                return first.entry;
            } else {
                places.remove();
                queue(first.entry);
            }
        }
        return null;
    }
}
