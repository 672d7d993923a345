// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.ClaimState;
import io.dedup.store.Completion;
import io.dedup.store.CompletionRequest;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.LeaseResult;
import io.dedup.store.Release;
import io.dedup.store.ScopedKey;
import java.time.Duration;
import java.util.List;

/** A store that is shared, with another way to close it. Thread-safe if both are. */
record ForwardingStore(IdempotencyStore store, Runnable closing) implements IdempotencyStore {
    @Override
    public ClaimResult claim(ClaimRequest request) {
        return store.claim(request);
    }

    @Override
    public List<ClaimResult> claimAll(List<ClaimRequest> requests) {
        return store.claimAll(requests);
    }

    @Override
    public LeaseResult renew(Claim claim, Duration leaseFor) {
        return store.renew(claim, leaseFor);
    }

    @Override
    public LeaseResult complete(Claim claim, Completion completion, Duration timeToLive) {
        return store.complete(claim, completion, timeToLive);
    }

    @Override
    public List<LeaseResult> completeAll(List<CompletionRequest> requests) {
        return store.completeAll(requests);
    }

    @Override
    public LeaseResult release(Claim claim, Release why) {
        return store.release(claim, why);
    }

    @Override
    public LeaseResult withdraw(ClaimRequest request) {
        return store.withdraw(request);
    }

    @Override
    public ClaimState inspect(Claim claim) {
        return store.inspect(claim);
    }

    @Override
    public LeaseResult resetAttempts(ScopedKey key) {
        return store.resetAttempts(key);
    }

    @Override
    public int purge(int atMost) {
        return store.purge(atMost);
    }

    @Override
    public void close() {
        closing.run();
    }
}
