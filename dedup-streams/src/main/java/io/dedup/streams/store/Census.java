// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How many firsts are remembered and how old the oldest is, counted as they come and go, since a windowed store does not
 * say.
 *
 * <p>Counted by bucket, as they are forgotten by bucket. The counts are kept in the store's note, so after a restart they
 * are right to within what was remembered since the last note.
 *
 * <p>Changed by the stream thread alone; {@link #remembered} and {@link #reach} may be read by any.
 */
final class Census {
    /**
     * The firsts of one bucket.
     *
     * @param until the stream time after which they are not needed any more, in milliseconds since the epoch
     * @param oldest the event time of the oldest, in milliseconds since the epoch
     */
    record Count(long until, long firsts, long oldest) {}

    private final TreeMap<Long, Count> counts = new TreeMap<>();
    private final AtomicLong remembered = new AtomicLong();
    private final AtomicLong oldest = new AtomicLong(Long.MAX_VALUE);
    private final AtomicLong now = new AtomicLong(Long.MIN_VALUE);

    Census(List<Count> counts, long streamTime) {
        now.lazySet(streamTime);
        counts.forEach(count -> this.counts.put(count.until(), count));
        sum();
    }

    /** One more first of that time is remembered. */
    void add(long until, long time) {
        Count before = counts.get(until);
        counts.put(
                until,
                before == null
                        ? new Count(until, 1, time)
                        : new Count(until, before.firsts() + 1, Math.min(before.oldest(), time)));
        remembered.lazySet(remembered.get() + 1);
        oldest.lazySet(Math.min(oldest.get(), time));
    }

    /** A first is not remembered any more before its time. */
    void remove(long until) {
        counts.computeIfPresent(
                until,
                (same, count) -> count.firsts() <= 1 ? null : new Count(until, count.firsts() - 1, count.oldest()));
        sum();
    }

    /** Forgets what is not needed at that stream time. */
    void advance(long streamTime) {
        now.lazySet(streamTime);
        boolean gone = false;
        while (!counts.isEmpty() && counts.firstKey() < streamTime) {
            counts.pollFirstEntry();
            gone = true;
        }
        if (gone) {
            sum();
        }
    }

    private void sum() {
        remembered.lazySet(counts.values().stream().mapToLong(Count::firsts).sum());
        oldest.lazySet(counts.values().stream().mapToLong(Count::oldest).min().orElse(Long.MAX_VALUE));
    }

    List<Count> counts() {
        return List.copyOf(counts.values());
    }

    /** How many firsts are remembered. */
    long remembered() {
        return remembered.get();
    }

    /** How long before stream time the oldest was, in milliseconds; 0 if there is none or it is not before. */
    long reach() {
        long first = oldest.get();
        return first == Long.MAX_VALUE ? 0 : Math.max(0, now.get() - first);
    }
}
