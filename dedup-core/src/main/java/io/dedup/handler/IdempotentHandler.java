// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import io.dedup.Fingerprint;
import io.dedup.IdempotencyKey;
import io.dedup.StoredOutcome;
import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.Completion;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.LeaseResult;
import io.dedup.store.Purge;
import io.dedup.store.ScopedKey;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does operations once for each idempotency key, whoever asks for them and however often: claim, run, complete.
 *
 * <pre>{@code
 * IdempotentHandler payments = IdempotentHandler.on(store, "payments").build();
 *
 * Outcome outcome = payments.handle(key, fingerprint, execution -> {
 *     Receipt receipt = provider.charge(card, amount, execution.downstreamKey("charge"));
 *     return receipt.toBytes();
 * });
 * }</pre>
 *
 * <p>While an operation runs its lease is renewed; if that fails for too long, the thread is interrupted, {@link
 * Execution#isLeaseLost} is true, and what the operation comes to is not stored. If the process dies, the key is free when
 * the lease is over, and the next who asks runs the operation again. So an effect can happen twice if its owner died between
 * the effect and the end of {@code handle}: pass {@link Execution#downstreamKey} on to whoever has the effect, or {@linkplain
 * Execution#complete note the outcome} in the transaction of the effect.
 *
 * <p>Thread-safe.
 */
public final class IdempotentHandler implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(IdempotentHandler.class);
    private static final Duration FIRST_PAUSE = Duration.ofMillis(5);
    private static final Duration LONGEST_PAUSE = Duration.ofMillis(250);

    private final IdempotencyStore store;
    private final String scope;
    private final Duration lease;
    private final Duration ttl;
    private final Duration wait;
    private final Map<Class<?>, OnFailure> failures;
    private final @Nullable Reconciler reconciler;
    private final boolean reconcilesAbandoned;
    private final HandlerListener listener;
    private final LeaseKeeper keeper;
    /** Null if it is somebody else's, as the keeper is then. */
    private final @Nullable Purge purge;

    private final int maxOutcomeBytes;

    private IdempotentHandler(IdempotentHandler of, String part) {
        this.store = of.store;
        this.scope = of.scope + "/" + part;
        this.lease = of.lease;
        this.ttl = of.ttl;
        this.wait = of.wait;
        this.maxOutcomeBytes = of.maxOutcomeBytes;
        this.failures = of.failures;
        this.reconciler = of.reconciler;
        this.reconcilesAbandoned = of.reconcilesAbandoned;
        this.listener = of.listener;
        this.keeper = of.keeper;
        this.purge = null;
    }

    private IdempotentHandler(Builder builder) {
        this.store = builder.store;
        this.maxOutcomeBytes = builder.maxOutcomeBytes;
        this.scope = builder.scope;
        this.lease = builder.lease;
        this.ttl = builder.ttl;
        this.wait = builder.wait;
        this.failures = Map.copyOf(builder.failures);
        this.reconciler = builder.reconciler;
        this.reconcilesAbandoned = builder.reconcilesAbandoned;
        this.listener = new CarefulListener(builder.listener);
        this.keeper = new LeaseKeeper(store, lease, listener);
        this.purge = Purge.every(builder.purgeEvery, store);
    }

    /**
     * A handler whose operations are claimed in that store, to be configured and {@linkplain Builder#build built}.
     *
     * @param scope what keys are unique within, so that a payment and a mail for the same order are two operations: the
     *     operation, and its caller if callers choose keys
     * @throws IllegalArgumentException if the scope is blank
     */
    public static Builder on(IdempotencyStore store, String scope) {
        if (scope.isBlank()) {
            throw new IllegalArgumentException("Without a scope, operations that differ would share their keys");
        }
        return new Builder(store, scope);
    }

    /** How a handler is to be. Not thread-safe. */
    public static final class Builder {
        private final IdempotencyStore store;
        private final String scope;
        private int maxOutcomeBytes = 1024 * 1024;
        private Duration lease = Duration.ofMinutes(1);
        private Duration ttl = Duration.ofHours(24);
        private Duration wait = Duration.ofSeconds(10);
        private final Map<Class<?>, OnFailure> failures =
                new LinkedHashMap<>(Map.of(Throwable.class, OnFailure.release()));
        private @Nullable Reconciler reconciler;
        private boolean reconcilesAbandoned;
        private Duration purgeEvery = Purge.USUAL;
        private HandlerListener listener = new HandlerListener() {};

        private Builder(IdempotencyStore store, String scope) {
            this.store = store;
            this.scope = scope;
        }

        /**
         * How long an operation may be without a sign of life before somebody else begins it; a minute unless something else
         * is asked for. An operation may take much longer: its lease is renewed while its process lives.
         *
         * @param duration 10 ms or more
         */
        public Builder withLease(Duration duration) {
            ClaimRequest.millis("The lease", duration);
            if (duration.toMillis() < 10) {
                throw new IllegalArgumentException("A lease of " + duration + " is over before it can be renewed");
            }
            lease = duration;
            return this;
        }

        /** How long outcomes are kept; 24 hours unless something else is asked for. */
        public Builder withTtl(Duration duration) {
            ClaimRequest.millis("The TTL", duration);
            ttl = duration;
            return this;
        }

        /**
         * How long to wait while somebody else does the operation; 10 s unless something else is asked for, and not at all
         * with {@link Duration#ZERO}. Who has waited in vain is told so, and never does it too.
         */
        public Builder withWait(Duration atMost) {
            if (atMost.isNegative()) {
                throw new IllegalArgumentException("Nobody can wait for " + atMost);
            }
            wait = atMost;
            return this;
        }

        /**
         * What becomes of the key when the operation fails with an exception of that type; of several that fit, the one for
         * the most special type. Everything {@linkplain OnFailure#release releases} it unless something else is asked for.
         */
        public Builder withFailure(Class<? extends Throwable> type, OnFailure then) {
            failures.put(type, then);
            return this;
        }

        /** Who finds out what became of operations whose outcome is unknown. Without, they stay unknown for the TTL. */
        public Builder withReconciler(Reconciler finder) {
            reconciler = finder;
            return this;
        }

        /**
         * Takes the outcome of an operation whose owner has vanished for unknown, instead of doing it again. For effects that
         * must not happen twice where whoever has them does not know idempotency keys.
         */
        public Builder withAbandonedUnknown() {
            reconcilesAbandoned = true;
            return this;
        }

        /**
         * How long an outcome may be to be stored; a mebibyte unless something else is asked for. Of an operation that comes to
         * more than that, it is remembered that it was done, and its outcome is {@linkplain Outcome.Unknown unknown} to those
         * who ask again.
         */
        public Builder withMaxOutcomeBytes(int bytes) {
            maxOutcomeBytes = bytes;
            return this;
        }

        /** How often outcomes whose TTL is over are deleted from the store; every minute unless something else is asked for. */
        public Builder withPurge(Duration every) {
            ClaimRequest.millis("The pause between purges", every);
            purgeEvery = every;
            return this;
        }

        /** Who is told what happens. */
        public Builder onEvent(HandlerListener told) {
            listener = told;
            return this;
        }

        /** The handler. Close it when nothing runs any more. */
        public IdempotentHandler build() {
            return new IdempotentHandler(this);
        }
    }

    /**
     * Does the operation, unless it was done before.
     *
     * @param fingerprint of what is to be done, so that the key is not used for something else; null if that is not checked
     * @throws E what the operation has thrown, if such a failure is not {@linkplain OnFailure#store stored}
     * @throws LeaseLostException if somebody else may have begun the operation before this one was done with it
     * @throws IllegalStateException if the handler has been closed
     * @throws StoreUnavailableException if the store does not say who is to do it, in which case it is not done, or does not
     *     confirm what it came to
     */
    public <E extends Exception> Outcome handle(
            IdempotencyKey key, @Nullable Fingerprint fingerprint, Operation<E> operation) throws E {
        keeper.throwIfClosed();
        Call call = new Call(new ScopedKey(scope, key), fingerprint);
        try {
            Outcome outcome = call.handle(operation);
            listener.answered(call.key, outcome, call.attempt, call.waited, call.elapsed());
            return outcome;
        } catch (StoreUnavailableException failed) {
            listener.storeUnavailable(call.key, failed);
            throw failed;
        }
    }

    /**
     * The same handler for keys that are unique within a part of its scope: a topic, a tenant. It ends with this one, and
     * closing it does nothing.
     */
    public IdempotentHandler within(String part) {
        return new IdempotentHandler(this, part);
    }

    /** Whether nothing is begun any more. */
    public boolean isClosed() {
        return keeper.isClosed();
    }

    /**
     * Lets attempts be counted from one again, for an operation that has failed and was given up. Does nothing if it is being
     * done, or was.
     */
    public void forgetAttempts(IdempotencyKey key) {
        Duration soon = Duration.ofMillis(1);
        ClaimResult result = store.claim(ClaimRequest.of(new ScopedKey(scope, key), null, soon, soon));
        if (result instanceof ClaimResult.Acquired acquired) {
            store.release(acquired.claim());
        }
    }

    /**
     * Stops renewing leases, and purging. What still runs is told when its lease is over, and nothing new is begun. The store
     * is its owner's.
     */
    @Override
    public void close() {
        if (purge != null) {
            keeper.close();
            purge.close();
        }
    }

    /** One call of {@link #handle}. */
    private final class Call {
        private final ScopedKey key;
        private final @Nullable Fingerprint fingerprint;
        private final long startedAt = System.nanoTime();
        private Duration waited = Duration.ZERO;
        private int attempt;
        private long claimedAt;

        Call(ScopedKey key, @Nullable Fingerprint fingerprint) {
            this.key = key;
            this.fingerprint = fingerprint;
        }

        Duration elapsed() {
            return Duration.ofNanos(System.nanoTime() - startedAt);
        }

        <E extends Exception> Outcome handle(Operation<E> operation) throws E {
            ClaimRequest request = ClaimRequest.of(key, fingerprint, lease, ttl);
            ClaimResult result = claim(request);
            boolean reopens = reconciler != null
                    && result instanceof ClaimResult.Completed completed
                    && completed.completion().kind() == Completion.Kind.UNKNOWN;
            if (reopens) {
                result = claim(request.reopening());
            }
            if (result instanceof ClaimResult.Acquired acquired) {
                return reopens || (acquired.takenOver() && reconcilesAbandoned)
                        ? reconcile(acquired, operation)
                        : run(acquired, operation);
            } else if (result instanceof ClaimResult.Completed completed) {
                return replayed(completed.completion());
            } else if (result instanceof ClaimResult.InProgress busy) {
                return new Outcome.InProgress(busy.leaseLeft());
            }
            return new Outcome.Conflict();
        }

        private Outcome replayed(Completion completion) {
            return switch (completion.kind()) {
                case SUCCEEDED -> new Outcome.Replayed(completion.outcome(), false);
                case FAILED -> new Outcome.Replayed(completion.outcome(), true);
                case UNKNOWN -> new Outcome.Unknown();
            };
        }

        /** Any answer but that somebody else is busy, unless that stays so; never one that says nothing. */
        private ClaimResult claim(ClaimRequest request) {
            Duration pause = FIRST_PAUSE;
            long waitingSince = 0;
            while (true) {
                claimedAt = System.nanoTime();
                ClaimResult result = store.claim(request);
                if (waitingSince != 0) {
                    waited = Duration.ofNanos(System.nanoTime() - waitingSince);
                }
                if (result instanceof ClaimResult.Unavailable unavailable) {
                    throw new StoreUnavailableException(
                            "The operation " + key + " was not begun. " + unavailable.reason(),
                            false,
                            unavailable.cause());
                }
                Duration left;
                if (result instanceof ClaimResult.InProgress) {
                    waitingSince = waitingSince == 0 ? claimedAt : waitingSince;
                    left = wait.minus(waited);
                    if (left.isNegative() || left.isZero()) {
                        return result;
                    }
                } else if (result instanceof ClaimResult.Indeterminate unanswered) {
                    left = lease.minus(elapsed());
                    if (left.isNegative()) {
                        throw new StoreUnavailableException(
                                "The operation " + key + " was not begun: the store does not answer who is to do it",
                                false,
                                unanswered.cause());
                    }
                } else {
                    return result;
                }
                if (!pause(pause.compareTo(left) < 0 ? pause : left)) {
                    return gaveUp(result);
                }
                pause = longer(pause);
            }
        }

        /** The answer to somebody who is interrupted while waiting. */
        private ClaimResult gaveUp(ClaimResult result) {
            if (result instanceof ClaimResult.Indeterminate unanswered) {
                throw new StoreUnavailableException(
                        "The operation " + key + " was not begun: interrupted before the store has answered",
                        false,
                        unanswered.cause());
            }
            return result;
        }

        private <E extends Exception> Outcome reconcile(ClaimResult.Acquired acquired, Operation<E> operation)
                throws E {
            Execution execution = new Execution(acquired.claim(), acquired.takenOver(), ttl);
            Reconciler.Finding finding = new Reconciler.StillUnknown();
            try (LeaseKeeper.Lease held = keeper.keep(execution, claimedAt)) {
                try {
                    if (reconciler != null) {
                        finding = reconciler.find(execution);
                    }
                } finally {
                    held.endOperation();
                    if (finding instanceof Reconciler.StillUnknown) {
                        complete(acquired.claim(), Completion.unknown(), false);
                    }
                }
                if (finding instanceof Reconciler.Done done) {
                    complete(acquired.claim(), bounded(Completion.succeeded(done.outcome())), false);
                    return new Outcome.Replayed(done.outcome(), false);
                }
                execution.throwIfLeaseLost();
                claimedAt = held.heldSince();
            }
            return finding instanceof Reconciler.NotDone ? run(acquired, operation) : new Outcome.Unknown();
        }

        private <E extends Exception> Outcome run(ClaimResult.Acquired acquired, Operation<E> operation) throws E {
            Claim claim = acquired.claim();
            attempt = claim.attempt();
            Execution execution = new Execution(claim, acquired.takenOver(), ttl);
            try (LeaseKeeper.Lease held = keeper.keep(execution, claimedAt)) {
                byte[] returned;
                try {
                    returned = operation.run(execution);
                } catch (Throwable failure) {
                    held.endOperation();
                    Completion stored = failed(execution, failure);
                    if (stored == null || stored.kind() == Completion.Kind.UNKNOWN) {
                        throw failure;
                    }
                    return new Outcome.Processed(stored.outcome(), true);
                }
                held.endOperation();
                StoredOutcome noted = execution.completed();
                if (noted != null) {
                    return new Outcome.Processed(noted, false);
                }
                StoredOutcome outcome = StoredOutcome.of(returned);
                complete(claim, bounded(Completion.succeeded(outcome)), true);
                return new Outcome.Processed(outcome, false);
            }
        }

        /** The completion, or that it is unknown if it is too long to be stored. */
        private Completion bounded(Completion completion) {
            if (completion.outcome().length() <= maxOutcomeBytes) {
                return completion;
            }
            LOGGER.warn(
                    "The outcome of {} has {} bytes, of which at most {} are stored: it is unknown to who asks again",
                    key,
                    completion.outcome().length(),
                    maxOutcomeBytes);
            return Completion.unknown();
        }

        /** What is stored of a failure; null if nothing is. */
        private @Nullable Completion failed(Execution execution, Throwable failure) {
            Claim claim = execution.claim();
            OnFailure then = onFailure(failure.getClass());
            if (execution.isLeaseLost() && execution.completed() == null) {
                giveUp(claim, then, failure);
                throw new LeaseLostException(
                        "Somebody else may have begun the operation " + key + " meanwhile", failure);
            }
            listener.failed(key, failure, attempt);
            if (then.releases()) {
                release(claim);
                return null;
            }
            Completion stored = bounded(then.completionOf(failure));
            try {
                complete(claim, stored, true);
            } catch (LeaseLostException superseded) {
                if (execution.completed() != null) {
                    return null; // Its transaction was committed before it failed.
                }
                superseded.addSuppressed(failure);
                throw superseded;
            } catch (RuntimeException notStored) {
                notStored.addSuppressed(failure);
                throw notStored;
            }
            return stored;
        }

        /** What can still be said of an operation whose lease is over, if nobody else has begun it. */
        private void giveUp(Claim claim, OnFailure then, Throwable failure) {
            if (!then.releases()) {
                Completion completion = bounded(then.completionOf(failure));
                undisturbed(() -> store.complete(claim, completion, ttl));
            } else if (!reconcilesAbandoned) {
                release(claim);
            }
        }

        private void release(Claim claim) {
            LeaseResult result = undisturbed(() -> store.release(claim));
            if (result instanceof LeaseResult.Indeterminate unanswered) {
                LOGGER.warn(
                        "The key {} of a failed operation could not be released, and is free in {}",
                        key,
                        lease,
                        unanswered.cause());
            }
        }

        private void complete(Claim claim, Completion completion, boolean ran) {
            long since = System.nanoTime();
            Duration pause = FIRST_PAUSE;
            while (true) {
                LeaseResult result = undisturbed(() -> store.complete(claim, completion, ttl));
                if (result instanceof LeaseResult.Done) {
                    return;
                } else if (result instanceof LeaseResult.Lost) {
                    throw new LeaseLostException(
                            "Somebody else has begun the operation " + key + " before it was completed", null);
                }
                boolean inTime = System.nanoTime() - since < lease.toNanos();
                if (!inTime || !pause(pause)) {
                    throw new StoreUnavailableException(
                            "What the operation " + key + " came to could not be stored",
                            ran,
                            ((LeaseResult.Indeterminate) result).cause());
                }
                pause = longer(pause);
            }
        }
    }

    private OnFailure onFailure(Class<?> type) {
        for (Class<?> at = type; at != null; at = at.getSuperclass()) {
            OnFailure found = failures.get(at);
            if (found != null) {
                return found;
            }
        }
        throw new IllegalStateException(type + " is not something that can be thrown");
    }

    /** Makes a call that an interrupt of earlier does not keep from being answered. */
    private static LeaseResult undisturbed(Supplier<LeaseResult> call) {
        boolean interrupted = Thread.interrupted();
        try {
            return call.get();
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Whether the pause was not cut short by an interrupt, which is still pending then. */
    private static boolean pause(Duration duration) {
        long until = System.nanoTime() + duration.toNanos();
        for (long left = duration.toNanos(); left > 0; left = until - System.nanoTime()) {
            if (Thread.currentThread().isInterrupted()) {
                return false;
            }
            LockSupport.parkNanos(left);
        }
        return true;
    }

    private static Duration longer(Duration pause) {
        Duration doubled = pause.multipliedBy(2);
        return doubled.compareTo(LONGEST_PAUSE) < 0 ? doubled : LONGEST_PAUSE;
    }
}
