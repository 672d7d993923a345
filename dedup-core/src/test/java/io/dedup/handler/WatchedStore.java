// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.ClaimState;
import io.dedup.store.Completion;
import io.dedup.store.DelegatingStore;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.LeaseResult;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;

/** A store whose answers a test can change on their way back, after the store behind it has done what it was told. */
class WatchedStore extends DelegatingStore {
    final AtomicInteger claims = new AtomicInteger();
    final List<Integer> claimBatches = new CopyOnWriteArrayList<>();
    final AtomicInteger renewals = new AtomicInteger();
    volatile UnaryOperator<ClaimResult> onClaim = UnaryOperator.identity();
    volatile UnaryOperator<LeaseResult> onRenew = UnaryOperator.identity();
    volatile UnaryOperator<LeaseResult> onComplete = UnaryOperator.identity();
    volatile UnaryOperator<ClaimState> onInspect = UnaryOperator.identity();

    WatchedStore(IdempotencyStore behind) {
        super(behind);
    }

    @Override
    public ClaimResult claim(ClaimRequest request) {
        ClaimResult result = behind.claim(request);
        claims.incrementAndGet();
        return onClaim.apply(result);
    }

    @Override
    public List<ClaimResult> claimAll(List<ClaimRequest> requests) {
        claimBatches.add(requests.size());
        return requests.stream().map(this::claim).toList();
    }

    @Override
    public LeaseResult renew(Claim claim, Duration leaseFor) {
        LeaseResult result = onRenew.apply(behind.renew(claim, leaseFor));
        renewals.incrementAndGet();
        return result;
    }

    @Override
    public LeaseResult complete(Claim claim, Completion completion, Duration timeToLive) {
        return onComplete.apply(behind.complete(claim, completion, timeToLive));
    }

    @Override
    public ClaimState inspect(Claim claim) {
        return onInspect.apply(behind.inspect(claim));
    }
}
