// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.dedup.StoredOutcome;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a handler does with a key: runs its operation once, replays, waits, and tells owners that have vanished. */
@Timeout(60)
class IdempotentHandlerTest extends HandlerFixture {
    // Once

    @Test
    void handle_newKey_isProcessedAndThenReplayedByteForByte() {
        IdempotentHandler<StoredOutcome> handler = built(handler());
        assertThat(handler.tryHandle(Call.of(KEY), this::run)).isEqualTo(new Outcome.Processed<>(OUTCOME));
        assertThat(handler.tryHandle(Call.of(KEY), this::run)).isEqualTo(new Outcome.Replayed<>(OUTCOME));
        assertThat(runs).hasValue(1);
    }

    @Test
    void handle_nothingToSay_isReplayedAsNothing() {
        IdempotentHandler<StoredOutcome> handler = built(handler());
        handler.tryHandle(Call.of(KEY), execution -> null);
        assertThat(handler.tryHandle(Call.of(KEY), this::run)).isEqualTo(new Outcome.Replayed<>(null));
    }

    @Test
    void handle_sameKeyInAnotherScope_isAnotherOperation() {
        built(IdempotentHandler.on(store, "payments", RawCodec.RAW)).tryHandle(Call.of(KEY), this::run);
        built(IdempotentHandler.on(store, "refunds", RawCodec.RAW)).tryHandle(Call.of(KEY), this::run);
        assertThat(runs).hasValue(2);
    }

    @Test
    void handle_otherPayload_isAConflict() {
        IdempotentHandler<StoredOutcome> handler = built(handler());
        handler.tryHandle(Call.of(KEY).withFingerprint(fingerprint(1)), this::run);
        assertThat(handler.tryHandle(Call.of(KEY).withFingerprint(fingerprint(2)), this::run))
                .isEqualTo(new Outcome.Conflict<>());
        assertThat(handler.tryHandle(Call.of(KEY).withFingerprint(fingerprint(1)), this::run))
                .isInstanceOf(Outcome.Replayed.class);
        assertThat(runs).hasValue(1);
    }

    @Test
    void handle_twoHundredAtOnce_oneRunsAndAllGetItsOutcome() throws Exception {
        // Given
        IdempotentHandler<StoredOutcome> handler = built(handler().withWait(PATIENCE));
        CyclicBarrier start = new CyclicBarrier(200);
        List<Future<Outcome<StoredOutcome>>> outcomes = new ArrayList<>();
        // When
        for (int i = 0; i < 200; i++) {
            outcomes.add(threads.submit(() -> {
                start.await();
                return handler.tryHandle(Call.of(KEY), this::run);
            }));
        }
        // Then
        for (Future<Outcome<StoredOutcome>> outcome : outcomes) {
            assertThat(outcome.get().orElseThrow()).isEqualTo(OUTCOME);
        }
        assertThat(runs).hasValue(1);
    }

    // Failures

    @Test
    void handle_failure_isThrownAsItIsAndTheRetryRuns() {
        IdempotentHandler<StoredOutcome> handler = built(handler());
        IOException failure = new IOException("broken pipe");
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> handler.tryHandle(Call.of(KEY), execution -> {
                    throw failure;
                }))
                .isSameAs(failure);
        AtomicInteger attempt = new AtomicInteger();
        Outcome<StoredOutcome> outcome = handler.tryHandle(Call.of(KEY), execution -> {
            attempt.set(execution.attempt());
            return OUTCOME;
        });
        assertThat(outcome).isInstanceOf(Outcome.Processed.class);
        assertThat(attempt).hasValue(2);
    }

    @Test
    void handle_error_releasesTheKeyToo() {
        IdempotentHandler<StoredOutcome> handler = built(handler());
        assertThatExceptionOfType(StackOverflowError.class)
                .isThrownBy(() -> handler.tryHandle(Call.of(KEY), execution -> {
                    throw new StackOverflowError();
                }));
        assertThat(handler.tryHandle(Call.of(KEY), this::run)).isInstanceOf(Outcome.Processed.class);
    }

    @Test
    void handle_failureThatIsKept_isUnknownForRetries() {
        IdempotentHandler<StoredOutcome> handler = built(handler().withFailure(IOException.class, OnFailure.unknown()));
        failWith(handler, new IOException("no answer"));
        assertThat(handler.tryHandle(Call.of(KEY), this::run)).isEqualTo(new Outcome.Unknown<>());
        assertThat(runs).hasValue(0);
    }

    @Test
    void handle_failureThatIsRejected_isTheAnswerOfAll() {
        IdempotentHandler<StoredOutcome> handler =
                built(handler().withFailure(IllegalStateException.class, OnFailure.reject("card_declined")));
        Outcome<StoredOutcome> first = handler.tryHandle(Call.of(KEY), execution -> {
            throw new IllegalStateException("no funds");
        });
        assertThat(first).isEqualTo(new Outcome.Rejected<>("card_declined", "no funds", false));
        assertThat(handler.tryHandle(Call.of(KEY), this::run))
                .isEqualTo(new Outcome.Rejected<>("card_declined", "no funds", true));
    }

    @Test
    void handle_severalFailureTypesFit_theMostSpecialCounts() {
        IdempotentHandler<StoredOutcome> handler = built(handler()
                .withFailure(Exception.class, OnFailure.unknown())
                .withFailure(IOException.class, OnFailure.release())
                .withFailure(RuntimeException.class, OnFailure.reject("wrong")));
        failWith(handler, new java.io.FileNotFoundException("gone"));
        assertThat(handler.tryHandle(Call.of(KEY), this::run)).as("released").isInstanceOf(Outcome.Processed.class);
    }

    // Unknown outcomes

    @Test
    void handle_reconcilerFindsItDone_isReplayed() {
        List<String> asked = new ArrayList<>();
        IdempotentHandler<StoredOutcome> handler = built(
                handler().withFailure(IOException.class, OnFailure.unknown()).withReconciler(execution -> {
                    asked.add(execution.downstreamKey("charge"));
                    return new Reconciler.Done<>(OUTCOME);
                }));
        AtomicReference<String> passedOn = new AtomicReference<>("");
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> handler.tryHandle(Call.of(KEY), execution -> {
                    passedOn.set(execution.downstreamKey("charge"));
                    throw new IOException("no answer");
                }));
        assertThat(handler.tryHandle(Call.of(KEY), this::run)).isEqualTo(new Outcome.Replayed<>(OUTCOME));
        assertThat(handler.tryHandle(Call.of(KEY), this::run)).isEqualTo(new Outcome.Replayed<>(OUTCOME));
        assertThat(asked).as("once, by the key that was passed on").containsExactly(passedOn.get());
        assertThat(runs).hasValue(0);
    }

    @Test
    void handle_reconcilerFindsItNotDone_isRun() {
        IdempotentHandler<StoredOutcome> handler = built(handler()
                .withFailure(IOException.class, OnFailure.unknown())
                .withReconciler(execution -> new Reconciler.NotDone<>()));
        failWith(handler, new IOException("no answer"));
        assertThat(handler.tryHandle(Call.of(KEY), this::run)).isEqualTo(new Outcome.Processed<>(OUTCOME));
        assertThat(runs).hasValue(1);
    }

    /** Finding out may take longer than a lease, which is renewed meanwhile. */
    @Test
    void handle_reconcilerTakesLongerThanTheLease_operationStillRuns() {
        IdempotentHandler<StoredOutcome> handler = built(handler()
                .withLease(SHORT_LEASE)
                .withFailure(IOException.class, OnFailure.unknown())
                .withReconciler(execution -> {
                    int before = store.renewals.get();
                    await().atMost(PATIENCE).until(() -> store.renewals.get() >= before + 5);
                    return new Reconciler.NotDone<>();
                }));
        failWith(handler, new IOException("no answer"));
        Outcome<StoredOutcome> outcome = handler.tryHandle(Call.of(KEY), execution -> {
            int before = store.renewals.get();
            await().atMost(PATIENCE).until(() -> store.renewals.get() >= before + 1);
            execution.throwIfLeaseLost();
            return run(execution);
        });
        assertThat(outcome).isInstanceOf(Outcome.Processed.class);
    }

    @Test
    void handle_reconcilerDoesNotKnowEither_staysUnknown() {
        AtomicInteger asked = new AtomicInteger();
        IdempotentHandler<StoredOutcome> handler = built(
                handler().withFailure(IOException.class, OnFailure.unknown()).withReconciler(execution -> {
                    asked.incrementAndGet();
                    return new Reconciler.StillUnknown<>();
                }));
        failWith(handler, new IOException("no answer"));
        assertThat(handler.tryHandle(Call.of(KEY), this::run)).isEqualTo(new Outcome.Unknown<>());
        assertThat(handler.tryHandle(Call.of(KEY), this::run)).isEqualTo(new Outcome.Unknown<>());
        assertThat(asked).hasValue(2);
        assertThat(runs).hasValue(0);
    }

    @Test
    void handle_reconcilerFails_staysUnknownAndTheFailureIsThrown() {
        AtomicInteger asked = new AtomicInteger();
        IdempotentHandler<StoredOutcome> handler = built(
                handler().withFailure(IOException.class, OnFailure.unknown()).withReconciler(execution -> {
                    if (asked.incrementAndGet() == 1) {
                        throw new IllegalStateException("the provider is down");
                    }
                    return new Reconciler.StillUnknown<>();
                }));
        failWith(handler, new IOException("no answer"));
        assertThatExceptionOfType(ReconciliationFailedException.class)
                .isThrownBy(() -> handler.tryHandle(Call.of(KEY), this::run))
                .withMessageContaining("the provider is down");
        assertThat(handler.tryHandle(Call.of(KEY), this::run)).isEqualTo(new Outcome.Unknown<>());
    }

    // Owners that vanish

    @Test
    void handle_ownerHasVanished_isRunAgainAndSaysSo() {
        abandon(null);
        IdempotentHandler<StoredOutcome> handler = built(handler());
        AtomicReference<Boolean> takenOver = new AtomicReference<>(false);
        Outcome<StoredOutcome> outcome = handler.tryHandle(Call.of(KEY), execution -> {
            takenOver.set(execution.isTakenOver());
            return run(execution);
        });
        assertThat(outcome).isInstanceOf(Outcome.Processed.class);
        assertThat(takenOver).hasValue(true);
    }

    @Test
    void handle_ownerHasVanishedAndThatIsUnknown_isNotRunAgain() {
        abandon(null);
        IdempotentHandler<StoredOutcome> handler = built(handler().withUnknownOnTakeover());
        assertThat(handler.tryHandle(Call.of(KEY), this::run)).isEqualTo(new Outcome.Unknown<>());
        assertThat(handler.tryHandle(Call.of(KEY), this::run)).isEqualTo(new Outcome.Unknown<>());
        assertThat(runs).hasValue(0);
    }

    @Test
    void handle_ownerHasVanishedAndSomebodyFindsOut_isReplayed() {
        abandon(null);
        IdempotentHandler<StoredOutcome> handler =
                built(handler().withUnknownOnTakeover().withReconciler(execution -> new Reconciler.Done<>(OUTCOME)));
        assertThat(handler.tryHandle(Call.of(KEY), this::run)).isEqualTo(new Outcome.Replayed<>(OUTCOME));
    }

    // Waiting

    @Test
    void handle_firstStillRuns_waitsAndReplays() throws Exception {
        IdempotentHandler<StoredOutcome> handler = built(handler().withWait(PATIENCE));
        CountDownLatch goOn = new CountDownLatch(1);
        Future<Outcome<StoredOutcome>> first = running(handler, goOn);
        Future<Outcome<StoredOutcome>> second = threads.submit(() -> handler.tryHandle(Call.of(KEY), this::run));
        await().atMost(PATIENCE).until(() -> store.claims.get() >= 4);
        assertThat(second).isNotDone();
        goOn.countDown();
        assertThat(first.get()).isInstanceOf(Outcome.Processed.class);
        assertThat(second.get()).isEqualTo(new Outcome.Replayed<>(OUTCOME));
        assertThat(runs).hasValue(1);
    }

    @Test
    void handle_notWaiting_isInProgressAtOnce() throws Exception {
        IdempotentHandler<StoredOutcome> handler = built(handler().withWait(Duration.ZERO));
        CountDownLatch goOn = new CountDownLatch(1);
        Future<Outcome<StoredOutcome>> first = running(handler, goOn);
        Outcome<StoredOutcome> second = handler.tryHandle(Call.of(KEY), this::run);
        goOn.countDown();
        first.get();
        assertThat(second)
                .isInstanceOfSatisfying(
                        Outcome.InProgress.class,
                        busy -> assertThat(busy.retryAfter()).isBetween(Duration.ZERO, Duration.ofMinutes(1)));
        assertThat(store.claims).hasValue(2);
        assertThat(runs).hasValue(1);
    }

    /** Who has waited in vain must not do it too. */
    @Test
    void handle_waitedInVain_isInProgressAndNothingIsRun() throws Exception {
        IdempotentHandler<StoredOutcome> handler = built(handler().withWait(Duration.ofMillis(50)));
        CountDownLatch goOn = new CountDownLatch(1);
        Future<Outcome<StoredOutcome>> first = running(handler, goOn);
        Outcome<StoredOutcome> second = handler.tryHandle(Call.of(KEY), this::run);
        goOn.countDown();
        first.get();
        assertThat(second).isInstanceOf(Outcome.InProgress.class);
        assertThat(runs).hasValue(1);
    }

    @Test
    void handle_firstFailsWhileTheSecondWaits_theSecondRuns() throws Exception {
        IdempotentHandler<StoredOutcome> handler = built(handler().withWait(PATIENCE));
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        Future<Outcome<StoredOutcome>> first = threads.submit(() -> handler.tryHandle(Call.of(KEY), execution -> {
            begun.countDown();
            awaitLatch(goOn);
            throw new IOException("broken pipe");
        }));
        awaitLatch(begun);
        Future<Outcome<StoredOutcome>> second = threads.submit(() -> handler.tryHandle(Call.of(KEY), this::run));
        await().atMost(PATIENCE).until(() -> store.claims.get() >= 3);
        goOn.countDown();
        assertThat(first).failsWithin(PATIENCE);
        assertThat(second.get()).isInstanceOf(Outcome.Processed.class);
        assertThat(runs).hasValue(1);
    }

    @Test
    void handle_interruptedWhileWaiting_isInProgressAndStaysInterrupted() throws Exception {
        IdempotentHandler<StoredOutcome> handler = built(handler().withWait(PATIENCE));
        CountDownLatch goOn = new CountDownLatch(1);
        Future<Outcome<StoredOutcome>> first = running(handler, goOn);
        Thread.currentThread().interrupt();
        Outcome<StoredOutcome> second = handler.tryHandle(Call.of(KEY), this::run);
        assertThat(Thread.interrupted()).isTrue();
        assertThat(second).isInstanceOf(Outcome.InProgress.class);
        goOn.countDown();
        first.get();
    }
}
