// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.dedup.StoredOutcome;
import io.dedup.store.ClaimResult;
import io.dedup.store.LeaseResult;
import io.dedup.store.PriorRun;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Stores that do not answer, and what is known of an operation then. */
@Timeout(60)
class HandlerStoreFailureTest extends HandlerFixture {
    @Test
    void handle_claimIsNotAnswered_isAskedAgainAndRunOnce() {
        AtomicInteger answers = new AtomicInteger();
        store.onClaim = result ->
                answers.incrementAndGet() <= 2 ? new ClaimResult.Indeterminate(new IOException("no answer")) : result;
        AtomicInteger attempt = new AtomicInteger();
        Outcome<StoredOutcome> outcome = built(handler()).tryHandle(Call.of(KEY), execution -> {
            attempt.set(execution.attempt());
            return run(execution);
        });
        assertThat(outcome).isInstanceOf(Outcome.Processed.class);
        assertThat(attempt).as("the first call was done").hasValue(1);
        assertThat(runs).hasValue(1);
    }

    @Test
    void handle_claimIsNeverAnswered_isNotRun() {
        store.onClaim = result -> new ClaimResult.Indeterminate(new IOException("no answer"));
        IdempotentHandler<StoredOutcome> handler = built(handler().withPatience(SHORT_LEASE));
        assertThatExceptionOfType(StoreUnavailableException.class)
                .isThrownBy(() -> handler.tryHandle(Call.of(KEY), this::run))
                .withCauseInstanceOf(IOException.class)
                .satisfies(failure -> assertThat(failure.operationRan()).isFalse());
        assertThat(runs).hasValue(0);
    }

    @Test
    void handle_storeIsDown_isNotRunAndSaysWhy() {
        store.onClaim = result -> new ClaimResult.Unavailable("The database cannot be reached", null);
        RecordingListener listener = new RecordingListener();
        IdempotentHandler<StoredOutcome> handler = built(handler().onEvent(listener));
        assertThatExceptionOfType(StoreUnavailableException.class)
                .isThrownBy(() -> handler.tryHandle(Call.of(KEY), this::run))
                .withMessageContaining("cannot be reached");
        assertThat(listener.events).containsExactly("store unavailable");
        assertThat(runs).hasValue(0);
    }

    @Test
    void handle_completionIsNotAnswered_isToldAgain() {
        AtomicInteger answers = new AtomicInteger();
        store.onComplete = result ->
                answers.incrementAndGet() <= 2 ? new LeaseResult.Indeterminate(new IOException("no answer")) : result;
        IdempotentHandler<StoredOutcome> handler = built(handler());
        assertThat(handler.tryHandle(Call.of(KEY), this::run)).isInstanceOf(Outcome.Processed.class);
        assertThat(handler.tryHandle(Call.of(KEY), this::run)).isInstanceOf(Outcome.Replayed.class);
    }

    @Test
    void handle_completionIsNeverAnswered_saysThatItWasRun() {
        store.onComplete = result -> new LeaseResult.Indeterminate(new IOException("no answer"));
        IdempotentHandler<StoredOutcome> handler = built(handler().withPatience(SHORT_LEASE));
        assertThatExceptionOfType(StoreUnavailableException.class)
                .isThrownBy(() -> handler.tryHandle(Call.of(KEY), this::run))
                .satisfies(failure -> assertThat(failure.operationRan()).isTrue());
    }

    /** A thread that is being stopped still notes what it has done. */
    @Test
    void handle_interruptedByOthersAtItsEnd_outcomeIsStored() {
        IdempotentHandler<StoredOutcome> handler = built(handler());
        Outcome<StoredOutcome> outcome = handler.tryHandle(Call.of(KEY), execution -> {
            Thread.currentThread().interrupt();
            return OUTCOME;
        });
        assertThat(Thread.interrupted()).as("still interrupted").isTrue();
        assertThat(outcome).isInstanceOf(Outcome.Processed.class);
        assertThat(handler.tryHandle(Call.of(KEY), this::run)).isInstanceOf(Outcome.Replayed.class);
    }

    /** What was stored of a failure decides over what the caller gets. */
    @Test
    void handle_failureToBeStoredAndSuperseded_isLostWithTheFailureBehindIt() {
        store.onComplete = result -> new LeaseResult.Lost();
        IdempotentHandler<StoredOutcome> handler = built(handler().withFailure(IOException.class, OnFailure.unknown()));
        IOException failure = new IOException("no answer");
        assertThatExceptionOfType(LeaseLostException.class)
                .isThrownBy(() -> handler.tryHandle(Call.of(KEY), execution -> {
                    throw failure;
                }))
                .satisfies(lost -> assertThat(lost.getSuppressed()).containsExactly(failure));
    }

    @Test
    void handle_failureToBeStoredAndStoreIsAway_saysSoWithTheFailureBehindIt() {
        store.onComplete = result -> new LeaseResult.Indeterminate(new IOException("away"));
        IdempotentHandler<StoredOutcome> handler =
                built(handler().withPatience(SHORT_LEASE).withFailure(IOException.class, OnFailure.unknown()));
        IOException failure = new IOException("no answer");
        assertThatExceptionOfType(StoreUnavailableException.class)
                .isThrownBy(() -> handler.tryHandle(Call.of(KEY), execution -> {
                    throw failure;
                }))
                .satisfies(away -> {
                    assertThat(away.operationRan()).isTrue();
                    assertThat(away.getSuppressed()).containsExactly(failure);
                });
    }

    /** A retry need not wait for the end of the lease, and knows that the operation was interrupted. */
    @Test
    void handle_leaseLostAndFailed_isReleased() {
        store.onRenew = renewed -> new LeaseResult.Indeterminate(new IOException("no answer"));
        IdempotentHandler<StoredOutcome> handler = built(handler().withLease(SHORT_LEASE));
        assertThatExceptionOfType(LeaseLostException.class)
                .isThrownBy(() -> handler.tryHandle(Call.of(KEY), execution -> {
                    new CountDownLatch(1).await();
                    return OUTCOME;
                }));
        handler.tryHandle(Call.of(KEY), execution -> {
            assertThat(execution.attempt()).isEqualTo(2);
            assertThat(execution.priorRun()).isEqualTo(PriorRun.INTERRUPTED);
            return OUTCOME;
        });
    }
}
