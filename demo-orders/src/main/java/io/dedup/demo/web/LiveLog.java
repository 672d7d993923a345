// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.web;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What has happened lately, how often each thing has happened, and what it came to in money. Whoever listens asks for what came
 * after what it knows; who is too slow misses the oldest, and holds up nobody.
 *
 * <p>Thread-safe.
 */
final class LiveLog {
    private static final int KEPT = 500;

    private final Deque<Event> events = new ArrayDeque<>();
    private final Map<String, Long> counts = new TreeMap<>();
    private final Map<String, Long> charged = new TreeMap<>();
    private final Map<String, Long> saved = new TreeMap<>();
    private long lastId;

    /**
     * Something that has happened.
     *
     * @param id counted from 1
     * @param kind what it is: {@code request}, {@code record}, {@code verdict}
     * @param data what is to be shown of it; no payloads but amounts
     */
    record Event(long id, String kind, Map<String, Object> data) {
        Event {
            data = Map.copyOf(data);
        }
    }

    /**
     * How things stand.
     *
     * @param lastId that of the last event
     * @param counts of each verdict
     * @param charged in hundredths, by currency
     * @param saved what duplicates would have charged, likewise
     */
    record State(long lastId, Map<String, Long> counts, Map<String, Long> charged, Map<String, Long> saved) {}

    synchronized void add(String kind, Map<String, Object> data) {
        lastId++;
        events.addLast(new Event(lastId, kind, data));
        if (events.size() > KEPT) {
            events.removeFirst();
        }
        notifyAll();
    }

    /** Counts a verdict, and adds to what was charged, or would have been. */
    synchronized void count(String verdict, String currency, long chargedCents, long savedCents) {
        counts.merge(verdict, 1L, Long::sum);
        if (chargedCents > 0) {
            charged.merge(currency, chargedCents, Long::sum);
        }
        if (savedCents > 0) {
            saved.merge(currency, savedCents, Long::sum);
        }
    }

    synchronized State state() {
        return new State(lastId, new TreeMap<>(counts), new TreeMap<>(charged), new TreeMap<>(saved));
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
