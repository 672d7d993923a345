// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.memory;

import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.ClaimState;
import io.dedup.store.Completion;
import io.dedup.store.CompletionRequest;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.KeyRecord;
import io.dedup.store.LeaseResult;
import io.dedup.store.Release;
import io.dedup.store.ScopedKey;
import io.dedup.store.admin.OperationAdmin;
import io.dedup.store.admin.Repair;
import io.dedup.store.admin.RepairResult;
import io.dedup.store.admin.StoredOperation;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A store in the memory of this process, for tests and for work that no other process does.
 *
 * <p>It holds a bounded number of keys, in a bounded number of bytes. When it is full of keys that live, it {@linkplain
 * ClaimResult.Unavailable refuses} further claims: it never drops a key to make room. An outcome for which there is no room is
 * left out; its operation stays completed. What the store remembers is gone with the process.
 *
 * <p>Thread-safe, by one lock.
 */
public final class MemoryIdempotencyStore implements IdempotencyStore {
    private static final LeaseResult DONE = new LeaseResult.Done();
    private static final LeaseResult LOST = new LeaseResult.Lost();
    private static final int HEAP_SHARE = 4;
    /** Of an entry, its record, and its places in both collections. */
    private static final int ENTRY_BYTES = 400;

    private final int maxKeys;
    private final long maxBytes;
    private final Clock clock;
    /** No monitor: it would pin the virtual threads of Java 21 to 23. */
    private final Lock lock = new ReentrantLock();

    private final Map<ScopedKey, Entry> entries = new HashMap<>();
    private final ExpiryQueue<Entry> byExpiry = new ExpiryQueue<>();
    private long bytes;

    private MemoryIdempotencyStore(int maxKeys, long maxBytes, Clock clock) {
        if (maxKeys < 1) {
            throw new IllegalArgumentException("maxKeys must be at least 1: " + maxKeys);
        } else if (maxBytes < 1) {
            throw new IllegalArgumentException("maxBytes must be at least 1: " + maxBytes);
        }
        this.maxKeys = maxKeys;
        this.maxBytes = maxBytes;
        this.clock = clock;
    }

    /**
     * An empty store for that many keys, in at most a quarter of the largest heap.
     *
     * @param maxKeys at least 1
     */
    public static MemoryIdempotencyStore holding(int maxKeys) {
        return holding(maxKeys, Clock.systemUTC());
    }

    /**
     * An empty store for that many keys, in at most that many bytes.
     *
     * @param maxKeys at least 1
     * @param maxBytes at least 1; about 400 and the length of the key go to each key, and then its outcome
     */
    public static MemoryIdempotencyStore holding(int maxKeys, long maxBytes) {
        return new MemoryIdempotencyStore(maxKeys, maxBytes, Clock.systemUTC());
    }

    /**
     * An empty store for that many keys, which takes its time from that clock.
     *
     * @param maxKeys at least 1
     */
    public static MemoryIdempotencyStore holding(int maxKeys, Clock clock) {
        return new MemoryIdempotencyStore(maxKeys, Runtime.getRuntime().maxMemory() / HEAP_SHARE, clock);
    }

    @Override
    public ClaimResult claim(ClaimRequest request) {
        return locked(() -> claimLocked(request));
    }

    @Override
    public List<ClaimResult> claimAll(List<ClaimRequest> requests) {
        IdempotencyStore.requireBatch(requests);
        return locked(() -> requests.stream().map(this::claimLocked).toList());
    }

    private ClaimResult claimLocked(ClaimRequest request) {
        long now = clock.millis();
        Entry entry = entries.get(request.key());
        if (entry == null && isFull(now)) {
            return full();
        }
        KeyRecord.Decision decision = KeyRecord.claim(entry == null ? null : entry.record, request, now);
        if (decision instanceof KeyRecord.Decision.Grant grant) {
            write(entry == null ? new Entry(request.key(), grant.next()) : entry, grant.next());
            return grant.result();
        }
        return ((KeyRecord.Decision.Answer) decision).result();
    }

    private boolean isFull(long now) {
        if (bytes >= maxBytes) {
            purge(now, Integer.MAX_VALUE);
        } else if (entries.size() >= maxKeys) {
            purge(now, 2);
        }
        return entries.size() >= maxKeys || bytes >= maxBytes;
    }

    private ClaimResult full() {
        return new ClaimResult.Unavailable(
                "The store holds " + entries.size() + " keys that are still needed, in " + bytes + " bytes, of at most "
                        + maxKeys + " and " + maxBytes + "; give it more room, or a shorter TTL",
                null);
    }

    @Override
    public LeaseResult renew(Claim claim, Duration leaseFor) {
        ClaimRequest.millis("leaseFor", leaseFor);
        return locked(() -> {
            Entry entry = entries.get(claim.key());
            return change(entry, entry == null ? null : entry.record.renewed(claim, leaseFor, clock.millis()));
        });
    }

    @Override
    public LeaseResult complete(Claim claim, Completion completion, Duration timeToLive) {
        ClaimRequest.millis("timeToLive", timeToLive);
        return locked(() -> completeLocked(claim, completion, timeToLive));
    }

    @Override
    public List<LeaseResult> completeAll(List<CompletionRequest> requests) {
        IdempotencyStore.requireBatch(requests);
        return locked(() -> requests.stream()
                .map(request -> completeLocked(request.claim(), request.completion(), request.timeToLive()))
                .toList());
    }

    private LeaseResult completeLocked(Claim claim, Completion completion, Duration timeToLive) {
        long now = clock.millis();
        Entry entry = entries.get(claim.key());
        if (entry == null) {
            return LOST;
        }
        KeyRecord next = entry.record.completed(claim, completion, timeToLive, now);
        if (next == null) {
            // The same call as before, whose outcome was left out.
            next = entry.record.completed(claim, completion.withoutOutcome(), timeToLive, now);
        } else if (entry.record.state() == KeyRecord.State.CLAIMED && !hasRoomFor(next, now)) {
            next = entry.record.completed(claim, completion.withoutOutcome(), timeToLive, now);
        }
        return change(entry, next);
    }

    private boolean hasRoomFor(KeyRecord record, long now) {
        long needed = outcomeBytes(record);
        if (bytes + needed > maxBytes) {
            purge(now, Integer.MAX_VALUE);
        }
        return needed == 0 || bytes + needed <= maxBytes;
    }

    @Override
    public LeaseResult release(Claim claim, Release why) {
        return locked(() -> {
            Entry entry = entries.get(claim.key());
            return change(entry, entry == null ? null : entry.record.released(claim, why, clock.millis()));
        });
    }

    @Override
    public LeaseResult withdraw(ClaimRequest request) {
        return locked(() -> {
            Entry entry = entries.get(request.key());
            return entry == null ? DONE : change(entry, entry.record.withdrawn(request, clock.millis()));
        });
    }

    @Override
    public ClaimState inspect(Claim claim) {
        return locked(() -> {
            Entry entry = entries.get(claim.key());
            return entry == null ? new ClaimState.Lost() : entry.record.stateOf(claim, clock.millis());
        });
    }

    @Override
    public LeaseResult resetAttempts(ScopedKey key) {
        return locked(() -> {
            Entry entry = entries.get(key);
            return entry == null ? DONE : change(entry, entry.record.attemptsReset());
        });
    }

    private LeaseResult change(@Nullable Entry entry, @Nullable KeyRecord next) {
        if (entry == null || next == null) {
            return LOST;
        }
        write(entry, next);
        return DONE;
    }

    private void write(Entry entry, KeyRecord next) {
        if (entry.isKept) {
            bytes -= entry.bytes();
        } else {
            entries.put(entry.key, entry);
            entry.isKept = true;
        }
        entry.record = next;
        byExpiry.put(entry);
        bytes += entry.bytes();
    }

    private void remove(Entry entry) {
        entries.remove(entry.key);
        byExpiry.remove(entry);
        entry.isKept = false;
        bytes -= entry.bytes();
    }

    @Override
    public int purge(int atMost) {
        return locked(() -> purge(clock.millis(), atMost));
    }

    private int purge(long now, int atMost) {
        int purged = 0;
        while (purged < atMost) {
            Entry outlived = byExpiry.firstBefore(now);
            if (outlived == null) {
                break;
            }
            remove(outlived);
            purged++;
        }
        return purged;
    }

    /** Shows what the store holds, and repairs it. */
    public OperationAdmin operations() {
        return new MemoryOperationAdmin(this);
    }

    /** The operations that are there, in no order. */
    List<StoredOperation> snapshot() {
        return locked(() -> {
            long now = clock.millis();
            return entries.values().stream()
                    .filter(entry -> !entry.record.isOutlived(now))
                    .map(entry -> entry.seenAt(now))
                    .toList();
        });
    }

    Optional<StoredOperation> find(ScopedKey key) {
        return locked(() -> Optional.ofNullable(findLocked(key)));
    }

    private @Nullable StoredOperation findLocked(ScopedKey key) {
        long now = clock.millis();
        Entry entry = entries.get(key);
        return entry == null || entry.record.isOutlived(now) ? null : entry.seenAt(now);
    }

    RepairResult repair(StoredOperation seen, Repair repair) {
        return locked(() -> repairLocked(seen, repair));
    }

    private RepairResult repairLocked(StoredOperation seen, Repair repair) {
        RepairResult result = repair.decide(findLocked(seen.key()), seen);
        Entry entry = entries.get(seen.key());
        if (entry == null || !(result instanceof RepairResult.Done done)) {
            return result;
        } else if (done.after().isEmpty()) {
            remove(entry);
            return result;
        }
        KeyRecord next = done.after().get().record();
        if (repair instanceof Repair.Resolve resolve && !hasRoomFor(next, clock.millis())) {
            return repairLocked(seen, Repair.resolve(resolve.completion().withoutOutcome(), resolve.timeToLive()));
        }
        write(entry, next);
        return result;
    }

    /** How many keys it holds, those that are outlived and not purged yet included. */
    public int size() {
        return locked(entries::size);
    }

    /** About how many bytes it holds. */
    public long bytes() {
        return locked(() -> bytes);
    }

    private <T> T locked(Supplier<T> work) {
        lock.lock();
        try {
            return work.get();
        } finally {
            lock.unlock();
        }
    }

    private static long outcomeBytes(KeyRecord record) {
        Completion completion = record.completion();
        return completion == null
                ? 0
                : completion.outcome().map(outcome -> (long) outcome.length()).orElse(0L);
    }

    private static final class Entry extends ExpiryQueue.Expiring {
        private final ScopedKey key;
        private KeyRecord record;
        private boolean isKept;

        Entry(ScopedKey key, KeyRecord record) {
            this.key = key;
            this.record = record;
        }

        StoredOperation seenAt(long now) {
            return new StoredOperation(key, record, outcomeBytes(record), now);
        }

        long bytes() {
            return ENTRY_BYTES + key.key().length() + outcomeBytes(record);
        }

        @Override
        long expiresAt() {
            return record.expiresAt();
        }
    }
}
