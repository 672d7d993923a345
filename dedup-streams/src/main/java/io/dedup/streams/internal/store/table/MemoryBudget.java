// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.table;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** The number of bytes that some tables may take together. Thread-safe. */
public final class MemoryBudget {
    private static final Map<Long, MemoryBudget> OF_THIS_PROCESS = new ConcurrentHashMap<>();

    private final long most;
    private final AtomicLong taken = new AtomicLong();

    /**
     * A budget.
     *
     * @param most in bytes
     */
    public MemoryBudget(long most) {
        this.most = most;
    }

    /** The budget that all stores of this process with that bound share. */
    public static MemoryBudget ofThisProcess(long most) {
        return OF_THIS_PROCESS.computeIfAbsent(most, MemoryBudget::new);
    }

    /** No bound. */
    public static MemoryBudget unbounded() {
        return new MemoryBudget(Long.MAX_VALUE);
    }

    /**
     * Takes that many bytes.
     *
     * @throws BudgetExceededException if they are not left; nothing is taken then
     */
    void take(long bytes) {
        long now = taken.addAndGet(bytes);
        if (now > most && bytes > 0) {
            taken.addAndGet(-bytes);
            throw new BudgetExceededException("There is no room for another key within " + most
                    + " bytes: raise dedup.store.memory.max.bytes and the heap, shorten the TTL, spread the partitions"
                    + " over more instances, or use dedup.store=rocksdb");
        }
    }

    /** Takes that many bytes, whether they are left or not: less is about to be given back. */
    void takeAnyway(long bytes) {
        taken.addAndGet(bytes);
    }

    /** Gives that many bytes back. */
    void giveBack(long bytes) {
        taken.addAndGet(-bytes);
    }

    /** How many bytes are taken. */
    public long taken() {
        return taken.get();
    }

    /** How many bytes may be taken. */
    public long most() {
        return most;
    }
}
