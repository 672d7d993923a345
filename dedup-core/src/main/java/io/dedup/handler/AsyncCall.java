// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.Completion;
import io.dedup.store.CompletionRequest;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * The steps of a {@link HandlerCall} without a thread that waits: neither for another owner, nor for the operation. Calls of the
 * store and the reconciler are made on the handler's pool, and hold a thread of it for as long as they take.
 *
 * <p>Used by one thread at a time.
 */
final class AsyncCall<T> {
    private final HandlerCall<T> call;
    private final HandlerSettings<T> settings;
    private final AsyncOperation<T> operation;
    private final LeaseRenewer renewer;
    private final CompletionQueue completions;
    private final CompletableFuture<Outcome<T>> answer = new CompletableFuture<>();

    AsyncCall(
            HandlerCall<T> call,
            HandlerSettings<T> settings,
            AsyncOperation<T> operation,
            LeaseRenewer renewer,
            CompletionQueue completions) {
        this.call = call;
        this.settings = settings;
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
     * Goes on where a claim for several has led: begins the operation on this thread if it can, and else goes on aside.
     *
     * @param askedAt the nano time before the claim was made
     */
    void goOn(ClaimRequest request, long askedAt, ClaimResult result) {
        HandlerCall<T>.Claiming claiming = call.claiming(request, askedAt, result);
        if (result instanceof ClaimResult.Acquired acquired
                && !call.isToBeReconciled(acquired.claim())
                && !claiming.isLate()) {
            guarded(() -> run(acquired.claim()));
        } else {
            aside(() -> claim(claiming));
        }
    }

    private void claim(HandlerCall<T>.Claiming claiming) throws Exception {
        Duration pause = claiming.ask();
        if (pause != null) {
            renewer.later(() -> guarded(() -> claim(claiming)), pause, () -> guarded(renewer::throwIfClosed));
        } else if (claiming.result() instanceof ClaimResult.Acquired acquired) {
            Claim claim = acquired.claim();
            Outcome<T> found = call.isToBeReconciled(claim) ? call.reconcile(claim) : null;
            if (found == null) {
                run(claim);
            } else {
                answer(found);
            }
        } else {
            answer(call.answer(claiming.result()));
        }
    }

    /** Begins the operation on this thread. */
    private void run(Claim claim) {
        Execution<T> execution = call.execution(claim);
        CompletableFuture<@Nullable T> ended = new CompletableFuture<>();
        Cancellation cancellation = new Cancellation(renewer, ended);
        LeaseRenewer.Lease held = call.held(execution, cancellation);
        try {
            CompletionStage<T> stage = operation.begin(execution);
            cancellation.stage = stage;
            stage.whenComplete((value, failure) -> {
                if (failure == null) {
                    ended.complete(value);
                } else {
                    ended.completeExceptionally(failure);
                }
            });
        } catch (Throwable failure) {
            ended.completeExceptionally(failure);
        }
        CompletableFuture<?> unused =
                ended.whenComplete((value, failure) -> guarded(() -> ended(execution, held, value, failure)));
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

    /** Stores, with others, what the operation came to. */
    private void complete(Execution<T> execution, LeaseRenewer.Lease held, @Nullable T value) {
        Completion written = call.written(value);
        Completion completion = call.bounded(written);
        Claim claim = execution.claim();
        completions.add(
                new CompletionRequest(claim, completion, settings.ttl()),
                result -> guarded(() -> {
                    try (held) {
                        call.confirm(claim, completion, written, result);
                        answer(new Outcome.Processed<>(value));
                    }
                }));
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
        renewer.aside(() -> guarded(step));
    }

    private void guarded(Step step) {
        try {
            step.take();
        } catch (Throwable failed) {
            if (failed instanceof StoreUnavailableException unavailable) {
                settings.listener().storeUnavailable(call.key(), unavailable);
            }
            answer.completeExceptionally(failed);
        }
    }

    /** Cancels the future of an operation, aside: what depends on it may take its time. */
    private static final class Cancellation implements Interruption {
        private final LeaseRenewer renewer;
        private final CompletableFuture<?> ended;
        private volatile @Nullable CompletionStage<?> stage;

        Cancellation(LeaseRenewer renewer, CompletableFuture<?> ended) {
            this.renewer = renewer;
            this.ended = ended;
        }

        @Override
        public void interrupt() {
            renewer.aside(() -> {
                CompletionStage<?> running = stage;
                try {
                    if (running != null) {
                        running.toCompletableFuture().cancel(true);
                    }
                } catch (UnsupportedOperationException notCancellable) {
                    ended.completeExceptionally(notCancellable);
                } finally {
                    ended.completeExceptionally(new CancellationException("The operation was cancelled"));
                }
            });
        }

        @Override
        public void end() {
            // What was cancelled has ended by that.
        }
    }
}
