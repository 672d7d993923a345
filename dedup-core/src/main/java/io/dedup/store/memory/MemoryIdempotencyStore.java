// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.memory;

import io.dedup.Fingerprint;
import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.Completion;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.LeaseResult;
import io.dedup.store.ScopedKey;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A store in the memory of this process, for tests and for work that no other process does.
 *
 * <p>It holds a bounded number of keys. When it is full of keys that live, it {@linkplain ClaimResult.Unavailable says so}
 * and takes no more: it never drops one to make room. What it remembers is gone with the process.
 *
 * <p>Thread-safe, by one lock.
 */
public final class MemoryIdempotencyStore implements IdempotencyStore {
    private static final LeaseResult DONE = new LeaseResult.Done();
    private static final LeaseResult LOST = new LeaseResult.Lost();

    private final int mostKeys;
    private final Clock clock;
    private final Map<ScopedKey, Entry> entries = new HashMap<>();
    /** The entries, those first that end first. */
    private final NavigableSet<Entry> ends = new TreeSet<>();

    private long created;

    private MemoryIdempotencyStore(int mostKeys, Clock clock) {
        this.mostKeys = mostKeys;
        this.clock = clock;
    }

    /**
     * An empty store for that many keys.
     *
     * @param mostKeys at least 1
     */
    public static MemoryIdempotencyStore holding(int mostKeys) {
        return holding(mostKeys, Clock.systemUTC());
    }

    /**
     * An empty store for that many keys, which takes its time from that clock.
     *
     * @param mostKeys at least 1
     */
    public static MemoryIdempotencyStore holding(int mostKeys, Clock clock) {
        if (mostKeys < 1) {
            throw new IllegalArgumentException("A store for " + mostKeys + " keys cannot remember any");
        }
        return new MemoryIdempotencyStore(mostKeys, clock);
    }

    @Override
    public synchronized ClaimResult claim(ClaimRequest request) {
        long now = clock.millis();
        Entry entry = entries.get(request.key());
        if (entry == null || entry.expiresAt < now) {
            return entry == null && isFull(now) ? full() : first(request, entry, now);
        }
        if (entry.state == State.RELEASED) {
            return acquire(request, entry, now, false);
        }
        if (entry.conflictsWith(request.fingerprint())) {
            return new ClaimResult.Conflict();
        }
        if (entry.state == State.CLAIMED) {
            if (entry.owner.equals(request.owner())) {
                extend(entry, request, now + request.leaseFor().toMillis());
                return new ClaimResult.Acquired(entry.claim(request), entry.takenOver);
            }
            return entry.leaseUntil < now
                    ? acquire(request, entry, now, true)
                    : new ClaimResult.InProgress(Duration.ofMillis(entry.leaseUntil - now));
        }
        Completion completion = entry.completion();
        return completion.kind() == Completion.Kind.UNKNOWN && request.reopensUnknown()
                ? acquire(request, entry, now, true)
                : new ClaimResult.Completed(completion);
    }

    private ClaimResult first(ClaimRequest request, @Nullable Entry outlived, long now) {
        long lastToken = 0;
        if (outlived != null) {
            ends.remove(outlived);
            lastToken = outlived.token;
        }
        Entry entry = new Entry(request.key(), ++created, lastToken);
        ClaimResult acquired = acquire(request, entry, now, false);
        entries.put(request.key(), entry);
        return acquired;
    }

    private ClaimResult acquire(ClaimRequest request, Entry entry, long now, boolean takenOver) {
        entry.state = State.CLAIMED;
        entry.owner = request.owner();
        entry.token = Math.max(entry.token + 1, now);
        entry.attempts++;
        entry.fingerprint = request.fingerprint();
        entry.completion = null;
        entry.takenOver = takenOver;
        entry.leaseUntil = now + request.leaseFor().toMillis();
        endsAt(entry.leaseUntil + request.timeToLive().toMillis(), entry);
        return new ClaimResult.Acquired(entry.claim(request), takenOver);
    }

    private boolean isFull(long now) {
        if (entries.size() >= mostKeys) {
            purge(now, 2);
        }
        return entries.size() >= mostKeys;
    }

    private ClaimResult full() {
        return new ClaimResult.Unavailable(
                "The store holds " + mostKeys + " keys that are still needed; give it more room, or a shorter TTL",
                null);
    }

    @Override
    public synchronized LeaseResult renew(Claim claim, Duration leaseFor) {
        long millis = ClaimRequest.millis("leaseFor", leaseFor);
        long now = clock.millis();
        Entry entry = held(claim, now);
        if (entry == null || entry.state != State.CLAIMED) {
            return LOST;
        }
        extend(entry, claim.request(), now + millis);
        return DONE;
    }

    private void extend(Entry entry, ClaimRequest request, long leaseUntil) {
        entry.leaseUntil = Math.max(entry.leaseUntil, leaseUntil);
        endsAt(entry.leaseUntil + request.timeToLive().toMillis(), entry);
    }

    @Override
    public synchronized LeaseResult complete(Claim claim, Completion completion, Duration timeToLive) {
        long millis = ClaimRequest.millis("timeToLive", timeToLive);
        long now = clock.millis();
        Entry entry = held(claim, now);
        if (entry == null || entry.state == State.RELEASED) {
            return LOST;
        }
        if (entry.state == State.CLAIMED) {
            entry.state = State.COMPLETED;
            entry.completion = completion;
            endsAt(now + millis, entry);
        }
        return completion.equals(entry.completion) ? DONE : LOST;
    }

    @Override
    public synchronized LeaseResult release(Claim claim) {
        long now = clock.millis();
        Entry entry = held(claim, now);
        if (entry == null || entry.state == State.COMPLETED) {
            return LOST;
        }
        if (entry.state == State.CLAIMED) {
            entry.state = State.RELEASED;
            endsAt(now + claim.request().timeToLive().toMillis(), entry);
        }
        return DONE;
    }

    private void endsAt(long expiresAt, Entry entry) {
        ends.remove(entry);
        entry.expiresAt = expiresAt;
        ends.add(entry);
    }

    private @Nullable Entry held(Claim claim, long now) {
        Entry entry = entries.get(claim.key());
        boolean held = entry != null
                && entry.expiresAt >= now
                && entry.token == claim.token()
                && entry.owner.equals(claim.request().owner());
        return held ? entry : null;
    }

    @Override
    public synchronized int purge(int atMost) {
        return purge(clock.millis(), atMost);
    }

    private int purge(long now, int atMost) {
        int purged = 0;
        while (purged < atMost && !ends.isEmpty() && ends.first().expiresAt < now) {
            Entry outlived = ends.first();
            ends.remove(outlived);
            entries.remove(outlived.key);
            purged++;
        }
        return purged;
    }

    /** How many keys it holds, those that are outlived and not purged yet included. */
    public synchronized int size() {
        return entries.size();
    }

    synchronized int waiting() {
        return ends.size();
    }

    private enum State {
        CLAIMED,
        RELEASED,
        COMPLETED
    }

    private static final class Entry implements Comparable<Entry> {
        private final ScopedKey key;
        private final long number;
        private State state = State.RELEASED;
        private UUID owner = new UUID(0, 0);
        private long token;
        private int attempts;
        private boolean takenOver;
        private long leaseUntil;
        private long expiresAt;
        private @Nullable Fingerprint fingerprint;
        private @Nullable Completion completion;

        Entry(ScopedKey key, long number, long token) {
            this.key = key;
            this.number = number;
            this.token = token;
        }

        @Override
        public int compareTo(Entry other) {
            int byEnd = Long.compare(expiresAt, other.expiresAt);
            return byEnd == 0 ? Long.compare(number, other.number) : byEnd;
        }

        Claim claim(ClaimRequest request) {
            return new Claim(request, token, attempts);
        }

        Completion completion() {
            if (completion == null) {
                throw new IllegalStateException("nothing is completed in the state " + state);
            }
            return completion;
        }

        boolean conflictsWith(@Nullable Fingerprint other) {
            return fingerprint != null && other != null && fingerprint.conflictsWith(other);
        }
    }
}
