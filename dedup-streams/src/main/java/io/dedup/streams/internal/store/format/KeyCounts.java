// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.format;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The number of firsts that are remembered and the age of the oldest, counted as they come and go, since a windowed store does not
 * say.
 *
 * <p>Counted by bucket, as they are forgotten by bucket. The counts are kept in the store's note, so after a restart they
 * are right to within what was remembered since the last note.
 *
 * <p>Changed by the stream thread alone; {@link #remembered} and {@link #reach} may be read by any.
 */
public final class KeyCounts {
    /**
     * The firsts of one bucket.
     *
     * @param until the last time of a record that they are needed for, in milliseconds since the epoch
     * @param oldest the event time of the oldest, in milliseconds since the epoch
     */
    public record Count(long until, long firsts, long oldest) {}

    /** The firsts of one bucket while they are counted. */
    private static final class Tally {
        private final long until;
        private long firsts;
        private long oldest;

        Tally(long until, long firsts, long oldest) {
            this.until = until;
            this.firsts = firsts;
            this.oldest = oldest;
        }
    }

    /** Of more the two oldest are counted as one, however far apart the partitions of a task are. */
    private static final int MAX_TALLIES = 64;

    private final TreeMap<Long, Tally> tallies = new TreeMap<>();
    private final AtomicLong remembered = new AtomicLong();
    private final AtomicLong oldest = new AtomicLong(Long.MAX_VALUE);
    private final AtomicLong now = new AtomicLong(Long.MIN_VALUE);
    /** The one that was added to last: most firsts are of the same bucket. */
    private @Nullable Tally current;

    public KeyCounts(List<Count> counts, long streamTime) {
        now.lazySet(streamTime);
        counts.forEach(count -> tallies.put(count.until(), new Tally(count.until(), count.firsts(), count.oldest())));
        sum();
    }

    /** One more first of that time is remembered. */
    public void add(long until, long time) {
        Tally tally = current;
        if (tally == null || tally.until != until) {
            tally = tallies.computeIfAbsent(until, unseen -> new Tally(until, 0, time));
            current = tally;
        }
        tally.firsts++;
        tally.oldest = Math.min(tally.oldest, time);
        if (tallies.size() > MAX_TALLIES) {
            mergeOldest();
        }
        remembered.lazySet(remembered.get() + 1);
        oldest.lazySet(Math.min(oldest.get(), time));
    }

    private void mergeOldest() {
        Tally first = tallies.pollFirstEntry().getValue();
        Tally next = tallies.firstEntry().getValue();
        next.firsts += first.firsts;
        next.oldest = Math.min(next.oldest, first.oldest);
        current = null;
    }

    /** A first is not remembered any more before its time. */
    public void remove(long until) {
        Map.Entry<Long, Tally> tally = tallies.ceilingEntry(until);
        if (tally != null && --tally.getValue().firsts <= 0) {
            tallies.remove(tally.getKey());
            current = null;
        }
        sum();
    }

    /**
     * Forgets what is not needed any more.
     *
     * @param streamTime in milliseconds since the epoch
     * @param exactFrom the time of the oldest record that still gets an exact verdict, likewise
     */
    public void advance(long streamTime, long exactFrom) {
        now.lazySet(streamTime);
        boolean gone = false;
        while (!tallies.isEmpty() && tallies.firstKey() < exactFrom) {
            tallies.pollFirstEntry();
            gone = true;
        }
        if (gone) {
            current = null;
            sum();
        }
    }

    private void sum() {
        long firsts = 0;
        long first = Long.MAX_VALUE;
        for (Tally tally : tallies.values()) {
            firsts += tally.firsts;
            first = Math.min(first, tally.oldest);
        }
        remembered.lazySet(firsts);
        oldest.lazySet(first);
    }

    public List<Count> counts() {
        return tallies.values().stream()
                .map(tally -> new Count(tally.until, tally.firsts, tally.oldest))
                .toList();
    }

    /** How many firsts are remembered. */
    public long remembered() {
        return remembered.get();
    }

    /** How long before stream time the oldest was, in milliseconds; 0 if there is none or it is not before. */
    public long reach() {
        long first = oldest.get();
        return first == Long.MAX_VALUE ? 0 : Math.max(0, now.get() - first);
    }
}
