// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import io.dedup.store.CompletionRequest;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.LeaseResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * Completions that are stored together: those that arrive while the store is being called wait for the next call. Thread-safe.
 */
final class CompletionQueue {
    private final IdempotencyStore store;
    private final LeaseRenewer renewer;
    private final Queue<Entry> entries = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean draining = new AtomicBoolean();

    CompletionQueue(IdempotencyStore store, LeaseRenewer renewer) {
        this.store = store;
        this.renewer = renewer;
    }

    /**
     * @param then receives what the store says, and may take its time
     */
    private record Entry(CompletionRequest request, Consumer<LeaseResult> then) {}

    /**
     * Stores a completion with others.
     *
     * @param then receives what the store says, on a thread of the handler, and may take its time. Does not throw
     */
    void add(CompletionRequest request, Consumer<LeaseResult> then) {
        entries.add(new Entry(request, then));
        drainAside();
    }

    private void drainAside() {
        if (draining.compareAndSet(false, true)) {
            renewer.step(this::drain);
        }
    }

    private void drain() {
        try {
            for (List<Entry> batch = next(); !batch.isEmpty(); batch = next()) {
                List<Entry> stored = batch;
                List<LeaseResult> results = complete(stored);
                renewer.step(() -> {
                    for (int i = 0; i < stored.size(); i++) {
                        stored.get(i).then.accept(results.get(i));
                    }
                });
            }
        } finally {
            draining.set(false);
        }
        if (!entries.isEmpty()) {
            drainAside();
        }
    }

    private List<Entry> next() {
        List<Entry> batch = new ArrayList<>();
        while (batch.size() < IdempotencyStore.MAX_BATCH) {
            Entry entry = entries.poll();
            if (entry == null) {
                break;
            }
            batch.add(entry);
        }
        return batch;
    }

    private List<LeaseResult> complete(List<Entry> batch) {
        try {
            return store.completeAll(batch.stream().map(Entry::request).toList());
        } catch (Throwable failed) { // Also an Error: they wait for an answer.
            LeaseResult unanswered = new LeaseResult.Indeterminate(failed);
            return batch.stream().map(entry -> unanswered).toList();
        }
    }
}
