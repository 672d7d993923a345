// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import io.dedup.Fingerprint;
import io.dedup.IdempotencyKey;
import io.dedup.store.ClaimRequest;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.LeaseResult;
import io.dedup.store.Purge;
import io.dedup.store.ScopedKey;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs operations once for each idempotency key, however many callers ask for them and however often: claim, run, complete.
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
 * Execution#isLeaseLost} is true, and the outcome of the operation is not stored. If the process dies, the key is free when
 * the lease is over, and the next caller runs the operation again, after a {@link Reconciler} has been asked if there is one. So
 * an effect can happen twice if its owner died between the effect and the end of {@code handle}: pass {@link
 * Execution#downstreamKey} on to the system that has the effect, or {@linkplain Execution#complete note the outcome} in the
 * transaction of the effect.
 *
 * <p>How an operation ended is never forgotten by the process that ran it: while the store cannot be reached the handler keeps
 * trying to store it, and calls with the same key wait for that and do not run the operation again.
 *
 * <p>Thread-safe.
 */
public final class IdempotentHandler implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(IdempotentHandler.class);
    private static final Duration MIN_LEASE = Duration.ofMillis(10);

    private final HandlerSettings settings;
    private final String scope;
    private final LeaseRenewer renewer;
    private final UnstoredResults unstored;
    /** Null if it is another handler's, as the renewer is then. */
    private final @Nullable Purge purge;

    private IdempotentHandler(IdempotentHandler of, String part) {
        this.settings = of.settings;
        this.scope = of.scope + "/" + escaped(part);
        this.renewer = of.renewer;
        this.unstored = of.unstored;
        this.purge = null;
    }

    private IdempotentHandler(Builder builder) {
        this.settings = builder.settings();
        this.scope = escaped(builder.scope);
        this.renewer =
                new LeaseRenewer(settings.store(), settings.lease(), settings.maxDuration(), settings.listener());
        this.unstored = new UnstoredResults(settings.store(), settings.lease(), renewer);
        this.purge = Purge.every(builder.purgeEvery, settings.store());
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
            throw new IllegalArgumentException(
                    "scope must not be blank: without one, operations that differ would share their keys");
        }
        return new Builder(store, scope);
    }

    /** The settings of a handler. Not thread-safe. */
    public static final class Builder {
        private final IdempotencyStore store;
        private final String scope;
        private int maxOutcomeBytes = 1024 * 1024;
        private Duration lease = Duration.ofMinutes(1);
        private Duration ttl = Duration.ofHours(24);
        private Duration wait = Duration.ofSeconds(10);
        private Duration patience = Duration.ofSeconds(5);
        private Duration maxDuration = Duration.ofMinutes(15);
        private final Map<Class<?>, OnFailure> failures =
                new LinkedHashMap<>(Map.of(Throwable.class, OnFailure.release()));
        private @Nullable Reconciler reconciler;
        private boolean abandonedIsUnknown;
        private Duration purgeEvery = Purge.USUAL;
        private HandlerListener listener = new HandlerListener() {};

        private Builder(IdempotencyStore store, String scope) {
            this.store = store;
            this.scope = scope;
        }

        /**
         * How long an operation may be without a sign of life before another owner begins it; a minute unless configured. An
         * operation may take longer: its lease is renewed while its process lives.
         *
         * @param duration 10 ms or more
         */
        public Builder withLease(Duration duration) {
            ClaimRequest.millis("duration", duration);
            if (duration.compareTo(MIN_LEASE) < 0) {
                throw new IllegalArgumentException(
                        "duration must be at least " + MIN_LEASE + ", so that a lease can be renewed: " + duration);
            }
            lease = duration;
            return this;
        }

        /** How long outcomes are kept; 24 hours unless configured. */
        public Builder withTtl(Duration duration) {
            ClaimRequest.millis("duration", duration);
            ttl = duration;
            return this;
        }

        /**
         * How long a call waits while another owner runs the operation; 10 s unless configured, and not at all with {@link
         * Duration#ZERO}. A call that has waited in vain gets {@link Outcome.InProgress}, and never runs it too.
         */
        public Builder withWait(Duration atMost) {
            if (atMost.isNegative()) {
                throw new IllegalArgumentException("atMost must not be negative: " + atMost);
            }
            wait = atMost;
            return this;
        }

        /**
         * How long a call is repeated that the store does not answer, before the caller gets a {@link
         * StoreUnavailableException}; 5 s unless configured. The call that is being made then is still waited for: how long
         * that takes is set where the store is opened.
         */
        public Builder withPatience(Duration atMost) {
            if (atMost.isNegative()) {
                throw new IllegalArgumentException("atMost must not be negative: " + atMost);
            }
            patience = atMost;
            return this;
        }

        /**
         * How long an operation may take; 15 minutes unless configured. After that its lease is not renewed any more and its
         * thread is interrupted, and if it then fails, the failure is an {@link OperationTimeoutException}.
         */
        public Builder withMaxDuration(Duration atMost) {
            ClaimRequest.millis("atMost", atMost);
            maxDuration = atMost;
            return this;
        }

        /**
         * What is done with the key when the operation fails with an exception of that type; of several that fit, the one for
         * the most special type counts. Every failure {@linkplain OnFailure#release releases} it unless configured.
         */
        public Builder withFailure(Class<? extends Throwable> type, OnFailure then) {
            failures.put(type, then);
            return this;
        }

        /**
         * Finds out whether operations were done whose outcome is unknown, or whose owner has vanished, before they are run
         * again. Without it the former stay unknown for the TTL, and the latter are run again.
         */
        public Builder withReconciler(Reconciler finder) {
            reconciler = finder;
            return this;
        }

        /**
         * Takes the outcome of an operation whose owner has vanished for unknown, instead of running it again. For effects that
         * must not happen twice in systems that do not know idempotency keys.
         */
        public Builder withAbandonedUnknown() {
            abandonedIsUnknown = true;
            return this;
        }

        /**
         * How long an outcome may be to be stored; a mebibyte unless configured. An operation with a longer one stays done, and
         * later calls get {@link Outcome.Replayed} without an outcome.
         *
         * @param bytes not negative
         */
        public Builder withMaxOutcomeBytes(int bytes) {
            if (bytes < 0) {
                throw new IllegalArgumentException("bytes must not be negative: " + bytes);
            }
            maxOutcomeBytes = bytes;
            return this;
        }

        /** How often outcomes whose TTL is over are deleted from the store; every minute unless configured. */
        public Builder withPurge(Duration every) {
            ClaimRequest.millis("every", every);
            purgeEvery = every;
            return this;
        }

        /** Receives what happens to operations. */
        public Builder onEvent(HandlerListener receiver) {
            listener = receiver;
            return this;
        }

        private HandlerSettings settings() {
            return new HandlerSettings(
                    store,
                    lease,
                    ttl,
                    wait,
                    patience,
                    maxDuration,
                    maxOutcomeBytes,
                    Map.copyOf(failures),
                    reconciler,
                    abandonedIsUnknown,
                    new SafeListener(listener));
        }

        /** The handler. Close it when nothing runs any more. */
        public IdempotentHandler build() {
            return new IdempotentHandler(this);
        }
    }

    /**
     * Runs the operation, unless it was done before.
     *
     * @param fingerprint of what is to be done, so that the key is not used for something else; null if that is not checked
     * @throws E what the operation has thrown, if such a failure is not {@linkplain OnFailure#store stored}, and the operation
     *     has not committed its outcome before
     * @throws LeaseLostException if another owner may have begun the operation before this one had ended it
     * @throws OperationTimeoutException if it took too long, was interrupted and has failed
     * @throws ReconciliationFailedException if the reconciler has thrown; the outcome stays unknown
     * @throws OutcomeNotCommittedException if it has noted its outcome in a transaction that was rolled back
     * @throws IllegalStateException if the handler has been closed
     * @throws StoreUnavailableException if the store does not say which owner is to run it, in which case it is not run, or
     *     does not confirm how it ended
     */
    public <E extends Exception> Outcome handle(
            IdempotencyKey key, @Nullable Fingerprint fingerprint, Operation<E> operation) throws E {
        renewer.throwIfClosed();
        HandlerCall call = new HandlerCall(settings, renewer, unstored, new ScopedKey(scope, key), fingerprint);
        HandlerListener listener = settings.listener();
        try {
            Outcome outcome = call.handle(operation);
            listener.answered(call.key(), outcome, call.attempt(), call.waited(), call.elapsed());
            return outcome;
        } catch (StoreUnavailableException failed) {
            listener.storeUnavailable(call.key(), failed);
            throw failed;
        }
    }

    /**
     * The same handler for keys that are unique within a part of its scope: a topic, a tenant. No two ways through parts lead to
     * the same scope, whatever characters are in them. It ends with this one, and closing it does nothing.
     */
    public IdempotentHandler within(String part) {
        return new IdempotentHandler(this, part);
    }

    /** Whether nothing is begun any more. */
    public boolean isClosed() {
        return renewer.isClosed();
    }

    /** How long outcomes are kept. */
    public Duration ttl() {
        return settings.ttl();
    }

    /** How long an operation may take before it is interrupted. */
    public Duration maxDuration() {
        return settings.maxDuration();
    }

    /**
     * Lets attempts be counted from one again, for an operation that has failed and was given up. Nothing else about it
     * changes: that an owner has vanished over it stays known. Does nothing if it is being done, or was.
     */
    public void resetAttempts(IdempotencyKey key) {
        LeaseResult result = settings.store().resetAttempts(new ScopedKey(scope, key));
        if (result instanceof LeaseResult.Indeterminate unanswered) {
            LOGGER.warn("The attempts at {} could not be reset", key, unanswered.cause());
        }
    }

    /**
     * Stops renewing leases, storing what could not be stored, and purging. An operation that still runs is interrupted when
     * its lease is over, and nothing new is begun. The store stays open.
     */
    @Override
    public void close() {
        if (purge != null) {
            renewer.close();
            purge.close();
            unstored.close();
        }
    }

    /** A part of a scope's name: the slash between parts, and the sign that stands for it, are written otherwise. */
    private static String escaped(String part) {
        return part.replace("%", "%25").replace("/", "%2F");
    }
}
