// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import io.dedup.IdempotencyKey;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.LeaseResult;
import io.dedup.store.Purge;
import io.dedup.store.ScopedKey;
import io.dedup.store.TransactionalStore;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs operations once for each idempotency key, however many callers ask for them and however often: claim, run, complete.
 *
 * <pre>{@code
 * IdempotentHandler<Receipt> payments = IdempotentHandler.on(store, "payments", Receipt.class).build();
 *
 * Receipt receipt = payments.handle(key, request, execution ->
 *         provider.charge(request, execution.downstreamKey("charge")));
 * }</pre>
 *
 * <p>While an operation runs its lease is renewed; if that fails for too long, the thread is interrupted, {@link
 * Execution#isLeaseLost} is true, and the outcome of the operation is not stored. If the process dies, the key is free when
 * the lease is over, and the next caller runs the operation again, after a {@link Reconciler} has been asked if there is one. So
 * an effect can happen twice if its owner died between the effect and the end of {@code handle}: pass {@link
 * Execution#downstreamKey} on to the system that has the effect, {@linkplain Execution#complete note the outcome} in the
 * transaction of the effect, or let everything be one {@linkplain #inTransaction transaction}.
 *
 * <p>How an operation ended is never forgotten by the process that ran it: while the store cannot be reached the handler keeps
 * trying to store it, and calls with the same key wait for that and do not run the operation again.
 *
 * <p>Thread-safe.
 *
 * @param <T> the result of operations
 */
public final class IdempotentHandler<T> implements OperationHandler<T>, AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(IdempotentHandler.class);

    private final HandlerSettings<T> settings;
    private final String scope;
    private final LeaseRenewer renewer;
    private final UnstoredResults unstored;
    private final CompletionQueue completions;
    /** Null if it is another handler's, as the renewer is then. */
    private final @Nullable Purge purge;

    private IdempotentHandler(IdempotentHandler<T> of, String part) {
        this.settings = of.settings;
        this.scope = of.scope + "/" + escaped(part);
        this.renewer = of.renewer;
        this.unstored = of.unstored;
        this.completions = of.completions;
        this.purge = null;
    }

    IdempotentHandler(HandlerSettings<T> settings, String scope, Purge purge) {
        this.settings = settings;
        this.scope = escaped(scope);
        this.renewer = new LeaseRenewer(settings.store(), settings.maxDuration(), settings.listener());
        this.unstored = new UnstoredResults(settings.store(), renewer);
        this.completions = new CompletionQueue(settings.store(), renewer);
        this.purge = purge;
    }

    /**
     * A handler of operations without a result, to be configured and {@linkplain HandlerBuilder#build built}.
     *
     * @param store where operations are claimed
     * @param scope what keys are unique within, so that a payment and a mail for the same order are two operations: the
     *     operation, and its caller if callers choose keys
     * @throws IllegalArgumentException if the scope is blank
     */
    public static HandlerBuilder<Void> on(IdempotencyStore store, String scope) {
        return on(store, scope, OutcomeCodec.none());
    }

    /**
     * A handler of operations with a result that is kept as JSON, to be configured and {@linkplain HandlerBuilder#build
     * built}.
     *
     * @param outcome the class of results, as Jackson writes and reads it
     * @throws IllegalArgumentException if the scope is blank
     * @see #on(IdempotencyStore, String)
     */
    public static <T> HandlerBuilder<T> on(IdempotencyStore store, String scope, Class<T> outcome) {
        return on(store, scope, OutcomeCodec.json(outcome));
    }

    /**
     * A handler of operations with a result, to be configured and {@linkplain HandlerBuilder#build built}.
     *
     * @param outcome writes and reads the results of operations
     * @throws IllegalArgumentException if the scope is blank, or the codec has no usable name or version
     * @see #on(IdempotencyStore, String)
     */
    public static <T> HandlerBuilder<T> on(IdempotencyStore store, String scope, OutcomeCodec<T> outcome) {
        if (scope.isBlank()) {
            throw new IllegalArgumentException(
                    "scope must not be blank, since operations that differ would share their keys: '" + scope + "'");
        }
        return new HandlerBuilder<>(store, scope, new OutcomeFormat<>(outcome));
    }

    @Override
    public <E extends Exception> Outcome<T> tryHandle(Call call, Operation<T, E> operation) throws E {
        renewer.throwIfClosed();
        HandlerCall<T> steps = steps(call);
        try {
            return steps.handle(operation);
        } catch (StoreUnavailableException failed) {
            settings.listener().storeUnavailable(steps.key(), failed);
            throw failed;
        }
    }

    /**
     * Runs the operation, unless it was done before, and holds no thread while another owner runs it, or while it runs.
     *
     * @return ends as {@link #tryHandle} does; with what that would throw, if it would throw. It ends on a thread of the handler,
     *     so what depends on it must not block there: take {@code thenApplyAsync} for that. To cancel it does not end the operation
     */
    public CompletionStage<Outcome<T>> tryHandleAsync(Call call, AsyncOperation<T> operation) {
        return async(call, operation).begin().answer();
    }

    /**
     * Runs the operation, unless it was done before, and holds no thread while another owner runs it, or while it runs.
     *
     * @return ends as {@link #handle(Call, Operation)} does; with what that would throw, if it would throw
     */
    public CompletionStage<@Nullable T> handleAsync(Call call, AsyncOperation<T> operation) {
        return tryHandleAsync(call, operation).thenApply(outcome -> {
            IdempotencyException reason =
                    IdempotencyException.of(outcome, call.key().toString());
            if (reason != null) {
                throw reason;
            }
            return outcome.orElseThrow();
        });
    }

    /**
     * Runs an operation for each item, unless it was done before. All are claimed together and completed in groups, in as few round
     * trips as the store can, so it is for operations that can run at the same time. They are begun in the order of the items, on
     * this thread. Each has an answer of its own, and none waits for another's, unless they have the same key.
     *
     * @param items what is to be done, such as the records of a poll
     * @param call makes the call for an item; what it throws is the answer for that item
     * @return for each item, in their order, what {@link #tryHandleAsync} returns
     */
    public <I> List<CompletionStage<Outcome<T>>> tryHandleAll(
            List<? extends I> items, Function<? super I, Call> call, BatchOperation<? super I, T> operation) {
        renewer.throwIfClosed();
        List<AsyncCall<T>> calls = new ArrayList<>();
        List<CompletionStage<Outcome<T>>> answers = new ArrayList<>();
        for (I item : items) {
            try {
                AsyncCall<T> one = async(call.apply(item), execution -> operation.begin(item, execution));
                calls.add(one);
                answers.add(one.answer());
            } catch (RuntimeException unusable) { // Such as a key that is blank: the others have usable ones.
                answers.add(CompletableFuture.failedStage(unusable));
            }
        }
        new BatchCall<T>(settings.store()).begin(calls);
        return answers;
    }

    private AsyncCall<T> async(Call call, AsyncOperation<T> operation) {
        return new AsyncCall<>(steps(call), operation, renewer, completions);
    }

    private HandlerCall<T> steps(Call call) {
        return new HandlerCall<>(call.over(settings), renewer, unstored, keyOf(call), call.fingerprint());
    }

    private ScopedKey keyOf(Call call) {
        String part = call.part();
        return new ScopedKey(part == null ? scope : scope + "/" + part, call.key());
    }

    /**
     * The same handler for the length of a transaction of the caller: claim, effect and outcome are one commit. There is no lease, and
     * nothing can be stuck: another transaction that asks for the key waits in the database until this one ends, and then replays
     * its outcome, or runs the operation if it was rolled back. Every caller that waits holds a connection.
     *
     * <p>The caller commits, and has to roll back where anything is thrown. A rejection is kept if the caller commits all the
     * same.
     *
     * @param connection with auto-commit off; neither committed, rolled back nor closed here
     * @throws IllegalArgumentException if auto-commit is on
     * @throws IllegalStateException if the store of the handler is in no database
     * @throws SQLException if the connection cannot say
     */
    public TransactionHandler<T> inTransaction(Connection connection) throws SQLException {
        if (settings.store() instanceof TransactionalStore transactional) {
            return new TransactionHandler<>(
                    settings, transactional.joining(connection), unstored, renewer, this::keyOf);
        }
        throw new IllegalStateException("The store is in no database, and has no transactions to join: "
                + settings.store().getClass().getName() + ". Use JdbcIdempotencyStore");
    }

    /**
     * The same handler for keys that are unique within a part of its scope: a topic, a tenant. No two ways through parts lead to
     * the same scope, also if they hold separators. It ends with this one, and closing it does nothing.
     */
    public IdempotentHandler<T> within(String part) {
        return new IdempotentHandler<>(this, part);
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
    static String escaped(String part) {
        return part.replace("%", "%25").replace("/", "%2F");
    }
}
