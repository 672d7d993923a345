// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.engine;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Segments side by side, each for the window starts of a stretch of time that it does not share with another.
 *
 * <p>Called with the lock of the store.
 *
 * @param <S> the kind of segment
 */
public final class SegmentsByTime<S extends SegmentsByTime.TimeRange> {
    /** With every so many segments, new ones are this many times as wide, so that there are never very many. */
    private static final int MAX_OF_A_WIDTH = 64;

    private static final int WIDER_BITS = 2;
    private static final int MAX_WIDER_BITS = 24;

    /** What every segment knows of itself. */
    public abstract static class TimeRange {
        private final Bounds bounds;
        private long neededUntil;

        /**
         * A segment with these bounds.
         *
         * @param neededUntil the last time of a record that something in it can be needed for; {@link Long#MIN_VALUE} if nothing is
         */
        protected TimeRange(Bounds bounds, long neededUntil) {
            this.bounds = bounds;
            this.neededUntil = neededUntil;
        }

        /** The first window start that belongs to it. */
        public final long from() {
            return bounds.from();
        }

        /** The first after it that does not. */
        public final long to() {
            return bounds.to();
        }

        /** The last time of a record that something in it can be needed for; {@link Long#MIN_VALUE} if nothing is. */
        public final long neededUntil() {
            return neededUntil;
        }

        /** Something in it can be needed until then. */
        public final void need(long until) {
            neededUntil = Math.max(neededUntil, until);
        }
    }

    /**
     * Bounds of a segment.
     *
     * @param from the first window start that belongs to it
     * @param to the first after it that does not
     */
    public record Bounds(long from, long to) {
        /** Whether some window start belongs to both. */
        public boolean overlaps(Bounds other) {
            return from < other.to && other.from < to;
        }
    }

    private final long width;
    /** In the order of time. */
    private final List<S> segments = new ArrayList<>();
    /** The one that was found last: most are asked for again. */
    private @Nullable S last;

    /**
     * No segments yet.
     *
     * @param width of a segment in milliseconds, while there are few
     */
    public SegmentsByTime(long width) {
        this.width = width;
    }

    /** The segment of that window start, or null. */
    public @Nullable S at(long start) {
        S hit = last;
        if (hit != null && start >= hit.from() && start < hit.to()) {
            return hit;
        }
        int before = before(start);
        if (before >= 0 && start < segments.get(before).to()) {
            last = segments.get(before);
            return last;
        }
        return null;
    }

    /** The index of the last segment that begins at that start or before; -1 if there is none. */
    private int before(long start) {
        int low = 0;
        int high = segments.size() - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            if (segments.get(middle).from() <= start) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return high;
    }

    /** Bounds for a new segment with that window start, which no segment has: what others leave free. */
    public Bounds free(long start) {
        int wider = Math.min(MAX_WIDER_BITS, WIDER_BITS * (segments.size() / MAX_OF_A_WIDTH));
        long aligned = width << wider;
        long from = Math.floorDiv(start, aligned) * aligned;
        long to = from + aligned;
        int before = before(start);
        if (before >= 0) {
            from = Math.max(from, segments.get(before).to());
        }
        if (before + 1 < segments.size()) {
            to = Math.min(to, segments.get(before + 1).from());
        }
        return new Bounds(from, to);
    }

    /** Adds a segment that overlaps no other. */
    public void add(S segment) {
        segments.add(before(segment.from()) + 1, segment);
        last = segment;
    }

    /**
     * Takes out the segments of which nothing is needed for records of that time or later, and returns them: nothing in them is, and
     * nothing will come, since a window is not wider than a segment.
     */
    public List<S> removeUnneeded(long time) {
        List<S> gone = new ArrayList<>();
        segments.removeIf(segment -> segment.neededUntil() < time && segment.to() <= time - width && gone.add(segment));
        if (!gone.isEmpty()) {
            last = null;
        }
        return gone;
    }

    /** The segments that there are, in the order of time. */
    public List<S> all() {
        return Collections.unmodifiableList(segments);
    }

    /** The last of them, or null. */
    public @Nullable S latest() {
        return segments.isEmpty() ? null : segments.get(segments.size() - 1);
    }

    /** Takes out all of them. */
    public void clear() {
        segments.clear();
        last = null;
    }
}
