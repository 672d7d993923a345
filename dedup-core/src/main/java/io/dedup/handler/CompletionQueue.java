// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import io.dedup.internal.BatchQueue;
import io.dedup.store.CompletionRequest;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.LeaseResult;
import java.util.List;
import java.util.function.Consumer;

/**
 * Completions that are stored together: those that arrive while the store is being called wait for the next call. Thread-safe.
 */
final class CompletionQueue {
    private final IdempotencyStore store;
    private final LeaseRenewer renewer;
    private final BatchQueue<Entry> entries;

    CompletionQueue(IdempotencyStore store, LeaseRenewer renewer) {
        this.store = store;
        this.renewer = renewer;
        this.entries = new BatchQueue<>(IdempotencyStore.MAX_BATCH, renewer::step, this::store);
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
    }

    private void store(List<Entry> batch) {
        List<LeaseResult> results = complete(batch);
        renewer.step(() -> {
            for (int i = 0; i < batch.size(); i++) {
                batch.get(i).then.accept(results.get(i));
            }
        });
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
