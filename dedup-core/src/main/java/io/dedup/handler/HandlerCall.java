// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import io.dedup.Fingerprint;
import io.dedup.StoredOutcome;
import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.ClaimState;
import io.dedup.store.Completion;
import io.dedup.store.LeaseResult;
import io.dedup.store.Release;
import io.dedup.store.ScopedKey;
import java.nio.channels.ClosedByInterruptException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One call of {@link IdempotentHandler#handle}. It decides what a takeover, a noted outcome and a lost answer mean:
 *
 * <ul>
 *   <li>Where an earlier run may have been done, the {@link Reconciler} is asked before the operation is run.
 *   <li>What the operation has noted in a transaction of its own counts if the store has it, however the operation ended.
 *   <li>How an operation ended is kept until the store has confirmed it, and asked about before anything is claimed.
 * </ul>
 *
 * <p>Confined to one thread.
 */
final class HandlerCall {
    private static final Logger LOGGER = LoggerFactory.getLogger(HandlerCall.class);

    private final HandlerSettings settings;
    private final LeaseRenewer renewer;
    private final UnstoredResults unstored;
    private final ScopedKey key;
    private final @Nullable Fingerprint fingerprint;
    private final long startedAt = System.nanoTime();
    private Duration waited = Duration.ZERO;
    private int attempt;
    private long claimedAt;

    HandlerCall(
            HandlerSettings settings,
            LeaseRenewer renewer,
            UnstoredResults unstored,
            ScopedKey key,
            @Nullable Fingerprint fingerprint) {
        this.settings = settings;
        this.renewer = renewer;
        this.unstored = unstored;
        this.key = key;
        this.fingerprint = fingerprint;
    }

    ScopedKey key() {
        return key;
    }

    /** Which attempt it was, if the operation was done now; else 0. */
    int attempt() {
        return attempt;
    }

    Duration waited() {
        return waited;
    }

    Duration elapsed() {
        return Duration.ofNanos(System.nanoTime() - startedAt);
    }

    <E extends Exception> Outcome handle(Operation<E> operation) throws E {
        Outcome known = settled();
        if (known != null) {
            return known;
        }
        ClaimRequest request = ClaimRequest.of(key, fingerprint, settings.lease(), settings.ttl());
        ClaimResult result = claim(request);
        boolean reopens = settings.reconciler() != null
                && result instanceof ClaimResult.Completed completed
                && completed.completion().kind() == Completion.Kind.UNKNOWN;
        if (reopens) {
            result = claim(request.reopening());
        }
        if (result instanceof ClaimResult.Acquired acquired) {
            return isToBeReconciled(acquired.claim())
                    ? reconcile(acquired.claim(), operation)
                    : run(acquired.claim(), operation);
        } else if (result instanceof ClaimResult.Completed completed) {
            return replayed(completed.completion());
        } else if (result instanceof ClaimResult.InProgress busy) {
            return new Outcome.InProgress(busy.leaseLeft());
        } else if (result instanceof ClaimResult.Locked) {
            return new Outcome.InProgress(Duration.ZERO);
        }
        return new Outcome.Conflict();
    }

    private boolean isToBeReconciled(Claim claim) {
        return switch (claim.priorRun()) {
            case NONE -> false;
            case INTERRUPTED, ABANDONED -> settings.reconciler() != null || settings.abandonedIsUnknown();
            case UNKNOWN -> true;
        };
    }

    private static Outcome replayed(Completion completion) {
        return switch (completion.kind()) {
            case SUCCEEDED -> new Outcome.Replayed(completion.outcome(), false);
            case FAILED -> new Outcome.Replayed(completion.outcome(), true);
            case UNKNOWN -> new Outcome.Unknown();
        };
    }

    /** The answer if this process knows how the operation ended; null if it does not, or if that is void. */
    private @Nullable Outcome settled() {
        UnstoredResults.Unstored result = unstored.of(key);
        if (result == null) {
            if (unstored.isFull()) {
                throw notBegun(UnstoredResults.MAX + " earlier operations could not be stored yet", null);
            }
            return null;
        }
        Fingerprint other = result.claim().request().fingerprint();
        if (other != null && fingerprint != null && other.conflictsWith(fingerprint)) {
            return new Outcome.Conflict();
        }
        Backoff backoff = new Backoff(settings.patience());
        while (true) {
            UnstoredResults.Settlement settlement = uninterruptibly(() -> unstored.settle(result));
            if (settlement instanceof UnstoredResults.Stored) {
                return result.outcome() == null
                        ? replayed(result.completion())
                        : new Outcome.Replayed(
                                Optional.of(result.outcome()),
                                result.completion().kind() == Completion.Kind.FAILED);
            } else if (settlement instanceof UnstoredResults.Obsolete) {
                return null;
            } else if (!backoff.pause()) {
                throw notStored(((UnstoredResults.Unanswered) settlement).cause());
            }
        }
    }

    /** Any answer but that another owner is busy, unless that stays so; never one that says nothing. */
    private ClaimResult claim(ClaimRequest request) {
        Backoff patience = new Backoff(settings.patience());
        Backoff waiting = null;
        long waitingSince = 0;
        while (true) {
            claimedAt = System.nanoTime();
            ClaimResult result = settings.store().claim(request);
            if (waitingSince != 0) {
                waited = Duration.ofNanos(System.nanoTime() - waitingSince);
            }
            boolean goesOn;
            if (result instanceof ClaimResult.Unavailable unavailable) {
                throw notBegun(unavailable.reason(), unavailable.cause());
            } else if (result instanceof ClaimResult.InProgress || result instanceof ClaimResult.Locked) {
                if (waiting == null) {
                    waitingSince = claimedAt;
                    waiting = new Backoff(settings.waitFor());
                }
                goesOn = waiting.pause();
            } else if (result instanceof ClaimResult.Indeterminate unanswered) {
                goesOn = patience.pause();
                if (!goesOn) {
                    unstored.withdraw(request);
                    throw notBegun("The store does not answer which owner is to run it", unanswered.cause());
                }
            } else if (result instanceof ClaimResult.Acquired acquired && isLate()) {
                // The lease may be over. The same request extends it, unless another owner has the key by now.
                goesOn = patience.pause();
                if (!goesOn) {
                    release(acquired.claim(), Release.NOT_ATTEMPTED);
                    throw notBegun("The store takes longer to answer than a lease lasts", null);
                }
            } else {
                return result;
            }
            if (!goesOn) {
                return result;
            }
        }
    }

    private boolean isLate() {
        return System.nanoTime() - claimedAt >= settings.lease().toNanos();
    }

    private StoreUnavailableException notBegun(String reason, @Nullable Throwable cause) {
        return new StoreUnavailableException("The operation " + key + " was not begun. " + reason, false, cause);
    }

    private StoreUnavailableException notStored(@Nullable Throwable cause) {
        return new StoreUnavailableException(
                "The operation " + key + " was run, and the store has not confirmed how it ended; this process goes on"
                        + " trying to store it",
                true,
                cause);
    }

    /** The lease, which is renewed from now on; or the claim is given back, since the handler is closed. */
    private LeaseRenewer.Lease held(Execution execution) {
        try {
            return renewer.keep(execution, claimedAt);
        } catch (IllegalStateException closed) {
            release(execution.claim(), Release.NOT_ATTEMPTED);
            throw closed;
        }
    }

    private Execution execution(Claim claim) {
        return new Execution(claim, settings.ttl(), this::bounded);
    }

    private <E extends Exception> Outcome reconcile(Claim claim, Operation<E> operation) throws E {
        Execution execution = execution(claim);
        Reconciler.Finding finding;
        try (LeaseRenewer.Lease held = held(execution)) {
            try {
                finding = found(execution);
            } catch (Throwable failed) {
                held.endOperation();
                ReconciliationFailedException unknown =
                        new ReconciliationFailedException(key.toString(), claim.attempt(), failed);
                try {
                    complete(claim, Completion.unknown(), null);
                } catch (RuntimeException notStored) {
                    unknown.addSuppressed(notStored);
                }
                throw unknown;
            }
            held.endOperation();
            if (finding instanceof Reconciler.StillUnknown) {
                complete(claim, Completion.unknown(), null);
            }
            if (finding instanceof Reconciler.Done done) {
                Completion completion = bounded(Completion.succeeded(done.outcome()));
                complete(claim, completion, done.outcome());
                return new Outcome.Replayed(Optional.of(done.outcome()), false);
            }
            execution.throwIfLeaseLost();
            claimedAt = held.heldSince();
        }
        return finding instanceof Reconciler.NotDone ? run(claim, operation) : new Outcome.Unknown();
    }

    private Reconciler.Finding found(Execution execution) {
        Reconciler reconciler = settings.reconciler();
        return reconciler == null ? new Reconciler.StillUnknown() : reconciler.find(execution);
    }

    private <E extends Exception> Outcome run(Claim claim, Operation<E> operation) throws E {
        attempt = claim.attempt();
        Execution execution = execution(claim);
        try (LeaseRenewer.Lease held = held(execution)) {
            byte[] returned;
            try {
                returned = operation.run(execution);
            } catch (Throwable failure) {
                held.endOperation();
                return failed(execution, failure);
            }
            held.endOperation();
            Execution.Noted noted = execution.noted();
            if (noted == null) {
                StoredOutcome outcome = StoredOutcome.of(returned);
                complete(claim, bounded(Completion.succeeded(outcome)), outcome);
                return new Outcome.Processed(outcome, false);
            } else if (isCommitted(claim, noted, null)) {
                return new Outcome.Processed(noted.outcome(), false);
            }
            return ended(execution, new OutcomeNotCommittedException(key.toString()));
        }
    }

    /** The completion as it is stored: without its outcome if that is too long. */
    private Completion bounded(Completion completion) {
        int length = completion.outcome().map(StoredOutcome::length).orElse(0);
        if (length <= settings.maxOutcomeBytes()) {
            return completion;
        }
        LOGGER.warn(
                "The outcome of {} has {} bytes, of which at most {} are stored: it stays done, and its outcome is left out",
                key,
                length,
                settings.maxOutcomeBytes());
        return completion.withoutOutcome();
    }

    /** Whether what the operation has noted in its transaction is there. Asks until that transaction has ended. */
    private boolean isCommitted(Claim claim, Execution.Noted noted, @Nullable Throwable failure) {
        Backoff backoff = new Backoff(settings.patience());
        while (true) {
            ClaimState state = uninterruptibly(() -> settings.store().inspect(claim));
            if (state instanceof ClaimState.Completed) {
                return true;
            } else if (state instanceof ClaimState.Held) {
                return false;
            } else if (state instanceof ClaimState.Lost) {
                throw superseded(failure);
            } else if (!backoff.pause()) {
                unstored.keep(claim, noted.completion(), noted.outcome(), settings.ttl(), true);
                StoreUnavailableException unknown =
                        notStored(state instanceof ClaimState.Indeterminate unanswered ? unanswered.cause() : null);
                if (failure != null) {
                    unknown.addSuppressed(failure);
                }
                throw unknown;
            }
        }
    }

    private <E extends Exception> Outcome failed(Execution execution, Throwable failure) throws E {
        Execution.Noted noted = execution.noted();
        if (noted != null && isCommitted(execution.claim(), noted, failure)) {
            LOGGER.warn("The operation {} has committed its outcome, and has failed afterwards", key, failure);
            settings.listener().failed(key, failure, attempt);
            return new Outcome.Processed(noted.outcome(), false);
        }
        return ended(execution, failure);
    }

    /** The end of an operation that has failed, and has committed nothing. */
    private <E extends Exception> Outcome ended(Execution execution, Throwable failure) throws E {
        Claim claim = execution.claim();
        if (failure instanceof OperationDeclinedException declined) {
            attempt = 0;
            release(claim, Release.NOT_ATTEMPTED);
            throw declined;
        }
        Throwable seen = execution.isTimedOut()
                ? new OperationTimeoutException(key.toString(), settings.maxDuration(), failure)
                : failure;
        OnFailure then = settings.onFailure(seen.getClass());
        if (execution.isLeaseLost() && !execution.isTimedOut()) {
            giveUp(claim, then, seen);
            throw superseded(failure);
        }
        settings.listener().failed(key, seen, attempt);
        if (then.releases()) {
            release(claim, releaseOf(execution, failure));
            throw HandlerCall.<E>sneaky(seen);
        }
        StoredOutcome outcome = outcomeOf(then, seen);
        try {
            complete(claim, completionOf(outcome), outcome);
        } catch (RuntimeException notStored) {
            notStored.addSuppressed(seen);
            throw notStored;
        }
        if (outcome == null) {
            throw HandlerCall.<E>sneaky(seen);
        }
        return new Outcome.Processed(outcome, true);
    }

    /** What is stored of a failure that is kept. */
    private Completion completionOf(@Nullable StoredOutcome outcome) {
        return outcome == null ? Completion.unknown() : bounded(Completion.failed(outcome));
    }

    /** The outcome that a failure is; null if it is unknown whether the operation was done. */
    private @Nullable StoredOutcome outcomeOf(OnFailure then, Throwable failure) {
        try {
            return then.outcomeOf(failure);
        } catch (RuntimeException unusable) {
            LOGGER.error(
                    "What is to be stored of the failure of {} could not be made; it stays a failure", key, unusable);
            return StoredOutcome.of(null);
        }
    }

    /** What interrupted an operation says about what it has done. */
    private static Release releaseOf(Execution execution, Throwable failure) {
        if (isCancelled(execution, failure)) {
            return Release.CANCELLED;
        }
        return execution.isTimedOut() ? Release.INTERRUPTED : Release.FAILED;
    }

    /** Whether the application has interrupted the operation, as it does when it is shut down. */
    private static boolean isCancelled(Execution execution, Throwable failure) {
        return !execution.isTimedOut()
                && !execution.isLeaseLost()
                && (Thread.currentThread().isInterrupted()
                        || failure instanceof InterruptedException
                        || failure instanceof ClosedByInterruptException);
    }

    /** What the operation has thrown, which is an {@code E} or unchecked. */
    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    private static <E extends Exception> E sneaky(Throwable failure) throws E {
        if (failure instanceof Error error) {
            throw error;
        }
        throw (E) failure;
    }

    private LeaseLostException superseded(@Nullable Throwable failure) {
        return new LeaseLostException("Another owner may have begun the operation " + key + " meanwhile", failure);
    }

    /** What can still be said of an operation whose lease is over, if no other owner has begun it. */
    private void giveUp(Claim claim, OnFailure then, Throwable failure) {
        if (!then.releases()) {
            StoredOutcome outcome = outcomeOf(then, failure);
            Completion completion = completionOf(outcome);
            LeaseResult result = uninterruptibly(() -> settings.store().complete(claim, completion, settings.ttl()));
            if (!(result instanceof LeaseResult.Done) && !(result instanceof LeaseResult.Lost)) {
                unstored.keep(claim, completion, outcome, settings.ttl(), false);
            }
        } else if (!settings.abandonedIsUnknown()) {
            release(claim, Release.INTERRUPTED);
        }
    }

    /** Gives the claim back. What the store does not confirm in time is kept and tried again. */
    private void release(Claim claim, Release why) {
        Backoff backoff = new Backoff(settings.patience());
        while (true) {
            LeaseResult result = uninterruptibly(() -> settings.store().release(claim, why));
            if (!(result instanceof LeaseResult.Indeterminate unanswered)) {
                return;
            } else if (!backoff.pause()) {
                LOGGER.warn("The key {} could not be released yet", key, unanswered.cause());
                unstored.release(claim, why);
                return;
            }
        }
    }

    /**
     * Stores how the operation ended. What the store does not confirm in time is kept and tried again.
     *
     * @param outcome null if it is unknown
     */
    private void complete(Claim claim, Completion completion, @Nullable StoredOutcome outcome) {
        Backoff backoff = new Backoff(settings.patience());
        while (true) {
            LeaseResult result = uninterruptibly(() -> settings.store().complete(claim, completion, settings.ttl()));
            if (result instanceof LeaseResult.Done) {
                return;
            }
            boolean lost = result instanceof LeaseResult.Lost;
            if (lost || !backoff.pause()) {
                UnstoredResults.Unstored kept = unstored.keep(claim, completion, outcome, settings.ttl(), false);
                // A claim that is lost may have been forgotten by the store, which a new one shows.
                UnstoredResults.Settlement settlement = lost
                        ? uninterruptibly(() -> unstored.settle(kept))
                        : new UnstoredResults.Unanswered(cause(result));
                if (settlement instanceof UnstoredResults.Unanswered unanswered) {
                    throw notStored(unanswered.cause());
                } else if (settlement instanceof UnstoredResults.Obsolete) {
                    throw superseded(null);
                }
                return;
            }
        }
    }

    private static @Nullable Throwable cause(LeaseResult result) {
        return result instanceof LeaseResult.Indeterminate unanswered ? unanswered.cause() : null;
    }

    /** Makes a call that an interrupt of earlier does not keep from being answered. */
    private static <T> T uninterruptibly(Supplier<T> call) {
        boolean interrupted = Thread.interrupted();
        try {
            return call.get();
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
