// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.Completion;
import io.dedup.store.CompletionRequest;
import io.dedup.store.LeaseResult;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The steps of a {@link HandlerCall} without a thread that waits: neither for another owner, nor for the operation. Calls of the
 * store are made on the handler's pool for steps, and hold a thread of it for as long as they take.
 *
 * <p>Used by one thread at a time.
 */
final class AsyncCall<T> {
    private static final Logger LOGGER = LoggerFactory.getLogger(AsyncCall.class);

    private final HandlerCall<T> call;
    private final AsyncOperation<T> operation;
    private final LeaseRenewer renewer;
    private final CompletionQueue completions;
    private final CompletableFuture<Outcome<T>> answer = new CompletableFuture<>();

    AsyncCall(HandlerCall<T> call, AsyncOperation<T> operation, LeaseRenewer renewer, CompletionQueue completions) {
        this.call = call;
        this.operation = operation;
        this.renewer = renewer;
        this.completions = completions;
    }

    private interface Step {
        void take() throws Exception;
    }

    HandlerCall<T> call() {
        return call;
    }

    /** Ends with the answer, or with what the operation or the handler has thrown. */
    CompletionStage<Outcome<T>> answer() {
        return answer;
    }

    /** Takes all steps aside. */
    AsyncCall<T> begin() {
        aside(() -> {
            renewer.throwIfClosed();
            Outcome<T> known = call.settled();
            if (known != null) {
                answer(known);
            } else {
                claim(call.claiming());
            }
        });
        return this;
    }

    /**
     * Goes on where a claim for several has led: holds the lease, or goes on aside.
     *
     * @param askedAt the nano time before the claim was made
     * @return begins the operation, on the thread that calls it; null if there is nothing to begin now
     */
    @Nullable
    Runnable goOn(ClaimRequest request, long askedAt, ClaimResult result) {
        HandlerCall<T>.Claiming claiming = call.claiming(request, askedAt, result);
        if (result instanceof ClaimResult.Acquired acquired
                && !call.isToBeReconciled(acquired.claim())
                && !claiming.isLate()) {
            try {
                Run<T> held = hold(acquired.claim());
                return () -> guarded(() -> begin(held));
            } catch (RuntimeException closed) {
                answer.completeExceptionally(closed);
                return null;
            }
        }
        aside(() -> claim(claiming));
        return null;
    }

    private void claim(HandlerCall<T>.Claiming claiming) throws Exception {
        Duration pause = claiming.ask();
        if (pause != null) {
            renewer.later(
                    () -> guarded(() -> claim(claiming)),
                    pause,
                    () -> guarded(() -> {
                        claiming.withdraw();
                        renewer.throwIfClosed();
                    }));
        } else if (claiming.result() instanceof ClaimResult.Acquired acquired) {
            if (call.isToBeReconciled(acquired.claim())) {
                // Code of the application, which the steps of other calls do not wait for.
                renewer.aside(() -> guarded(() -> reconcile(acquired.claim())));
            } else {
                begin(hold(acquired.claim()));
            }
        } else {
            answer(call.answer(claiming.result()));
        }
    }

    private void reconcile(Claim claim) {
        Outcome<T> found = call.reconcile(claim);
        if (found == null) {
            begin(hold(claim));
        } else {
            answer(found);
        }
    }

    /** A run of the operation, with its lease and its end. */
    private record Run<T>(
            Execution<T> execution,
            LeaseRenewer.Lease lease,
            Cancellation cancellation,
            CompletableFuture<@Nullable T> end) {}

    private Run<T> hold(Claim claim) {
        Execution<T> execution = call.execution(claim);
        CompletableFuture<@Nullable T> end = new CompletableFuture<>();
        Cancellation cancellation = new Cancellation(renewer, end);
        return new Run<>(execution, call.held(execution, cancellation), cancellation, end);
    }

    private void begin(Run<T> held) {
        CompletableFuture<@Nullable T> end = held.end();
        try {
            CompletionStage<T> stage = operation.begin(held.execution());
            held.cancellation().of(stage);
            stage.whenComplete((value, failure) -> {
                if (failure == null) {
                    end.complete(value);
                } else {
                    end.completeExceptionally(failure);
                }
            });
        } catch (Throwable failure) {
            end.completeExceptionally(failure);
        }
        CompletableFuture<?> unused = end.whenComplete(
                (value, failure) -> guarded(() -> ended(held.execution(), held.lease(), value, failure)));
    }

    private void ended(
            Execution<T> execution, LeaseRenewer.Lease held, @Nullable T value, @Nullable Throwable failure) {
        held.endOperation();
        if (failure == null && execution.noted() == null) {
            complete(execution, held, value);
        } else {
            aside(() -> end(execution, held, value, failure));
        }
    }

    /** Stores, with others, the result of the operation. What the store does not confirm is tried again for a while. */
    private void complete(Execution<T> execution, LeaseRenewer.Lease held, @Nullable T value) {
        Completion written = call.written(value);
        Completion completion = call.bounded(written);
        complete(
                new CompletionRequest(
                        execution.claim(), completion, call.settings().ttl()),
                new Backoff(call.settings().patience()),
                result -> guarded(() -> {
                    try (held) {
                        call.confirm(execution.claim(), completion, written, result);
                        answer(new Outcome.Processed<>(value));
                    }
                }));
    }

    private void complete(CompletionRequest request, Backoff patience, Consumer<LeaseResult> then) {
        completions.add(request, result -> {
            Duration pause = HandlerCall.isSettled(result) ? null : patience.next();
            if (pause == null) {
                then.accept(result);
            } else {
                renewer.later(() -> complete(request, patience, then), pause, () -> then.accept(result));
            }
        });
    }

    private void end(Execution<T> execution, LeaseRenewer.Lease held, @Nullable T value, @Nullable Throwable failure)
            throws Exception {
        try (held) {
            Throwable cause = unwrapped(failure);
            answer(cause == null ? call.succeeded(execution, value) : call.<Exception>failed(execution, cause));
        }
    }

    private static @Nullable Throwable unwrapped(@Nullable Throwable failure) {
        if (failure instanceof CompletionException wrapper && wrapper.getCause() != null) {
            return wrapper.getCause();
        }
        return failure;
    }

    private void answer(Outcome<T> outcome) {
        answer.complete(call.answered(outcome));
    }

    private void aside(Step step) {
        renewer.step(() -> guarded(step));
    }

    private void guarded(Step step) {
        try {
            step.take();
        } catch (Throwable failed) {
            if (failed instanceof StoreUnavailableException unavailable) {
                call.settings().listener().storeUnavailable(call.key(), unavailable);
            }
            answer.completeExceptionally(failed);
        }
    }

    /** Cancels the future of an operation, aside: what depends on it may take its time. */
    private static final class Cancellation implements Interruption {
        private final LeaseRenewer renewer;
        private final CompletableFuture<?> ended;
        private @Nullable CompletionStage<?> stage;
        private boolean isCancelled;

        Cancellation(LeaseRenewer renewer, CompletableFuture<?> ended) {
            this.renewer = renewer;
            this.ended = ended;
        }

        /** What is to be cancelled, which may be late for that. */
        void of(CompletionStage<?> running) {
            if (isLateFor(running)) {
                renewer.aside(() -> cancel(running));
            }
        }

        private synchronized boolean isLateFor(CompletionStage<?> running) {
            stage = running;
            return isCancelled;
        }

        @Override
        public void interrupt() {
            renewer.aside(() -> {
                try {
                    CompletionStage<?> running = cancelled();
                    if (running != null) {
                        cancel(running);
                    }
                } finally {
                    ended.completeExceptionally(new CancellationException("The operation was cancelled"));
                }
            });
        }

        private synchronized @Nullable CompletionStage<?> cancelled() {
            isCancelled = true;
            return stage;
        }

        private static void cancel(CompletionStage<?> running) {
            try {
                running.toCompletableFuture().cancel(true);
            } catch (UnsupportedOperationException notCancellable) {
                LOGGER.debug("An operation cannot be cancelled", notCancellable);
            }
        }

        @Override
        public void end() {
            // What was cancelled has ended by that.
        }
    }
}
