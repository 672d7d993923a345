// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import io.dedup.store.ClaimRequest;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.Purge;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The settings of an {@link IdempotentHandler}. Not thread-safe.
 *
 * @param <T> the result of operations
 */
public final class HandlerBuilder<T> {
    private final IdempotencyStore store;
    private final String scope;
    private final OutcomeFormat<T> format;
    private int maxOutcomeBytes = 1024 * 1024;
    private Duration lease = Duration.ofMinutes(1);
    private Duration ttl = Duration.ofHours(24);
    private Duration wait = Duration.ofSeconds(10);
    private Duration patience = Duration.ofSeconds(5);
    private Duration maxDuration = Duration.ofMinutes(15);
    private final Map<Class<?>, OnFailure> failures = new LinkedHashMap<>(
            Map.of(Throwable.class, OnFailure.release(), OperationRejectedException.class, OnFailure.rejecting(thrown ->
                    (OperationRejectedException) thrown)));
    private @Nullable Reconciler<T> reconciler;
    private boolean abandonedIsUnknown;
    private Duration purgeEvery = Purge.USUAL;
    private HandlerListener listener = new HandlerListener() {};

    HandlerBuilder(IdempotencyStore store, String scope, OutcomeFormat<T> format) {
        this.store = store;
        this.scope = scope;
        this.format = format;
    }

    /**
     * How long an operation may be without a sign of life before another owner begins it; a minute unless configured. An
     * operation may take longer: its lease is renewed while its process lives.
     *
     * @param duration 10 ms or more
     */
    public HandlerBuilder<T> withLease(Duration duration) {
        HandlerSettings.requireLease(duration);
        lease = duration;
        return this;
    }

    /** How long outcomes are kept; 24 hours unless configured. */
    public HandlerBuilder<T> withTtl(Duration duration) {
        ClaimRequest.millis("duration", duration);
        ttl = duration;
        return this;
    }

    /**
     * How long a call waits while another owner runs the operation; 10 s unless configured, and not at all with {@link
     * Duration#ZERO}. A call that has waited in vain gets {@link Outcome.InProgress}, and never runs it too.
     */
    public HandlerBuilder<T> withWait(Duration atMost) {
        HandlerSettings.requireNotNegative("atMost", atMost);
        wait = atMost;
        return this;
    }

    /**
     * How long a call is repeated that the store does not answer, before the caller gets a {@link
     * StoreUnavailableException}; 5 s unless configured. The call that is being made then is still waited for: how long
     * that takes is set where the store is opened.
     */
    public HandlerBuilder<T> withPatience(Duration atMost) {
        HandlerSettings.requireNotNegative("atMost", atMost);
        patience = atMost;
        return this;
    }

    /**
     * How long an operation may take; 15 minutes unless configured. After that its lease is not renewed any more and its
     * thread is interrupted, and if it then fails, the failure is an {@link OperationTimeoutException}.
     */
    public HandlerBuilder<T> withMaxDuration(Duration atMost) {
        ClaimRequest.millis("atMost", atMost);
        maxDuration = atMost;
        return this;
    }

    /**
     * What is done with the key when the operation fails with an exception of that type; of several that fit, the one for
     * the most special type counts. Unless configured, an {@link OperationRejectedException} is stored as a rejection and every
     * other failure {@linkplain OnFailure#release releases} the key.
     */
    public HandlerBuilder<T> withFailure(Class<? extends Throwable> type, OnFailure then) {
        failures.put(type, then);
        return this;
    }

    /**
     * Finds out whether operations were done whose outcome is unknown, or whose owner has vanished, before they are run
     * again. Without it the former stay unknown for the TTL, and the latter are run again.
     */
    public HandlerBuilder<T> withReconciler(Reconciler<T> finder) {
        reconciler = finder;
        return this;
    }

    /**
     * Takes the outcome of an operation whose owner has vanished for unknown, instead of running it again. For effects that
     * must not happen twice in systems that do not know idempotency keys.
     */
    public HandlerBuilder<T> withUnknownOnTakeover() {
        abandonedIsUnknown = true;
        return this;
    }

    /**
     * How long an outcome may be to be stored; a mebibyte unless configured. An operation with a longer one stays done, and
     * later calls get {@link Outcome.Unreadable}.
     *
     * @param bytes not negative
     */
    public HandlerBuilder<T> withMaxOutcomeBytes(int bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("bytes must not be negative: " + bytes);
        }
        maxOutcomeBytes = bytes;
        return this;
    }

    /** How often outcomes whose TTL is over are deleted from the store; every minute unless configured. */
    public HandlerBuilder<T> withPurge(Duration every) {
        ClaimRequest.millis("every", every);
        purgeEvery = every;
        return this;
    }

    /** Receives what happens to operations. */
    public HandlerBuilder<T> onEvent(HandlerListener receiver) {
        listener = receiver;
        return this;
    }

    /** The handler. Close it when nothing runs any more. */
    public IdempotentHandler<T> build() {
        HandlerSettings<T> settings = new HandlerSettings<>(
                store,
                format,
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
        return new IdempotentHandler<>(settings, scope, Purge.every(purgeEvery, store));
    }
}
