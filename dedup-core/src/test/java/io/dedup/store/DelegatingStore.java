// SPDX-License-Identifier: Apache-2.0
package io.dedup.store;

import java.time.Duration;

/** A store that passes every call on, for tests that change some of them. Calls for many keys are calls for each. */
public class DelegatingStore implements IdempotencyStore {
    protected final IdempotencyStore behind;

    /** The store that calls are passed on to. */
    protected DelegatingStore(IdempotencyStore behind) {
        this.behind = behind;
    }

    @Override
    public ClaimResult claim(ClaimRequest request) {
        return behind.claim(request);
    }

    @Override
    public LeaseResult renew(Claim claim, Duration leaseFor) {
        return behind.renew(claim, leaseFor);
    }

    @Override
    public LeaseResult complete(Claim claim, Completion completion, Duration timeToLive) {
        return behind.complete(claim, completion, timeToLive);
    }

    @Override
    public LeaseResult release(Claim claim, Release why) {
        return behind.release(claim, why);
    }

    @Override
    public LeaseResult withdraw(ClaimRequest request) {
        return behind.withdraw(request);
    }

    @Override
    public ClaimState inspect(Claim claim) {
        return behind.inspect(claim);
    }

    @Override
    public LeaseResult resetAttempts(ScopedKey key) {
        return behind.resetAttempts(key);
    }

    @Override
    public int purge(int atMost) {
        return behind.purge(atMost);
    }
}
