// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.IdempotencyStore;
import java.util.ArrayList;
import java.util.List;

/**
 * Calls that are claimed together, by as few calls of the store as there can be. What is not plain (another owner, an earlier run,
 * a store that does not answer) goes on by itself, aside.
 */
final class BatchCall<T> {
    private final IdempotencyStore store;

    BatchCall(IdempotencyStore store) {
        this.store = store;
    }

    /** Begins all of them, in that order, on this thread. */
    void begin(List<AsyncCall<T>> calls) {
        for (int from = 0; from < calls.size(); from += IdempotencyStore.MAX_BATCH) {
            claim(calls.subList(from, Math.min(calls.size(), from + IdempotencyStore.MAX_BATCH)));
        }
    }

    private void claim(List<AsyncCall<T>> calls) {
        List<AsyncCall<T>> claimed = new ArrayList<>();
        List<ClaimRequest> requests = new ArrayList<>();
        for (AsyncCall<T> call : calls) {
            if (call.call().isToBeSettled()) {
                call.begin();
            } else {
                claimed.add(call);
                requests.add(call.call().request());
            }
        }
        if (requests.isEmpty()) {
            return;
        }
        long askedAt = System.nanoTime();
        List<ClaimResult> results = claimAll(requests);
        // All leases are renewed before the first operation is begun, which may take its time.
        List<Runnable> beginnings = new ArrayList<>();
        for (int i = 0; i < requests.size(); i++) {
            Runnable beginning = claimed.get(i).goOn(requests.get(i), askedAt, results.get(i));
            if (beginning != null) {
                beginnings.add(beginning);
            }
        }
        beginnings.forEach(Runnable::run);
    }

    private List<ClaimResult> claimAll(List<ClaimRequest> requests) {
        try {
            return store.claimAll(requests);
        } catch (Throwable failed) { // Also an Error: each call has an answer of its own.
            ClaimResult unanswered = new ClaimResult.Indeterminate(failed);
            return requests.stream().map(request -> unanswered).toList();
        }
    }
}
