// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import io.dedup.Fingerprint;
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
import java.nio.channels.ClosedByInterruptException;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One call of a handler, in steps: settle what this process knows, claim, find out where that is necessary, run, and end. It
 * decides what a takeover, a noted outcome and a lost answer mean:
 *
 * <ul>
 *   <li>Where an earlier run may have been done, the {@link Reconciler} is asked before the operation is run.
 *   <li>What the operation has noted in a transaction of its own counts if the store has it, however the operation ended.
 *   <li>How an operation ended is kept until the store has confirmed it, and asked about before anything is claimed.
 * </ul>
 *
 * <p>{@link #handle} takes the steps on one thread; {@link AsyncCall} and {@link BatchCall} take them where they have time. Used by
 * one thread at a time.
 */
final class HandlerCall<T> {
    private static final Logger LOGGER = LoggerFactory.getLogger(HandlerCall.class);

    private final HandlerSettings<T> settings;
    private final LeaseRenewer renewer;
    private final UnstoredResults unstored;
    private final ScopedKey key;
    private final @Nullable Fingerprint fingerprint;
    private final long startedAt = System.nanoTime();
    private Duration waited = Duration.ZERO;
    private int attempt;
    private long claimedAt;

    HandlerCall(
            HandlerSettings<T> settings,
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

    /** The settings of the handler, with what this call has of its own. */
    HandlerSettings<T> settings() {
        return settings;
    }

    /** Takes all steps on this thread. */
    <E extends Exception> Outcome<T> handle(Operation<T, E> operation) throws E {
        Outcome<T> known = settled();
        if (known != null) {
            return answered(known);
        }
        ClaimResult result = claimed();
        if (!(result instanceof ClaimResult.Acquired acquired)) {
            return answered(answer(result));
        }
        Claim claim = acquired.claim();
        Outcome<T> found = isToBeReconciled(claim) ? reconcile(claim) : null;
        return answered(found == null ? run(claim, operation) : found);
    }

    private ClaimResult claimed() {
        Claiming claiming = claiming();
        Duration pause = claiming.ask();
        while (pause != null) {
            if (!Backoff.pause(pause)) {
                claiming.giveUp();
            }
            pause = claiming.ask();
        }
        return claiming.result();
    }

    private <E extends Exception> Outcome<T> run(Claim claim, Operation<T, E> operation) throws E {
        Execution<T> execution = execution(claim);
        try (LeaseRenewer.Lease held = held(execution, Interruption.ofThisThread())) {
            T value;
            try {
                value = operation.run(execution);
            } catch (Throwable failure) {
                held.endOperation();
                return failed(execution, failure);
            }
            held.endOperation();
            return succeeded(execution, value);
        }
    }

    /** Reports the answer to the listener, and returns it. */
    Outcome<T> answered(Outcome<T> outcome) {
        Duration took = Duration.ofNanos(System.nanoTime() - startedAt);
        settings.listener().answered(key, outcome, attempt, waited, took);
        return outcome;
    }

    /** The answer to a claim that was not given. */
    Outcome<T> answer(ClaimResult result) {
        if (result instanceof ClaimResult.Completed completed) {
            return settings.format().replayed(completed.completion());
        } else if (result instanceof ClaimResult.InProgress busy) {
            return new Outcome.InProgress<>(busy.leaseLeft());
        } else if (result instanceof ClaimResult.Locked) {
            return new Outcome.InProgress<>(Duration.ZERO);
        }
        return new Outcome.Conflict<>();
    }

    /** Whether the reconciler has to be asked before the operation may be run. */
    boolean isToBeReconciled(Claim claim) {
        return switch (claim.priorRun()) {
            case NONE -> false;
            case INTERRUPTED, ABANDONED -> settings.reconciler() != null || settings.abandonedIsUnknown();
            case UNKNOWN -> true;
        };
    }

    /** Whether the outcome is unknown, and there is a reconciler that may find out. */
    boolean isToBeReopened(ClaimResult answer) {
        return settings.reconciler() != null
                && answer instanceof ClaimResult.Completed completed
                && completed.completion().kind() == Completion.Kind.UNKNOWN;
    }

    /** Whether this process knows how the operation ended, or begins no more. */
    boolean isToBeSettled() {
        return unstored.isFull() || unstored.of(key) != null;
    }

    /** The answer if this process knows how the operation ended; null if it does not, or if that is void. */
    @Nullable
    Outcome<T> settled() {
        UnstoredResults.Unstored result = unstored.of(key);
        if (result == null) {
            if (unstored.isFull()) {
                throw notBegun(UnstoredResults.MAX + " earlier operations could not be stored yet", null);
            }
            return null;
        }
        Fingerprint other = result.claim().request().fingerprint();
        if (other != null && fingerprint != null && other.conflictsWith(fingerprint)) {
            return new Outcome.Conflict<>();
        }
        Backoff backoff = new Backoff(settings.patience());
        while (true) {
            UnstoredResults.Settlement settlement = uninterruptibly(() -> unstored.settle(result));
            if (settlement instanceof UnstoredResults.Stored) {
                return settings.format().replayed(result.answer());
            } else if (settlement instanceof UnstoredResults.Obsolete) {
                return null;
            } else if (!backoff.pause()) {
                throw notStored(((UnstoredResults.Unanswered) settlement).cause());
            }
        }
    }

    /** The request of this call. */
    ClaimRequest request() {
        return ClaimRequest.of(key, fingerprint, settings.lease(), settings.ttl());
    }

    /** Begins to claim. */
    Claiming claiming() {
        return new Claiming(request());
    }

    /** Goes on with a claim that was asked for at that nano time. */
    Claiming claiming(ClaimRequest request, long askedAt, ClaimResult first) {
        Claiming claiming = new Claiming(request);
        claimedAt = askedAt;
        claiming.first = first;
        return claiming;
    }

    /**
     * A claim that is asked for until it has any answer but that another owner is busy, unless that stays so; and never one that
     * says nothing.
     */
    final class Claiming {
        /** Null while the store answers. */
        private @Nullable Backoff patience;

        private ClaimRequest request;
        private @Nullable ClaimResult first;
        private @Nullable ClaimResult result;
        private @Nullable Backoff waiting;
        private long waitingSince;
        private boolean givenUp;

        private Claiming(ClaimRequest request) {
            this.request = request;
        }

        /** The answer; only once there is one. */
        ClaimResult result() {
            if (result == null) {
                throw new IllegalStateException("the claim has no answer yet");
            }
            return result;
        }

        /** Takes the next answer without another pause. */
        void giveUp() {
            givenUp = true;
        }

        /**
         * Asks once.
         *
         * @return after which pause to ask again; null if there is an answer
         * @throws StoreUnavailableException if the store has given none for too long
         */
        @Nullable
        Duration ask() {
            ClaimResult answer = first;
            first = null;
            if (answer == null) {
                claimedAt = System.nanoTime();
                answer = settings.store().claim(request);
            }
            if (waiting != null) {
                waited = Duration.ofNanos(System.nanoTime() - waitingSince);
            }
            Duration pause = pauseAfter(answer);
            if (pause != null) {
                return pause;
            } else if (!request.reopensUnknown() && isToBeReopened(answer)) {
                request = request.reopening();
                return ask();
            }
            result = answer;
            return null;
        }

        private @Nullable Duration pauseAfter(ClaimResult answer) {
            if (answer instanceof ClaimResult.Unavailable unavailable) {
                throw notBegun(unavailable.reason(), unavailable.cause());
            } else if (answer instanceof ClaimResult.InProgress || answer instanceof ClaimResult.Locked) {
                patience = null;
                if (waiting == null) {
                    waitingSince = claimedAt;
                    waiting = new Backoff(settings.waitFor());
                }
                return givenUp ? null : waiting.next();
            } else if (answer instanceof ClaimResult.Indeterminate unanswered) {
                Duration pause = patiently();
                if (pause == null) {
                    unstored.withdraw(request);
                    throw notBegun("The store does not answer which owner is to run it", unanswered.cause());
                }
                return pause;
            } else if (answer instanceof ClaimResult.Acquired acquired && isLate()) {
                // The lease may be over. The same request extends it, unless another owner has the key by now.
                Duration pause = patiently();
                if (pause == null) {
                    release(acquired.claim(), Release.NOT_ATTEMPTED);
                    throw notBegun("The store takes longer to answer than a lease lasts", null);
                }
                return pause;
            }
            return null;
        }

        private @Nullable Duration patiently() {
            if (patience == null) {
                patience = new Backoff(settings.patience());
            }
            return givenUp ? null : patience.next();
        }

        /** Asks no more, and gives back what may have been claimed. */
        void withdraw() {
            settings.store().withdraw(request);
        }

        /** Whether the lease may be over already. */
        boolean isLate() {
            return System.nanoTime() - claimedAt >= settings.lease().toNanos();
        }
    }

    private StoreUnavailableException notBegun(String reason, @Nullable Throwable cause) {
        return new StoreUnavailableException("The operation " + key + " was not begun. " + reason, false, cause);
    }

    private StoreUnavailableException notStored(@Nullable Throwable cause) {
        String then = renewer.isClosed()
                ? "the handler is closed, and tries no more"
                : "this process goes on trying to store it";
        return new StoreUnavailableException(
                "The operation " + key + " was run, and the store has not confirmed how it ended; " + then,
                true,
                cause);
    }

    /** The lease, which is renewed from now on; or the claim is given back, since the handler is closed. */
    LeaseRenewer.Lease held(Execution<T> execution, Interruption interruption) {
        try {
            return renewer.keep(execution, claimedAt, interruption);
        } catch (IllegalStateException closed) {
            release(execution.claim(), Release.NOT_ATTEMPTED);
            throw closed;
        }
    }

    /** The run of the operation that this claim is for. */
    Execution<T> execution(Claim claim) {
        return execution(claim, settings.store());
    }

    /** The run of the operation that this claim of that store is for. */
    Execution<T> execution(Claim claim, IdempotencyStore store) {
        attempt = claim.attempt();
        return executionOf(claim, store);
    }

    /** The same for the reconciler, which is no run. */
    Execution<T> executionOf(Claim claim, IdempotencyStore store) {
        return new Execution<>(store, claim, settings.ttl(), this::completionOf);
    }

    /** Asks the reconciler; null if the operation was not done, and is to be run. */
    @Nullable
    Outcome<T> reconcile(Claim claim) {
        Execution<T> execution = executionOf(claim, settings.store());
        try (LeaseRenewer.Lease held = held(execution, Interruption.ofThisThread())) {
            Reconciler.Finding<T> finding;
            try {
                finding = found(execution);
            } catch (Throwable failed) {
                held.endOperation();
                ReconciliationFailedException unknown =
                        new ReconciliationFailedException(key.toString(), claim.attempt(), failed);
                try {
                    complete(claim, Completion.unknown(), Completion.unknown());
                } catch (RuntimeException notStored) {
                    unknown.addSuppressed(notStored);
                }
                throw unknown;
            }
            held.endOperation();
            if (finding instanceof Reconciler.StillUnknown) {
                complete(claim, Completion.unknown(), Completion.unknown());
                return new Outcome.Unknown<>();
            }
            if (finding instanceof Reconciler.Done<T> done) {
                complete(claim, done.outcome());
                return new Outcome.Replayed<>(done.outcome());
            }
            execution.throwIfLeaseLost();
            claimedAt = held.heldSince();
            return null;
        }
    }

    /** What the reconciler finds; still unknown if there is none. */
    Reconciler.Finding<T> found(Execution<T> execution) {
        Reconciler<T> reconciler = settings.reconciler();
        return reconciler == null ? new Reconciler.StillUnknown<>() : reconciler.find(execution);
    }

    /** The answer to an operation that has returned. */
    Outcome<T> succeeded(Execution<T> execution, @Nullable T value) {
        Execution.Noted<T> noted = execution.noted();
        if (noted == null) {
            complete(execution.claim(), value);
            return new Outcome.Processed<>(value);
        } else if (isCommitted(execution.claim(), noted, null)) {
            return new Outcome.Processed<>(noted.value());
        }
        return this.<RuntimeException>ended(execution, new OutcomeNotCommittedException(key.toString()));
    }

    /** What is stored of an operation that was done: no outcome if that cannot be written, or is too long. */
    private Completion completionOf(@Nullable T value) {
        return bounded(written(value));
    }

    /** The result of an operation, however long; no outcome if it cannot be written. */
    Completion written(@Nullable T value) {
        try {
            return Completion.succeeded(settings.format().write(value));
        } catch (Throwable unwritable) { // Also an Error: the effect has taken place.
            LOGGER.error(
                    "The outcome of {} cannot be written: it stays done, and its outcome is left out", key, unwritable);
            return Completion.succeeded(StoredOutcome.of(null)).withoutOutcome();
        }
    }

    /** The completion as it is stored: without its outcome if that is too long. */
    Completion bounded(Completion completion) {
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
    private boolean isCommitted(Claim claim, Execution.Noted<T> noted, @Nullable Throwable failure) {
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
                unstored.keep(claim, noted.completion(), written(noted.value()), settings.ttl(), true);
                StoreUnavailableException unknown =
                        notStored(state instanceof ClaimState.Indeterminate unanswered ? unanswered.cause() : null);
                if (failure != null) {
                    unknown.addSuppressed(failure);
                }
                throw unknown;
            }
        }
    }

    /** The answer to an operation that has thrown. Throws that, unless it is an outcome or one was committed. */
    <E extends Exception> Outcome<T> failed(Execution<T> execution, Throwable failure) throws E {
        Execution.Noted<T> noted = execution.noted();
        if (noted != null && isCommitted(execution.claim(), noted, failure)) {
            LOGGER.warn("The operation {} has committed its outcome, and has failed afterwards", key, failure);
            settings.listener().failed(key, failure, attempt);
            return new Outcome.Processed<>(noted.value());
        }
        return ended(execution, failure);
    }

    /** The end of an operation that has failed, and has committed nothing. */
    private <E extends Exception> Outcome<T> ended(Execution<T> execution, Throwable failure) throws E {
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
        OperationRejectedException rejection = rejectionOf(then, seen);
        try {
            complete(claim, completionOf(rejection), writtenOf(rejection));
        } catch (RuntimeException notStored) {
            notStored.addSuppressed(seen);
            throw notStored;
        }
        if (rejection == null) {
            throw HandlerCall.<E>sneaky(seen);
        }
        return new Outcome.Rejected<>(rejection.code(), String.valueOf(rejection.getMessage()), false);
    }

    /** What is stored of a failure that is kept. */
    Completion completionOf(@Nullable OperationRejectedException rejection) {
        return bounded(writtenOf(rejection));
    }

    private static Completion writtenOf(@Nullable OperationRejectedException rejection) {
        return rejection == null ? Completion.unknown() : Completion.failed(OutcomeFormat.writeRejection(rejection));
    }

    /** The rejection that a failure is; null if it is unknown whether the operation was done. */
    @Nullable
    OperationRejectedException rejectionOf(OnFailure then, Throwable failure) {
        try {
            return then.rejectionOf(failure);
        } catch (RuntimeException unusable) {
            LOGGER.error("No rejection could be made of the failure of {}; it stays a rejection", key, unusable);
            return new OperationRejectedException(failure.getClass().getName(), String.valueOf(failure.getMessage()));
        }
    }

    /** What interrupted an operation says about what it has done. */
    private static Release releaseOf(Execution<?> execution, Throwable failure) {
        if (isCancelled(execution, failure)) {
            return Release.CANCELLED;
        }
        return execution.isTimedOut() ? Release.INTERRUPTED : Release.FAILED;
    }

    /** Whether the application has interrupted the operation, as it does when it is shut down. */
    private static boolean isCancelled(Execution<?> execution, Throwable failure) {
        return !execution.isTimedOut()
                && !execution.isLeaseLost()
                && (Thread.currentThread().isInterrupted()
                        || failure instanceof InterruptedException
                        || failure instanceof CancellationException
                        || failure instanceof ClosedByInterruptException);
    }

    /** What the operation has thrown, which is an {@code E} or unchecked. */
    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    static <E extends Exception> E sneaky(Throwable failure) throws E {
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
            OperationRejectedException rejection = rejectionOf(then, failure);
            Completion completion = completionOf(rejection);
            LeaseResult result = uninterruptibly(() -> settings.store().complete(claim, completion, settings.ttl()));
            if (!isSettled(result)) {
                unstored.keep(claim, completion, writtenOf(rejection), settings.ttl(), false);
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

    /** Stores the result of an operation. */
    private void complete(Claim claim, @Nullable T value) {
        Completion written = written(value);
        complete(claim, bounded(written), written);
    }

    /**
     * Stores how the operation ended. What the store does not confirm in time is kept and tried again.
     *
     * @param answer the same with its outcome, however long that is
     */
    private void complete(Claim claim, Completion completion, Completion answer) {
        Backoff backoff = new Backoff(settings.patience());
        LeaseResult result = uninterruptibly(() -> settings.store().complete(claim, completion, settings.ttl()));
        while (!isSettled(result) && backoff.pause()) {
            result = uninterruptibly(() -> settings.store().complete(claim, completion, settings.ttl()));
        }
        confirm(claim, completion, answer, result);
    }

    /**
     * Makes sure that a completion is stored, or kept until it is.
     *
     * @param result what the store has said, last
     * @throws StoreUnavailableException if it has said nothing
     * @throws LeaseLostException if another owner has begun the operation
     */
    void confirm(Claim claim, Completion completion, Completion answer, LeaseResult result) {
        if (result instanceof LeaseResult.Done) {
            return;
        }
        UnstoredResults.Unstored kept = unstored.keep(claim, completion, answer, settings.ttl(), false);
        // A claim that is lost may have been forgotten by the store, which a new one shows.
        UnstoredResults.Settlement settlement = result instanceof LeaseResult.Lost
                ? uninterruptibly(() -> unstored.settle(kept))
                : new UnstoredResults.Unanswered(cause(result));
        if (settlement instanceof UnstoredResults.Unanswered unanswered) {
            throw notStored(unanswered.cause());
        } else if (settlement instanceof UnstoredResults.Obsolete) {
            throw superseded(null);
        }
    }

    static boolean isSettled(LeaseResult result) {
        return result instanceof LeaseResult.Done || result instanceof LeaseResult.Lost;
    }

    private static @Nullable Throwable cause(LeaseResult result) {
        return result instanceof LeaseResult.Indeterminate unanswered ? unanswered.cause() : null;
    }

    /** Makes a call that an interrupt of earlier does not keep from being answered. */
    private static <R> R uninterruptibly(Supplier<R> call) {
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
