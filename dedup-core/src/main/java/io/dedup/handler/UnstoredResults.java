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
import io.dedup.store.PriorRun;
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
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The ends of operations that the store has not confirmed yet, and claims that it has not answered. Only this process knows them,
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
    private final LeaseRenewer renewer;
    private final Map<ScopedKey, Unstored> results = new ConcurrentHashMap<>();
    /** Calls that are repeated until they are answered, by what they give back. */
    private final Map<Object, Supplier<LeaseResult>> givenBack = new ConcurrentHashMap<>();

    private final AtomicLong bytes = new AtomicLong();
    private final AtomicBoolean scheduled = new AtomicBoolean();

    UnstoredResults(IdempotencyStore store, LeaseRenewer renewer) {
        this.store = store;
        this.renewer = renewer;
    }

    /**
     * An end that is not known to be stored.
     *
     * @param answer the completion as callers get it, with its outcome however long that is
     * @param noted whether it was noted in a transaction of the operation: then it counts if that was committed, and is not
     *     stored otherwise
     * @param until the nano time after which it is of no use
     */
    record Unstored(Claim claim, Completion completion, Completion answer, Duration ttl, boolean noted, long until) {
        long bytes() {
            return answer.outcome().map(StoredOutcome::length).orElse(0);
        }
    }

    /** The state of an end that was not known to be stored. */
    sealed interface Settlement {}

    /** It is stored. */
    record Stored(Unstored result) implements Settlement {}

    /** It is not stored, and never will be: another owner has the key, or its transaction was rolled back. */
    record Obsolete() implements Settlement {}

    /** It is still not known. */
    record Unanswered(@Nullable Throwable cause) implements Settlement {}

    /** Keeps an end until it is stored. */
    Unstored keep(Claim claim, Completion completion, Completion answer, Duration ttl, boolean noted) {
        long until = System.nanoTime() + ttl.toNanos();
        Unstored result = new Unstored(claim, completion, answer, ttl, noted, until);
        if (bytes.get() + result.bytes() > MAX_BYTES) {
            // What was noted is in the database already, if it counts.
            Completion bare = completion.withoutOutcome();
            result = new Unstored(claim, bare, bare, ttl, noted, until);
        }
        put(result);
        schedule();
        return result;
    }

    private void put(Unstored result) {
        Unstored before = results.put(result.claim().key(), result);
        bytes.addAndGet(result.bytes() - (before == null ? 0 : before.bytes()));
    }

    private void remove(Unstored result) {
        if (results.remove(result.claim().key(), result)) {
            bytes.addAndGet(-result.bytes());
        }
    }

    /** Gives back what may have been claimed by a request that was not answered. */
    void withdraw(ClaimRequest request) {
        giveBack(request, () -> store.withdraw(request));
    }

    /** Gives a claim back whose release was not answered. */
    void release(Claim claim, Release why) {
        giveBack(claim, () -> store.release(claim, why));
    }

    private void giveBack(Object what, Supplier<LeaseResult> call) {
        if (givenBack.size() < MAX) {
            givenBack.put(what, call);
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
        if (!(settlement instanceof Unanswered)) {
            remove(result);
        }
        return settlement;
    }

    private Settlement stored(Unstored result) {
        LeaseResult answer = store.complete(result.claim(), result.completion(), result.ttl());
        if (answer instanceof LeaseResult.Done) {
            return new Stored(result);
        } else if (answer instanceof LeaseResult.Lost) {
            return storedAnew(result);
        }
        return new Unanswered(answer instanceof LeaseResult.Indeterminate failed ? failed.cause() : null);
    }

    /** Stores an end under a new claim, if the store has forgotten the old one and no other owner has begun. */
    private Settlement storedAnew(Unstored result) {
        ClaimRequest before = result.claim().request();
        ClaimRequest request = ClaimRequest.of(before.key(), before.fingerprint(), before.leaseFor(), result.ttl());
        ClaimResult claimed = store.claim(request);
        if (!(claimed instanceof ClaimResult.Acquired acquired)) {
            return notAcquired(request, claimed);
        }
        Claim claim = acquired.claim();
        if (claim.attempt() != 1 || claim.priorRun() != PriorRun.NONE) {
            release(claim, Release.NOT_ATTEMPTED);
            return new Obsolete();
        }
        LOGGER.warn("The store has forgotten the claim of {}, whose end is stored under a new one", claim.key());
        LeaseResult answer = store.complete(claim, result.completion(), result.ttl());
        if (answer instanceof LeaseResult.Done) {
            return new Stored(result);
        }
        put(new Unstored(claim, result.completion(), result.answer(), result.ttl(), result.noted(), result.until()));
        return new Unanswered(answer instanceof LeaseResult.Indeterminate failed ? failed.cause() : null);
    }

    private Settlement notAcquired(ClaimRequest request, ClaimResult claimed) {
        if (claimed instanceof ClaimResult.Indeterminate unanswered) {
            withdraw(request);
            return new Unanswered(unanswered.cause());
        }
        boolean unknown = claimed instanceof ClaimResult.Unavailable || claimed instanceof ClaimResult.Locked;
        return unknown ? new Unanswered(null) : new Obsolete();
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
            renewer.later(
                    this::settleAll,
                    PAUSE,
                    () -> LOGGER.debug("The handler is closed, and tries no more to store results"));
        }
    }

    private void settleAll() {
        scheduled.set(false);
        try {
            settleResults();
            settleGivenBack();
        } catch (RuntimeException failed) {
            LOGGER.warn("Results could not be stored; the next attempt follows", failed);
        }
        if (!results.isEmpty() || !givenBack.isEmpty()) {
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
                remove(result);
                LOGGER.warn(
                        "The end of {} could not be stored for as long as it is of use",
                        result.claim().key());
                continue;
            }
            Settlement settlement = settle(result);
            if (settlement instanceof Unanswered) {
                store.renew(
                        result.claim(),
                        result.claim()
                                .request()
                                .leaseFor()); // So that no other owner runs it while this process knows its end.
                unanswered++;
                if (unanswered == MAX_UNANSWERED) {
                    return;
                }
            } else {
                LOGGER.info("The end of {} is settled: {}", result.claim().key(), name(settlement));
            }
        }
    }

    private void settleGivenBack() {
        int unanswered = 0;
        for (Object what : List.copyOf(givenBack.keySet())) {
            Supplier<LeaseResult> call = givenBack.get(what);
            if (call == null || !(call.get() instanceof LeaseResult.Indeterminate)) {
                givenBack.remove(what);
            } else {
                unanswered++;
                if (unanswered == MAX_UNANSWERED) {
                    return;
                }
            }
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
