// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

import io.dedup.Fingerprint;
import io.dedup.IdempotencyKey;
import io.dedup.StoredOutcome;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.LeaseResult;
import io.dedup.store.PriorRun;
import io.dedup.store.ScopedKey;
import io.dedup.store.memory.MemoryIdempotencyStore;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class IdempotentHandlerTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Duration SHORT_LEASE = Duration.ofMillis(150);
    /** Of a test that keeps it: long enough that a machine with much to do renews it in time. */
    private static final Duration KEPT_LEASE = Duration.ofSeconds(1);

    private static final IdempotencyKey KEY = IdempotencyKey.of("header:idempotency-key", "42".getBytes(UTF_8));
    private static final byte[] BYTES = {0, -1, 13, 10};
    private static final StoredOutcome OUTCOME = StoredOutcome.of(BYTES);

    private final WatchedStore store = new WatchedStore(MemoryIdempotencyStore.holding(1000));
    private final AtomicInteger runs = new AtomicInteger();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final List<IdempotentHandler<StoredOutcome>> handlers = new ArrayList<>();

    @AfterEach
    void stop() {
        threads.shutdownNow();
        handlers.forEach(IdempotentHandler::close);
    }

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

    // Leases

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

    // Stores that do not answer

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

    // The transaction of an operation

    @Test
    void complete_supersededOrNotAnswered_isAnExceptionThatEndsTheTransaction() {
        IdempotentHandler<StoredOutcome> handler = built(handler());
        WatchedStore joined = new WatchedStore(MemoryIdempotencyStore.holding(1));
        handler.tryHandle(Call.of(KEY), execution -> {
            joined.onComplete = result -> new LeaseResult.Lost();
            assertThatExceptionOfType(LeaseLostException.class).isThrownBy(() -> execution.complete(joined, OUTCOME));
            joined.onComplete = result -> new LeaseResult.Indeterminate(new IOException("no answer"));
            assertThatExceptionOfType(StoreUnavailableException.class)
                    .isThrownBy(() -> execution.complete(joined, OUTCOME))
                    .satisfies(unknown -> assertThat(unknown.operationRan()).isFalse());
            return null;
        });
    }

    @Test
    void complete_noted_isTheOutcomeWhateverIsReturned() {
        IdempotentHandler<StoredOutcome> handler = built(handler());
        Outcome<StoredOutcome> outcome = handler.tryHandle(Call.of(KEY), execution -> {
            execution.complete(store, OUTCOME);
            return StoredOutcome.of(new byte[] {66});
        });
        assertThat(outcome).isEqualTo(new Outcome.Processed<>(OUTCOME));
        assertThat(handler.tryHandle(Call.of(KEY), this::run)).isEqualTo(new Outcome.Replayed<>(OUTCOME));
    }

    // What operations and listeners see

    @Test
    void isTakenOver_nothingHappenedBefore_isFalse() {
        built(handler()).tryHandle(Call.of(KEY), execution -> {
            assertThat(execution.isTakenOver()).isFalse();
            assertThat(execution.isLeaseLost()).isFalse();
            execution.throwIfLeaseLost();
            return null;
        });
    }

    /** A handler that is closed leaves no thread behind, and while it lives its threads keep no process alive. */
    @Test
    void close_renewedAndPurged_endsItsThreads() {
        Set<Thread> before = ownThreads();
        IdempotentHandler<StoredOutcome> handler =
                built(handler().withLease(SHORT_LEASE).withPurge(Duration.ofMillis(20)));
        assertThat(handler.isClosed()).isFalse();
        handler.tryHandle(Call.of(KEY), execution -> {
            await().atMost(PATIENCE).until(() -> store.renewals.get() > 0);
            return null;
        });
        Set<Thread> begun = ownThreads();
        begun.removeAll(before);
        assertThat(begun).hasSizeGreaterThan(2).allMatch(Thread::isDaemon);
        handler.close();
        assertThat(handler.isClosed()).isTrue();
        await().atMost(PATIENCE).until(() -> begun.stream().noneMatch(Thread::isAlive));
    }

    private static Set<Thread> ownThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("dedup-"))
                .collect(Collectors.toCollection(HashSet::new));
    }

    @Test
    void downstreamKey_everyRun_isTheSameAndTellsStepsApart() {
        IdempotentHandler<StoredOutcome> handler = built(IdempotentHandler.on(store, "payments", RawCodec.RAW));
        List<String> charges = new ArrayList<>();
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> handler.tryHandle(Call.of(KEY), execution -> {
                    charges.add(execution.downstreamKey("charge"));
                    throw new IOException("broken pipe");
                }));
        handler.tryHandle(Call.of(KEY), execution -> {
            charges.add(execution.downstreamKey("charge"));
            assertThat(execution.downstreamKey("mail")).isNotEqualTo(charges.get(0));
            assertThat(execution.key()).isEqualTo(KEY);
            return null;
        });
        built(IdempotentHandler.on(store, "refunds", RawCodec.RAW)).tryHandle(Call.of(KEY), execution -> {
            assertThat(execution.downstreamKey("charge")).isNotEqualTo(charges.get(0));
            return null;
        });
        assertThat(charges).hasSize(2).containsOnly(charges.get(0));
    }

    @Test
    void fencingToken_laterRun_isGreater() {
        IdempotentHandler<StoredOutcome> handler = built(handler());
        List<Long> tokens = new ArrayList<>();
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> handler.tryHandle(Call.of(KEY), execution -> {
                    tokens.add(execution.fencingToken());
                    throw new IOException("broken pipe");
                }));
        handler.tryHandle(Call.of(KEY), execution -> {
            tokens.add(execution.fencingToken());
            return null;
        });
        assertThat(tokens.get(1)).isGreaterThan(tokens.get(0));
    }

    @Test
    void listener_everyOutcome_isTold() {
        RecordingListener listener = new RecordingListener();
        IdempotentHandler<StoredOutcome> handler = built(handler().onEvent(listener));
        failWith(handler, new IOException("broken pipe"));
        handler.tryHandle(Call.of(KEY), this::run);
        handler.tryHandle(Call.of(KEY), this::run);
        assertThat(listener.events).containsExactly("failed 1", "Processed 2", "Replayed 0");
    }

    @Test
    void listener_thatFails_changesNothing() {
        IdempotentHandler<StoredOutcome> handler = built(handler().onEvent(new HandlerListener() {
            @Override
            public void answered(ScopedKey key, Outcome<?> outcome, int attempt, Duration waited, Duration took) {
                throw new IllegalStateException("the metrics are down");
            }
        }));
        assertThat(handler.tryHandle(Call.of(KEY), this::run)).isInstanceOf(Outcome.Processed.class);
    }

    @Test
    void purge_outcomesOutlived_makeRoom() {
        MemoryIdempotencyStore small = MemoryIdempotencyStore.holding(10);
        IdempotentHandler<StoredOutcome> handler = built(IdempotentHandler.on(small, "test", RawCodec.RAW)
                .withTtl(Duration.ofMillis(1))
                .withPurge(Duration.ofMillis(20)));
        handler.tryHandle(Call.of(KEY), this::run);
        await().atMost(PATIENCE).until(() -> small.size() == 0);
    }

    @Test
    void build_durationsThatCannotBe_areRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> IdempotentHandler.on(store, " ", RawCodec.RAW));
        assertThatIllegalArgumentException().isThrownBy(() -> handler().withTtl(Duration.ofMillis(Long.MAX_VALUE)));
        assertThatIllegalArgumentException().isThrownBy(() -> handler().withLease(Duration.ofMillis(9)));
        assertThat(handler().withLease(Duration.ofMillis(10))).isNotNull();
        assertThatIllegalArgumentException().isThrownBy(() -> handler().withTtl(Duration.ZERO));
        assertThatIllegalArgumentException().isThrownBy(() -> handler().withWait(Duration.ofMillis(-1)));
    }

    // What tests are made of

    private HandlerBuilder<StoredOutcome> handler() {
        return IdempotentHandler.on(store, "test", RawCodec.RAW);
    }

    private IdempotentHandler<StoredOutcome> built(HandlerBuilder<StoredOutcome> builder) {
        IdempotentHandler<StoredOutcome> handler = builder.build();
        handlers.add(handler);
        return handler;
    }

    private StoredOutcome run(Execution<StoredOutcome> execution) {
        assertThat(execution.key()).isEqualTo(KEY);
        runs.incrementAndGet();
        return OUTCOME;
    }

    private static void failWith(IdempotentHandler<StoredOutcome> handler, IOException failure) {
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> handler.tryHandle(Call.of(KEY), execution -> {
                    throw failure;
                }));
    }

    private void abandon(@Nullable Fingerprint fingerprint) {
        store.claim(
                ClaimRequest.of(new ScopedKey("test", KEY), fingerprint, Duration.ofMillis(1), Duration.ofHours(1)));
    }

    /** The first, which has begun and waits. */
    private Future<Outcome<StoredOutcome>> running(IdempotentHandler<StoredOutcome> handler, CountDownLatch goOn) {
        CountDownLatch begun = new CountDownLatch(1);
        Future<Outcome<StoredOutcome>> outcome = threads.submit(() -> handler.tryHandle(Call.of(KEY), execution -> {
            begun.countDown();
            awaitLatch(goOn);
            return run(execution);
        }));
        awaitLatch(begun);
        return outcome;
    }

    private static void awaitLatch(CountDownLatch latch) {
        try {
            assertThat(latch.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(interrupted);
        }
    }

    /** The result, for somebody who does not listen to interrupts. */
    private static <T> T uninterruptibly(Future<T> future) {
        while (true) {
            try {
                return future.get();
            } catch (InterruptedException ignored) {
                // It does not listen: that is what is tested.
            } catch (java.util.concurrent.ExecutionException failed) {
                throw new IllegalStateException(failed);
            }
        }
    }

    private static Fingerprint fingerprint(int payload) {
        byte[] digest = new byte[32];
        digest[0] = (byte) payload;
        return Fingerprint.of("value", digest);
    }

    private static final class RecordingListener implements HandlerListener {
        private final List<String> events = new java.util.concurrent.CopyOnWriteArrayList<>();

        @Override
        public void answered(ScopedKey key, Outcome<?> outcome, int attempt, Duration waited, Duration took) {
            events.add(outcome.getClass().getSimpleName() + " " + attempt);
        }

        @Override
        public void failed(ScopedKey key, Throwable failure, int attempt) {
            events.add("failed " + attempt);
        }

        @Override
        public void leaseLost(ScopedKey key) {
            events.add("lease lost");
        }

        @Override
        public void storeUnavailable(ScopedKey key, StoreUnavailableException failure) {
            events.add("store unavailable");
        }
    }
}
