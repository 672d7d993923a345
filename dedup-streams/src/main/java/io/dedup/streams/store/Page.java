// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import java.util.Comparator;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.apache.kafka.common.utils.Bytes;
import org.jspecify.annotations.Nullable;

/**
 * The next entries of one window start behind a key, so many at most: what a reader of a whole store holds at a time.
 *
 * <p>Whoever has entries offers them, older ones of a key first. Confined to one thread.
 */
final class Page {
    private final @Nullable Bytes begin;
    private final boolean beginIsRead;
    private final @Nullable Bytes end;
    private final Comparator<Bytes> order;
    private final boolean backward;
    private final int most;
    private final NavigableMap<Bytes, byte[]> entries;

    /**
     * An empty page.
     *
     * @param first the least key that is read, or null
     * @param last the greatest key that is read, or null
     * @param after the key that was read last, or null if this is the first page
     * @param most how many entries there are at most
     */
    Page(@Nullable Bytes first, @Nullable Bytes last, @Nullable Bytes after, boolean backward, int most) {
        Bytes firstInOrder = backward ? last : first;
        this.begin = after == null ? firstInOrder : after;
        this.beginIsRead = after != null;
        this.end = backward ? first : last;
        this.order = backward ? Comparator.reverseOrder() : Comparator.naturalOrder();
        this.backward = backward;
        this.most = most;
        this.entries = new TreeMap<>(order);
    }

    boolean isBackward() {
        return backward;
    }

    /** The key before which nothing is wanted, in the order of reading; null if there is none. */
    @Nullable
    Bytes begin() {
        return begin;
    }

    /**
     * Takes an entry if it belongs here, in the place of what was offered of the same key before.
     *
     * @return whether a key behind this one may belong here too
     */
    boolean offer(Bytes key, byte[] entry) {
        if (end != null && order.compare(key, end) > 0) {
            return false;
        }
        int fromBegin = begin == null ? 1 : order.compare(key, begin);
        if (fromBegin < 0 || (fromBegin == 0 && beginIsRead)) {
            return true;
        }
        entries.put(key, entry);
        return entries.size() <= most || !entries.pollLastEntry().getKey().equals(key);
    }

    /** Whether there may be more behind the last entry. */
    boolean isFull() {
        return entries.size() == most;
    }

    /** What there is, in the order of reading. */
    NavigableMap<Bytes, byte[]> entries() {
        return entries;
    }
}
