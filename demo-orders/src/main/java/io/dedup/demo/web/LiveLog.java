// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.web;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What has happened lately, how often each thing has happened since the start, and what duplicates would have cost. A
 * listener asks for what came after what it knows; one that is too slow misses the oldest, and holds up no other.
 *
 * <p>Thread-safe.
 */
final class LiveLog {
    private static final int KEPT = 500;

    private final Deque<Event> events = new ArrayDeque<>();
    private final Map<String, Long> counts = new TreeMap<>();
    private final Map<String, Long> saved = new TreeMap<>();
    private long lastId;
    private boolean ended;

    /**
     * Something that has happened.
     *
     * @param id counted from 1
     * @param kind what it is: {@code request}, {@code record}, {@code verdict}
     * @param at when it was seen, in milliseconds since the epoch
     * @param data what is to be shown of it; no payloads but amounts
     */
    record Event(long id, String kind, long at, Map<String, Object> data) {
        Event {
            data = Map.copyOf(data);
        }
    }

    /**
     * How things stand.
     *
     * @param lastId that of the last event
     * @param live whether records are still read along
     * @param counts of each verdict
     * @param saved what duplicates would have charged, in hundredths, by currency
     */
    record State(long lastId, boolean live, Map<String, Long> counts, Map<String, Long> saved) {}

    synchronized void add(String kind, Map<String, Object> data) {
        lastId++;
        events.addLast(new Event(lastId, kind, System.currentTimeMillis(), data));
        if (events.size() > KEPT) {
            events.removeFirst();
        }
        notifyAll();
    }

    /** Notes that nothing is read along any more. */
    synchronized void end() {
        ended = true;
    }

    /** Counts a verdict, and adds to what would have been charged. */
    synchronized void count(String verdict, String currency, long savedCents) {
        counts.merge(verdict, 1L, Long::sum);
        if (savedCents > 0) {
            saved.merge(currency, savedCents, Long::sum);
        }
    }

    synchronized State state() {
        return new State(lastId, !ended, new TreeMap<>(counts), new TreeMap<>(saved));
    }

    /** What came after that one and is still kept, the oldest first. */
    synchronized List<Event> after(long id) {
        return events.stream().filter(event -> event.id() > id).toList();
    }

    /** Waits until there is something after that one, or for that long. */
    synchronized void await(long id, Duration atMost) throws InterruptedException {
        long until = System.nanoTime() + atMost.toNanos();
        long left = atMost.toNanos();
        while (lastId <= id && left > 0) {
            wait(Math.max(1, left / 1_000_000));
            left = until - System.nanoTime();
        }
    }
}
