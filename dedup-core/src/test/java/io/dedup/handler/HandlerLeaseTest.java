// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

import io.dedup.StoredOutcome;
import io.dedup.store.LeaseResult;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Leases of a handler: renewed, lost, and superseded. */
@Timeout(60)
class HandlerLeaseTest extends HandlerFixture {
    @Test
    void handle_operationTakesLongerThanTheLease_nobodyElseBeginsIt() throws Exception {
        IdempotentHandler<StoredOutcome> handler =
                built(handler().withLease(KEPT_LEASE).withWait(Duration.ZERO));
        CountDownLatch goOn = new CountDownLatch(1);
        Future<Outcome<StoredOutcome>> first = running(handler, goOn);
        await().during(KEPT_LEASE.multipliedBy(3))
                .atMost(PATIENCE)
                .until(() -> handler.tryHandle(Call.of(KEY), this::run) instanceof Outcome.InProgress);
        goOn.countDown();
        assertThat(first.get()).isEqualTo(new Outcome.Processed<>(OUTCOME));
        assertThat(runs).hasValue(1);
    }

    @Test
    void handle_ttlShorterThanTheOperation_nobodyElseBeginsIt() throws Exception {
        IdempotentHandler<StoredOutcome> handler = built(
                handler().withLease(KEPT_LEASE).withTtl(Duration.ofMillis(1)).withWait(Duration.ZERO));
        CountDownLatch goOn = new CountDownLatch(1);
        Future<Outcome<StoredOutcome>> first = running(handler, goOn);
        await().during(KEPT_LEASE.multipliedBy(2))
                .atMost(PATIENCE)
                .until(() -> handler.tryHandle(Call.of(KEY), this::run) instanceof Outcome.InProgress);
        goOn.countDown();
        first.get();
        assertThat(runs).hasValue(1);
    }

    @Test
    void handle_storeSaysTheLeaseIsLost_operationIsInterruptedAndItsOutcomeRefused() {
        store.onRenew = renewed -> new LeaseResult.Lost();
        RecordingListener listener = new RecordingListener();
        IdempotentHandler<StoredOutcome> handler =
                built(handler().withLease(SHORT_LEASE).onEvent(listener));
        AtomicReference<@Nullable Execution<StoredOutcome>> seen = new AtomicReference<>();
        assertThatExceptionOfType(LeaseLostException.class)
                .isThrownBy(() -> handler.tryHandle(Call.of(KEY), execution -> {
                    seen.set(execution);
                    new CountDownLatch(1).await();
                    return OUTCOME;
                }))
                .withCauseInstanceOf(InterruptedException.class);
        assertThat(seen.get())
                .isNotNull()
                .satisfies(execution -> assertThat(execution.isLeaseLost()).isTrue());
        assertThat(Thread.interrupted())
                .as("the interrupt was for the operation")
                .isFalse();
        await().atMost(PATIENCE).until(() -> listener.events.contains("lease lost"));
    }

    /** A renewal that is never answered has to stop the work as well as one that is refused. */
    @Test
    void handle_renewalsAreNotAnswered_operationIsInterruptedWhenItsLeaseIsOver() {
        store.onRenew = renewed -> new LeaseResult.Indeterminate(new IOException("no answer"));
        IdempotentHandler<StoredOutcome> handler = built(handler().withLease(SHORT_LEASE));
        assertThatExceptionOfType(LeaseLostException.class)
                .isThrownBy(() -> handler.tryHandle(Call.of(KEY), execution -> {
                    new CountDownLatch(1).await();
                    return OUTCOME;
                }));
        assertThat(store.renewals.get()).as("tried again").isGreaterThan(1);
    }

    @Test
    void handle_renewalHangs_operationIsInterruptedWhenItsLeaseIsOver() {
        CountDownLatch never = new CountDownLatch(1);
        store.onRenew = renewed -> {
            awaitLatch(never);
            return renewed;
        };
        IdempotentHandler<StoredOutcome> handler = built(handler().withLease(SHORT_LEASE));
        assertThatExceptionOfType(LeaseLostException.class)
                .isThrownBy(() -> handler.tryHandle(Call.of(KEY), execution -> {
                    new CountDownLatch(1).await();
                    return OUTCOME;
                }));
        never.countDown();
    }

    @Test
    void handle_oneRenewalFails_theNextOneKeepsTheLease() {
        AtomicInteger answers = new AtomicInteger();
        store.onRenew = renewed ->
                answers.incrementAndGet() == 1 ? new LeaseResult.Indeterminate(new IOException("no answer")) : renewed;
        IdempotentHandler<StoredOutcome> handler = built(handler().withLease(Duration.ofSeconds(1)));
        Outcome<StoredOutcome> outcome = handler.tryHandle(Call.of(KEY), execution -> {
            await().atMost(PATIENCE).until(() -> answers.get() >= 4);
            execution.throwIfLeaseLost();
            return OUTCOME;
        });
        assertThat(outcome).isInstanceOf(Outcome.Processed.class);
    }

    /** A stale owner that does not listen, and comes back with an outcome of its own. */
    @Test
    void handle_supersededAndDoesNotListen_outcomeOfTheSuccessorStands() {
        store.onRenew = renewed -> new LeaseResult.Lost();
        IdempotentHandler<StoredOutcome> zombie = built(handler().withLease(SHORT_LEASE));
        IdempotentHandler<StoredOutcome> successor = built(handler().withWait(PATIENCE));
        AtomicReference<@Nullable Outcome<StoredOutcome>> succeeded = new AtomicReference<>();
        assertThatExceptionOfType(LeaseLostException.class)
                .isThrownBy(() -> zombie.tryHandle(Call.of(KEY), execution -> {
                    Future<Outcome<StoredOutcome>> other =
                            threads.submit(() -> successor.tryHandle(Call.of(KEY), this::run));
                    succeeded.set(uninterruptibly(other));
                    return StoredOutcome.of(new byte[] {66});
                }));
        assertThat(succeeded.get()).isEqualTo(new Outcome.Processed<>(OUTCOME));
        assertThat(successor.tryHandle(Call.of(KEY), this::run)).isEqualTo(new Outcome.Replayed<>(OUTCOME));
    }

    @Test
    void handle_leaseLostAndDoesNotListen_leavesNoInterruptBehind() {
        store.onRenew = renewed -> new LeaseResult.Lost();
        IdempotentHandler<StoredOutcome> handler = built(handler().withLease(SHORT_LEASE));
        Outcome<StoredOutcome> outcome = handler.tryHandle(Call.of(KEY), execution -> {
            while (!execution.isLeaseLost()) {
                Thread.onSpinWait();
            }
            return OUTCOME;
        });
        assertThat(Thread.interrupted())
                .as("the interrupt was for the operation")
                .isFalse();
        assertThat(outcome).as("the store took it all the same").isInstanceOf(Outcome.Processed.class);
    }

    /** A store that was away during a payment: what it was told afterwards counts. */
    @Test
    void handle_leaseLostWhileTheStoreWasAway_failureIsStillKept() {
        store.onRenew = renewed -> new LeaseResult.Indeterminate(new IOException("no answer"));
        IdempotentHandler<StoredOutcome> handler = built(handler()
                .withLease(SHORT_LEASE)
                .withUnknownOnTakeover()
                .withFailure(Throwable.class, OnFailure.unknown()));
        assertThatExceptionOfType(LeaseLostException.class)
                .isThrownBy(() -> handler.tryHandle(Call.of(KEY), execution -> {
                    new CountDownLatch(1).await();
                    return OUTCOME;
                }));
        assertThat(handler.tryHandle(Call.of(KEY), this::run)).isEqualTo(new Outcome.Unknown<>());
        assertThat(runs).hasValue(0);
    }

    @Test
    void handle_leaseLostAndAbandonedIsUnknown_isNotReleased() {
        store.onRenew = renewed -> new LeaseResult.Indeterminate(new IOException("no answer"));
        IdempotentHandler<StoredOutcome> handler =
                built(handler().withLease(SHORT_LEASE).withUnknownOnTakeover());
        assertThatExceptionOfType(LeaseLostException.class)
                .isThrownBy(() -> handler.tryHandle(Call.of(KEY), execution -> {
                    new CountDownLatch(1).await();
                    return OUTCOME;
                }));
        assertThat(handler.tryHandle(Call.of(KEY), this::run)).isEqualTo(new Outcome.Unknown<>());
        assertThat(runs).hasValue(0);
    }

    @Test
    void handle_reconcilerLosesItsLease_nothingIsRun() {
        store.onRenew = renewed -> new LeaseResult.Lost();
        IdempotentHandler<StoredOutcome> handler = built(handler()
                .withLease(SHORT_LEASE)
                .withFailure(IOException.class, OnFailure.unknown())
                .withReconciler(execution -> {
                    await().atMost(PATIENCE).ignoreExceptions().until(execution::isLeaseLost);
                    return new Reconciler.NotDone<>();
                }));
        failWith(handler, new IOException("no answer"));
        assertThatExceptionOfType(LeaseLostException.class)
                .isThrownBy(() -> handler.tryHandle(Call.of(KEY), this::run));
        assertThat(runs).hasValue(0);
    }

    @Test
    void close_operationStillRuns_isToldWhenItsLeaseIsOver() {
        IdempotentHandler<StoredOutcome> handler = built(handler().withLease(SHORT_LEASE));
        assertThatExceptionOfType(LeaseLostException.class)
                .isThrownBy(() -> handler.tryHandle(Call.of(KEY), execution -> {
                    handler.close();
                    new CountDownLatch(1).await();
                    return OUTCOME;
                }));
    }

    @Test
    void handle_closed_isRefusedBeforeAnythingIsClaimed() {
        IdempotentHandler<StoredOutcome> handler = built(handler());
        handler.close();
        assertThatIllegalStateException().isThrownBy(() -> handler.tryHandle(Call.of(KEY), this::run));
        assertThat(store.claims).hasValue(0);
    }

    @Test
    void handle_outcomeTooLong_isDoneForOthersWithoutIt() {
        IdempotentHandler<StoredOutcome> handler = built(handler().withMaxOutcomeBytes(3));
        assertThat(handler.tryHandle(Call.of(KEY), this::run)).isEqualTo(new Outcome.Processed<>(OUTCOME));
        assertThat(handler.tryHandle(Call.of(KEY), this::run))
                .isEqualTo(new Outcome.Unreadable<>(
                        "it was too long to be stored, or could not be written", Optional.empty()));
        assertThat(runs).hasValue(1);
    }

    @Test
    void within_partsOfAScope_areDifferentOperations() {
        IdempotentHandler<StoredOutcome> handler = built(handler());
        handler.within("a").tryHandle(Call.of(KEY), this::run);
        handler.within("b").tryHandle(Call.of(KEY), this::run);
        handler.within("a").tryHandle(Call.of(KEY), this::run);
        assertThat(runs).hasValue(2);
    }

    @Test
    void resetAttempts_failedOrDone_onlyTheFirstCountsAnew() {
        IdempotentHandler<StoredOutcome> handler = built(handler());
        failWith(handler, new IOException("broken pipe"));
        handler.resetAttempts(KEY);
        AtomicInteger attempt = new AtomicInteger();
        handler.tryHandle(Call.of(KEY), execution -> {
            attempt.set(execution.attempt());
            return OUTCOME;
        });
        assertThat(attempt.get()).isEqualTo(1);
        handler.resetAttempts(KEY);
        assertThat(handler.tryHandle(Call.of(KEY), this::run)).isInstanceOf(Outcome.Replayed.class);
    }
}
