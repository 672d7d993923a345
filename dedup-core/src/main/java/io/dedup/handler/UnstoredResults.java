// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import io.dedup.StoredOutcome;
import io.dedup.store.Claim;
import io.dedup.store.ClaimState;
import io.dedup.store.Completion;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.LeaseResult;
import io.dedup.store.Release;
import io.dedup.store.ScopedKey;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How operations ended whose end the store has not confirmed yet. This process knows it, so it keeps trying to store it, and
 * answers with it; it does not run such an operation again.
 *
 * <p>There are no more of them than operations that ended while the store was away, since nothing is claimed then; and where
 * the store takes claims and no completions, no more than {@link #MAX}: beyond that nothing is begun.
 *
 * <p>Thread-safe.
 */
final class UnstoredResults implements AutoCloseable {
    /** How many are kept before nothing more is begun. */
    static final int MAX = 10_000;

    private static final Logger LOGGER = LoggerFactory.getLogger(UnstoredResults.class);
    private static final Duration PAUSE = Duration.ofMillis(500);

    private final IdempotencyStore store;
    private final LeaseRenewer renewer;
    private final Map<ScopedKey, Unstored> results = new ConcurrentHashMap<>();
    private final AtomicBoolean scheduled = new AtomicBoolean();

    UnstoredResults(IdempotencyStore store, LeaseRenewer renewer) {
        this.store = store;
        this.renewer = renewer;
    }

    /**
     * An end that is not known to be stored.
     *
     * @param outcome as callers get it; null if it is unknown
     * @param noted whether it was noted in a transaction of the operation: then it counts if that was committed, and is not
     *     stored otherwise
     */
    record Unstored(
            Claim claim, Completion completion, @Nullable StoredOutcome outcome, Duration ttl, boolean noted) {}

    /** What has become of an end that was not known to be stored. */
    sealed interface Settlement {}

    /** It is stored. */
    record Stored(Unstored result) implements Settlement {}

    /** It is not stored, and never will be: another owner has the key, or its transaction was rolled back. */
    record Obsolete() implements Settlement {}

    /** It is still not known. */
    record Unanswered(@Nullable Throwable cause) implements Settlement {}

    void keep(Unstored result) {
        results.put(result.claim().key(), result);
        schedule();
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
            results.remove(result.claim().key(), result);
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
            for (Unstored result : results.values()) {
                Settlement settlement = settle(result);
                if (settlement instanceof Unanswered) {
                    break; // The store is away for the others too.
                }
                LOGGER.info("The end of {} is settled: {}", result.claim().key(), name(settlement));
            }
        } catch (RuntimeException failed) {
            LOGGER.warn("Results could not be stored; the next attempt follows", failed);
        }
        if (!results.isEmpty()) {
            schedule();
        }
    }

    private static String name(Settlement settlement) {
        return settlement instanceof Stored ? "stored" : "obsolete, as another owner has the key or it was rolled back";
    }

    /** Tries once more, and says what is left. */
    @Override
    public void close() {
        for (Unstored result : results.values()) {
            if (settle(result) instanceof Unanswered) {
                LOGGER.warn(
                        "How the operation {} ended is not known to be stored, and the handler is closed: when its lease"
                                + " is over, a retry runs it again with the same downstream key",
                        result.claim().key());
            }
        }
    }
}
