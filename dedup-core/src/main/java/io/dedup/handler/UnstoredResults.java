// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import io.dedup.StoredOutcome;
import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.ClaimState;
import io.dedup.store.Completion;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.LeaseResult;
import io.dedup.store.Release;
import io.dedup.store.ScopedKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How operations ended whose end the store has not confirmed yet, and claims that it has not answered. This process knows them,
 * so it keeps trying to store the former, answers with them and does not run such an operation again; and it gives the latter
 * back, since the store may have granted them.
 *
 * <p>Beyond {@link #MAX} of them nothing is begun; beyond {@link #MAX_BYTES} of outcomes those are left out.
 *
 * <p>Thread-safe.
 */
final class UnstoredResults implements AutoCloseable {
    /** How many are kept before nothing more is begun. */
    static final int MAX = 10_000;

    static final long MAX_BYTES = 64L * 1024 * 1024;
    private static final Logger LOGGER = LoggerFactory.getLogger(UnstoredResults.class);
    private static final Duration PAUSE = Duration.ofMillis(500);
    private static final Duration CLOSES_WITHIN = Duration.ofSeconds(5);
    private static final int MAX_UNANSWERED = 3;

    private final IdempotencyStore store;
    private final Duration lease;
    private final LeaseRenewer renewer;
    private final Map<ScopedKey, Unstored> results = new ConcurrentHashMap<>();
    private final Map<ClaimRequest, Long> claims = new ConcurrentHashMap<>();
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicBoolean scheduled = new AtomicBoolean();

    UnstoredResults(IdempotencyStore store, Duration lease, LeaseRenewer renewer) {
        this.store = store;
        this.lease = lease;
        this.renewer = renewer;
    }

    /**
     * An end that is not known to be stored.
     *
     * @param outcome as callers get it; null if there is none
     * @param noted whether it was noted in a transaction of the operation: then it counts if that was committed, and is not
     *     stored otherwise
     * @param until the nano time after which it is of no use
     */
    record Unstored(
            Claim claim,
            Completion completion,
            @Nullable StoredOutcome outcome,
            Duration ttl,
            boolean noted,
            long until) {
        long bytes() {
            return completion.outcome().map(StoredOutcome::length).orElse(0);
        }
    }

    /** What has become of an end that was not known to be stored. */
    sealed interface Settlement {}

    /** It is stored. */
    record Stored(Unstored result) implements Settlement {}

    /** It is not stored, and never will be: another owner has the key, or its transaction was rolled back. */
    record Obsolete() implements Settlement {}

    /** It is still not known. */
    record Unanswered(@Nullable Throwable cause) implements Settlement {}

    /** Keeps an end until it is stored. */
    void keep(Claim claim, Completion completion, @Nullable StoredOutcome outcome, Duration ttl, boolean noted) {
        long until = System.nanoTime() + ttl.toNanos();
        Unstored result = new Unstored(claim, completion, outcome, ttl, noted, until);
        if (!noted && bytes.get() + result.bytes() > MAX_BYTES) {
            result = new Unstored(claim, completion.withoutOutcome(), null, ttl, false, until);
        }
        Unstored before = results.put(claim.key(), result);
        bytes.addAndGet(result.bytes() - (before == null ? 0 : before.bytes()));
        schedule();
    }

    /** Gives back what may have been claimed by a request that was not answered. */
    void giveBack(ClaimRequest request) {
        if (claims.size() < MAX) {
            claims.put(request, System.nanoTime() + lease.multipliedBy(2).toNanos());
            schedule();
        }
    }

    /** The end of the operation with that key; null if there is none that is not known to be stored. */
    @Nullable
    Unstored of(ScopedKey key) {
        return results.isEmpty() ? null : results.get(key);
    }

    boolean isFull() {
        return results.size() >= MAX;
    }

    /** Tries once to store it. What is settled is not kept any longer. */
    Settlement settle(Unstored result) {
        Settlement settlement = result.noted() ? confirmed(result) : stored(result);
        if (!(settlement instanceof Unanswered) && results.remove(result.claim().key(), result)) {
            bytes.addAndGet(-result.bytes());
        }
        return settlement;
    }

    private Settlement stored(Unstored result) {
        LeaseResult answer = store.complete(result.claim(), result.completion(), result.ttl());
        if (answer instanceof LeaseResult.Done) {
            return new Stored(result);
        } else if (answer instanceof LeaseResult.Lost) {
            return new Obsolete();
        }
        return new Unanswered(answer instanceof LeaseResult.Indeterminate failed ? failed.cause() : null);
    }

    private Settlement confirmed(Unstored result) {
        ClaimState state = store.inspect(result.claim());
        if (state instanceof ClaimState.Completed) {
            return new Stored(result);
        } else if (state instanceof ClaimState.Lost) {
            return new Obsolete();
        } else if (state instanceof ClaimState.Held) {
            LeaseResult released = store.release(result.claim(), Release.FAILED);
            return released instanceof LeaseResult.Done ? new Obsolete() : new Unanswered(null);
        }
        return new Unanswered(state instanceof ClaimState.Indeterminate failed ? failed.cause() : null);
    }

    private void schedule() {
        if (scheduled.compareAndSet(false, true)) {
            renewer.later(this::settleAll, PAUSE);
        }
    }

    private void settleAll() {
        scheduled.set(false);
        try {
            settleResults();
            settleClaims();
        } catch (RuntimeException failed) {
            LOGGER.warn("Results could not be stored; the next attempt follows", failed);
        }
        if (!results.isEmpty() || !claims.isEmpty()) {
            schedule();
        }
    }

    /** In any order, so that one that is never answered is not always the first. */
    private void settleResults() {
        List<Unstored> all = new ArrayList<>(results.values());
        Collections.shuffle(all);
        int unanswered = 0;
        for (Unstored result : all) {
            if (System.nanoTime() - result.until() > 0) {
                results.remove(result.claim().key(), result);
                LOGGER.warn(
                        "The end of {} could not be stored for as long as it is of use",
                        result.claim().key());
                continue;
            }
            Settlement settlement = settle(result);
            if (settlement instanceof Unanswered) {
                store.renew(result.claim(), lease); // So that no other owner runs it while this process knows its end.
                unanswered++;
                if (unanswered == MAX_UNANSWERED) {
                    return;
                }
            } else {
                LOGGER.info("The end of {} is settled: {}", result.claim().key(), name(settlement));
            }
        }
    }

    private void settleClaims() {
        int unanswered = 0;
        for (Map.Entry<ClaimRequest, Long> entry : List.copyOf(claims.entrySet())) {
            ClaimResult result = store.claim(entry.getKey());
            boolean over = System.nanoTime() - entry.getValue() > 0;
            if (result instanceof ClaimResult.Acquired acquired) {
                store.release(acquired.claim(), Release.NOT_ATTEMPTED);
            } else if (result instanceof ClaimResult.Indeterminate || result instanceof ClaimResult.Unavailable) {
                unanswered++;
                if (!over && unanswered == MAX_UNANSWERED) {
                    return;
                } else if (!over) {
                    continue;
                }
            }
            claims.remove(entry.getKey());
        }
    }

    private static String name(Settlement settlement) {
        return settlement instanceof Stored ? "stored" : "obsolete, as another owner has the key or it was rolled back";
    }

    /** Tries once more, as long as the store answers, and says what is left. */
    @Override
    public void close() {
        long until = System.nanoTime() + CLOSES_WITHIN.toNanos();
        boolean answers = true;
        for (Unstored result : results.values()) {
            answers = answers && System.nanoTime() < until && !(settle(result) instanceof Unanswered);
            if (!answers) {
                LOGGER.warn(
                        "How the operation {} ended is not known to be stored, and the handler is closed: when its lease"
                                + " is over, a retry runs it again with the same downstream key",
                        result.claim().key());
            }
        }
    }
}
