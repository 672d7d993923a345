// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.dedup.Fingerprint;
import io.dedup.IdempotencyKey;
import io.dedup.StoredOutcome;
import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.Completion;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.LeaseResult;
import io.dedup.store.Release;
import io.dedup.store.ScopedKey;
import io.dedup.store.memory.MemoryIdempotencyStore;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where one thing that goes wrong meets another. */
@Timeout(60)
class HandlerSeamsTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Duration SHORT = Duration.ofMillis(150);
    private static final Duration TTL = Duration.ofHours(1);
    private static final IdempotencyKey KEY = IdempotencyKey.of("header:idempotency-key", "42".getBytes(UTF_8));
    private static final ScopedKey SCOPED = new ScopedKey("test", KEY);
    private static final byte[] BYTES = {0, -1, 13, 10};
    private static final StoredOutcome OUTCOME = StoredOutcome.of(BYTES);
    private static final Outcome<StoredOutcome> REPLAYED = new Outcome.Replayed<>(OUTCOME);
    private static final ClaimResult NO_CLAIM = new ClaimResult.Indeterminate(new IOException("no answer"));
    private static final LeaseResult NO_ANSWER = new LeaseResult.Indeterminate(new IOException("no answer"));

    private final ShiftedClock clock = new ShiftedClock();
    private final WatchedStore store = new WatchedStore(MemoryIdempotencyStore.holding(1000, clock));
    private final AtomicInteger runs = new AtomicInteger();
    private final AtomicInteger asked = new AtomicInteger();
    private final List<IdempotentHandler<StoredOutcome>> handlers = new ArrayList<>();

    @AfterEach
    void stop() {
        handlers.forEach(IdempotentHandler::close);
    }

    // A takeover of what may have been done

    @Test
    void handle_ownerDiesWhileFindingOut_nextFindsOutAndDoesNotRun() {
        failUnknown();
        vanish(request().reopening());
        assertThat(built(handler().withReconciler(finding(new Reconciler.Done<>(OUTCOME))))
                        .tryHandle(Call.of(KEY), this::run))
                .isEqualTo(REPLAYED);
        assertThat(asked).hasValue(1);
        assertThat(runs).hasValue(0);
    }

    /** An instance that is configured otherwise does not run it either. */
    @Test
    void handle_ownerDiesWhileFindingOutAndNobodyElseCan_isStillUnknown() {
        failUnknown();
        vanish(request().reopening());
        assertThat(built(handler()).tryHandle(Call.of(KEY), this::run)).isEqualTo(new Outcome.Unknown<>());
        assertThat(runs).hasValue(0);
    }

    @Test
    void handle_ownerVanished_reconcilerIsAskedFirst() {
        vanish(request());
        assertThat(built(handler().withReconciler(finding(new Reconciler.Done<>(OUTCOME))))
                        .tryHandle(Call.of(KEY), this::run))
                .isEqualTo(REPLAYED);
        assertThat(asked).hasValue(1);
        assertThat(runs).hasValue(0);
    }

    @Test
    void handle_findingCannotBeStored_isKeptAndNotRun() {
        failUnknown();
        IdempotentHandler<StoredOutcome> handler =
                built(handler().withPatience(SHORT).withReconciler(finding(new Reconciler.Done<>(OUTCOME))));
        store.onComplete = result -> NO_ANSWER;
        assertThatExceptionOfType(StoreUnavailableException.class)
                .isThrownBy(() -> handler.tryHandle(Call.of(KEY), this::run));
        store.onComplete = result -> result;
        assertThat(handler.tryHandle(Call.of(KEY), this::run)).isEqualTo(REPLAYED);
        assertThat(asked).hasValue(1);
        assertThat(runs).hasValue(0);
    }

    @Test
    void handle_finderLosesItsLease_nextFindsOut() {
        failUnknown();
        store.onRenew = renewed -> NO_ANSWER;
        IdempotentHandler<StoredOutcome> slow = built(handler().withLease(SHORT).withReconciler(execution -> {
            await().atMost(PATIENCE).ignoreExceptions().until(execution::isLeaseLost);
            return new Reconciler.NotDone<>();
        }));
        assertThatExceptionOfType(LeaseLostException.class).isThrownBy(() -> slow.tryHandle(Call.of(KEY), this::run));
        assertThat(built(handler().withReconciler(finding(new Reconciler.Done<>(OUTCOME))))
                        .tryHandle(Call.of(KEY), this::run))
                .isEqualTo(REPLAYED);
        assertThat(runs).hasValue(0);
    }

    @Test
    void isTakenOver_laterAttemptsFail_staysTrue() {
        vanish(request());
        IdempotentHandler<StoredOutcome> handler = built(handler());
        for (int attempt = 2; attempt < 5; attempt++) {
            assertThatExceptionOfType(IOException.class)
                    .isThrownBy(() -> handler.tryHandle(Call.of(KEY), execution -> {
                        assertThat(execution.isTakenOver()).isTrue();
                        throw new IOException("try again");
                    }));
        }
        handler.tryHandle(Call.of(KEY), execution -> {
            assertThat(execution.isTakenOver()).isTrue();
            return run(execution);
        });
        assertThat(runs).hasValue(1);
    }

    @Test
    void resetAttempts_abandoned_isNotForgotten() {
        vanish(request());
        IdempotentHandler<StoredOutcome> handler = built(handler().withUnknownOnTakeover());
        handler.resetAttempts(KEY);
        assertThat(handler.tryHandle(Call.of(KEY), this::run)).isEqualTo(new Outcome.Unknown<>());
        assertThat(runs).hasValue(0);
    }

    // What this process knows

    @Test
    void handle_completionNotConfirmed_isKeptStoredAndNotRunAgain() {
        AtomicBoolean away = new AtomicBoolean(true);
        WatchedStore gone = new WatchedStore(store) {
            @Override
            public LeaseResult complete(Claim claim, Completion completion, Duration timeToLive) {
                return away.get() ? NO_ANSWER : super.complete(claim, completion, timeToLive);
            }
        };
        IdempotentHandler<StoredOutcome> handler = built(IdempotentHandler.on(gone, "test", RawCodec.RAW)
                .withLease(SHORT)
                .withPatience(Duration.ofMillis(300)));
        for (int call = 0; call < 3; call++) {
            assertThatExceptionOfType(StoreUnavailableException.class)
                    .isThrownBy(() -> handler.tryHandle(Call.of(KEY), this::run))
                    .satisfies(unknown -> assertThat(unknown.operationRan()).isTrue());
        }
        away.set(false);
        assertThat(handler.tryHandle(Call.of(KEY), this::run)).isEqualTo(REPLAYED);
        assertThat(built(handler()).tryHandle(Call.of(KEY), this::run))
                .as("another process")
                .isEqualTo(REPLAYED);
        assertThat(runs).hasValue(1);
    }

    /** Without a call that asks for it. */
    @Test
    void handle_completionNotConfirmed_isStoredOnceTheStoreIsBack() {
        IdempotentHandler<StoredOutcome> handler = built(handler().withPatience(Duration.ZERO));
        store.onComplete = result -> NO_ANSWER;
        assertThatExceptionOfType(StoreUnavailableException.class)
                .isThrownBy(() -> handler.tryHandle(Call.of(KEY), this::run));
        AtomicInteger completions = new AtomicInteger();
        store.onComplete = result -> {
            completions.incrementAndGet();
            return result;
        };
        await().atMost(PATIENCE).until(() -> completions.get() > 0);
        assertThat(built(handler()).tryHandle(Call.of(KEY), this::run)).isEqualTo(REPLAYED);
    }

    @Test
    void handle_completionNotConfirmedAndOtherPayload_isAConflict() {
        IdempotentHandler<StoredOutcome> handler = built(handler().withPatience(Duration.ZERO));
        store.onComplete = result -> NO_ANSWER;
        assertThatExceptionOfType(StoreUnavailableException.class)
                .isThrownBy(() -> handler.tryHandle(Call.of(KEY).withFingerprint(fingerprint(1)), this::run));
        assertThat(handler.tryHandle(Call.of(KEY).withFingerprint(fingerprint(2)), this::run))
                .isEqualTo(new Outcome.Conflict<>());
    }

    /** A failure that is kept is a result too. */
    @Test
    void handle_unknownNotConfirmed_isKept() {
        IdempotentHandler<StoredOutcome> handler =
                built(handler().withPatience(Duration.ZERO).withFailure(IOException.class, OnFailure.unknown()));
        store.onComplete = result -> NO_ANSWER;
        assertThatExceptionOfType(StoreUnavailableException.class)
                .isThrownBy(() -> handler.tryHandle(Call.of(KEY), execution -> {
                    throw new IOException("no answer from the provider");
                }));
        store.onComplete = result -> result;
        assertThat(handler.tryHandle(Call.of(KEY), this::run)).isEqualTo(new Outcome.Unknown<>());
        assertThat(runs).hasValue(0);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void handle_outcomeTooLong_staysDoneAndNobodyIsAsked(boolean failed) {
        IdempotentHandler<StoredOutcome> handler = built(handler()
                .withMaxOutcomeBytes(1)
                .withFailure(IOException.class, OnFailure.reject("declined"))
                .withReconciler(finding(new Reconciler.NotDone<>())));
        Outcome<StoredOutcome> first = outcome(handler, failed);
        Outcome<StoredOutcome> again = outcome(handler, failed);
        if (failed) {
            assertThat(first).isEqualTo(new Outcome.Rejected<>("declined", "declined", false));
            assertThat(again).isInstanceOfSatisfying(Outcome.Rejected.class, rejected -> {
                assertThat(rejected.code()).isEqualTo("unreadable");
                assertThat(rejected.replayed()).isTrue();
            });
        } else {
            assertThat(first).isEqualTo(new Outcome.Processed<>(OUTCOME));
            assertThat(again).isInstanceOf(Outcome.Unreadable.class);
        }
        assertThat(asked).hasValue(0);
    }

    private Outcome<StoredOutcome> outcome(IdempotentHandler<StoredOutcome> handler, boolean fails) {
        try {
            return handler.tryHandle(Call.of(KEY), execution -> {
                if (fails) {
                    throw new IOException("declined");
                }
                return run(execution);
            });
        } catch (IOException unexpected) {
            throw new AssertionError(unexpected);
        }
    }

    // Scopes

    @Test
    void within_partsWithSlashes_doNotRunIntoEachOther() {
        IdempotentHandler<StoredOutcome> root = built(handler());
        IdempotentHandler<StoredOutcome> slashed = built(IdempotentHandler.on(store, "test/a", RawCodec.RAW));
        List<IdempotentHandler<StoredOutcome>> different = List.of(
                root.within("a/b").within("x"),
                root.within("a").within("b/x"),
                root.within("a").within("b").within("x"),
                root.within("a%2Fb").within("x"),
                root.within("a/b/x"),
                root.within("").within(""),
                root.within(""),
                root.within("/"),
                slashed.within("b").within("x"),
                slashed,
                root);
        Set<String> downstream = new HashSet<>();
        for (IdempotentHandler<StoredOutcome> handler : different) {
            handler.tryHandle(Call.of(KEY), execution -> {
                downstream.add(execution.downstreamKey("charge"));
                return run(execution);
            });
        }
        assertThat(runs).hasValue(different.size());
        assertThat(downstream).hasSize(different.size());
    }

    // Time

    @Test
    void firstAttemptAt_everyAttempt_isTheSame() {
        IdempotentHandler<StoredOutcome> handler = built(handler()
                .withFailure(IOException.class, OnFailure.unknown())
                .withReconciler(finding(new Reconciler.NotDone<>())));
        List<Instant> times = new ArrayList<>();
        for (int attempt = 0; attempt < 3; attempt++) {
            assertThatExceptionOfType(IOException.class)
                    .isThrownBy(() -> handler.tryHandle(Call.of(KEY), execution -> {
                        times.add(execution.firstAttemptAt());
                        clock.shift(Duration.ofMinutes(7));
                        throw new IOException("no answer");
                    }));
        }
        assertThat(times).hasSize(3);
        assertThat(new HashSet<>(times)).hasSize(1);
    }

    @Test
    void handle_hangs_isInterruptedAndFails() {
        IdempotentHandler<StoredOutcome> handler = built(handler().withMaxDuration(SHORT));
        assertThatExceptionOfType(OperationTimeoutException.class)
                .isThrownBy(() -> handler.tryHandle(Call.of(KEY), execution -> {
                    new CountDownLatch(1).await();
                    return OUTCOME;
                }))
                .withCauseInstanceOf(InterruptedException.class);
        assertThat(Thread.interrupted()).isFalse();
        handler.tryHandle(Call.of(KEY), execution -> {
            assertThat(execution.attempt()).as("it counts").isEqualTo(2);
            return run(execution);
        });
        assertThat(runs).hasValue(1);
    }

    @Test
    void handle_hangsAndThatIsUnknown_isNotRunAgain() {
        IdempotentHandler<StoredOutcome> handler = built(
                handler().withMaxDuration(SHORT).withFailure(OperationTimeoutException.class, OnFailure.unknown()));
        assertThatExceptionOfType(OperationTimeoutException.class)
                .isThrownBy(() -> handler.tryHandle(Call.of(KEY), execution -> {
                    new CountDownLatch(1).await();
                    return OUTCOME;
                }));
        assertThat(handler.tryHandle(Call.of(KEY), this::run)).isEqualTo(new Outcome.Unknown<>());
    }

    /** Who does not listen keeps its lease no longer than it lasts. */
    @Test
    void handle_hangsAndDoesNotListen_isNotRenewedAnyMore() {
        IdempotentHandler<StoredOutcome> handler =
                built(handler().withLease(SHORT).withMaxDuration(SHORT));
        AtomicBoolean superseded = new AtomicBoolean();
        assertThatExceptionOfType(LeaseLostException.class)
                .isThrownBy(() -> handler.tryHandle(Call.of(KEY), execution -> {
                    while (!superseded.get()) {
                        superseded.set(store.claim(request()) instanceof ClaimResult.Acquired);
                    }
                    return OUTCOME;
                }));
    }

    /** A store that hangs parks no caller for a whole lease. */
    @Test
    void handle_storeDoesNotAnswer_givesUpWhenPatienceIsOver() {
        store.onClaim = result -> new ClaimResult.Indeterminate(new IOException("no answer"));
        IdempotentHandler<StoredOutcome> handler = built(
                handler().withLease(Duration.ofHours(1)).withPatience(SHORT).withWait(Duration.ZERO));
        assertThatExceptionOfType(StoreUnavailableException.class)
                .isThrownBy(() -> handler.tryHandle(Call.of(KEY), this::run))
                .satisfies(unknown -> assertThat(unknown.operationRan()).isFalse());
        assertThat(runs).hasValue(0);
    }

    /** The claim was given, and its answer took so long that its lease was over. */
    @Test
    void handle_claimAnsweredAfterItsLease_isNotRunOnIt() {
        AtomicBoolean first = new AtomicBoolean(true);
        store.onClaim = result -> {
            if (first.compareAndSet(true, false)) {
                ClaimRequest successor = ClaimRequest.of(SCOPED, null, TTL, TTL);
                await().atMost(PATIENCE).until(() -> store.claim(successor) instanceof ClaimResult.Acquired);
            }
            return result;
        };
        Outcome<StoredOutcome> outcome =
                built(handler().withLease(SHORT).withWait(Duration.ZERO)).tryHandle(Call.of(KEY), this::run);
        assertThat(outcome).isInstanceOf(Outcome.InProgress.class);
        assertThat(runs).hasValue(0);
    }

    @Test
    void handle_claimsAlwaysAnsweredAfterTheLease_isNotRun() {
        store.onClaim = result -> {
            long asked = System.nanoTime();
            await().until(() ->
                    System.nanoTime() - asked > Duration.ofMillis(30).toNanos());
            return result;
        };
        IdempotentHandler<StoredOutcome> handler =
                built(handler().withLease(Duration.ofMillis(10)).withPatience(SHORT));
        assertThatExceptionOfType(StoreUnavailableException.class)
                .isThrownBy(() -> handler.tryHandle(Call.of(KEY), this::run))
                .withMessageContaining("longer to answer than a lease lasts");
        assertThat(runs).hasValue(0);
    }

    // Attempts that do not count

    @Test
    void handle_declined_isReleasedWhateverIsConfiguredAndDoesNotCount() {
        IdempotentHandler<StoredOutcome> handler = built(handler().withFailure(Throwable.class, OnFailure.unknown()));
        for (int call = 0; call < 3; call++) {
            assertThatExceptionOfType(OperationDeclinedException.class)
                    .isThrownBy(() -> handler.tryHandle(Call.of(KEY), execution -> {
                        throw new OperationDeclinedException("over the rate");
                    }));
        }
        handler.tryHandle(Call.of(KEY), execution -> {
            assertThat(execution.attempt()).isEqualTo(1);
            return run(execution);
        });
        assertThat(runs).hasValue(1);
    }

    /** As when an application is shut down. */
    @Test
    void handle_interruptedByTheApplication_doesNotCount() {
        IdempotentHandler<StoredOutcome> handler = built(handler());
        Thread.currentThread().interrupt();
        assertThatExceptionOfType(InterruptedException.class)
                .isThrownBy(() -> handler.tryHandle(Call.of(KEY), execution -> {
                    new CountDownLatch(1).await();
                    return OUTCOME;
                }));
        handler.tryHandle(Call.of(KEY), execution -> {
            assertThat(execution.attempt()).isEqualTo(1);
            return run(execution);
        });
    }

    /** Part of it may be done, so that who can be asked is asked, however the interrupt came about. */
    @ParameterizedTest
    @ValueSource(strings = {"cancelled", "timeout", "lease lost"})
    void handle_interruptedOperation_isAskedAboutBeforeItIsRunAgain(String by) {
        HandlerBuilder<StoredOutcome> builder = handler().withReconciler(finding(new Reconciler.Done<>(OUTCOME)));
        if (by.equals("timeout")) {
            builder.withMaxDuration(SHORT);
        } else if (by.equals("lease lost")) {
            builder.withLease(SHORT);
            store.onRenew = result -> NO_ANSWER;
        }
        IdempotentHandler<StoredOutcome> handler = built(builder);
        if (by.equals("cancelled")) {
            Thread.currentThread().interrupt();
        }
        assertThatExceptionOfType(Exception.class)
                .isThrownBy(() -> handler.tryHandle(Call.of(KEY), execution -> {
                    new CountDownLatch(1).await();
                    return OUTCOME;
                }));
        assertThat(handler.tryHandle(Call.of(KEY), this::run)).isEqualTo(REPLAYED);
        assertThat(asked).hasValue(1);
        assertThat(runs).hasValue(0);
    }

    /** It was found out that nothing had been done, and by then the claim was another owner's. */
    @Test
    void handle_supersededWhileFindingOut_isNotRun() {
        failUnknown();
        AtomicBoolean superseded = new AtomicBoolean();
        store.onRenew = result -> superseded.get() ? new LeaseResult.Lost() : NO_ANSWER;
        IdempotentHandler<StoredOutcome> slow = built(handler().withLease(SHORT).withReconciler(execution -> {
            superseded.set(true);
            long since = System.nanoTime();
            while (System.nanoTime() - since < SHORT.toNanos() * 2) {
                Thread.onSpinWait();
            }
            return new Reconciler.NotDone<>();
        }));
        assertThatExceptionOfType(LeaseLostException.class).isThrownBy(() -> slow.tryHandle(Call.of(KEY), this::run));
        assertThat(runs).hasValue(0);
    }

    /** A failure that is kept is kept also if the store was away when the lease was lost. */
    @Test
    void handle_leaseLostAndFailureNotConfirmed_isKeptUntilItIs() {
        IdempotentHandler<StoredOutcome> handler =
                built(handler().withLease(SHORT).withFailure(InterruptedException.class, OnFailure.unknown()));
        store.onRenew = result -> NO_ANSWER;
        store.onComplete = result -> NO_ANSWER;
        assertThatExceptionOfType(LeaseLostException.class)
                .isThrownBy(() -> handler.tryHandle(Call.of(KEY), execution -> {
                    new CountDownLatch(1).await();
                    return OUTCOME;
                }));
        store.onComplete = result -> result;
        assertThat(handler.tryHandle(Call.of(KEY), this::run)).isEqualTo(new Outcome.Unknown<>());
        assertThat(runs).hasValue(0);
    }

    /** As Redis does after a failover onto a replica that had not heard of the claim. */
    @Test
    void handle_storeHasForgottenTheClaim_endIsStoredUnderANewOne() {
        List<MemoryIdempotencyStore> servers = new CopyOnWriteArrayList<>();
        servers.add(MemoryIdempotencyStore.holding(10, clock));
        IdempotencyStore failingOver = new WatchedStore(store) {
            @Override
            public ClaimResult claim(ClaimRequest request) {
                return servers.get(servers.size() - 1).claim(request);
            }

            @Override
            public LeaseResult complete(Claim claim, Completion completion, Duration timeToLive) {
                return servers.get(servers.size() - 1).complete(claim, completion, timeToLive);
            }
        };
        IdempotentHandler<StoredOutcome> handler = built(IdempotentHandler.on(failingOver, "test", RawCodec.RAW));
        Outcome<StoredOutcome> outcome = handler.tryHandle(Call.of(KEY), execution -> {
            servers.add(MemoryIdempotencyStore.holding(10, clock));
            return run(execution);
        });
        assertThat(outcome).isEqualTo(new Outcome.Processed<>(OUTCOME));
        assertThat(handler.tryHandle(Call.of(KEY), this::run)).isEqualTo(REPLAYED);
        assertThat(runs).hasValue(1);
    }

    /** A failover begins with an outage: the end is kept by then, and the claim forgotten. */
    @Test
    void handle_storeHasForgottenTheClaimWhileItWasAway_endIsStoredUnderANewOne() {
        List<MemoryIdempotencyStore> servers = new CopyOnWriteArrayList<>();
        servers.add(MemoryIdempotencyStore.holding(10, clock));
        IdempotencyStore failingOver = new WatchedStore(store) {
            @Override
            public ClaimResult claim(ClaimRequest request) {
                return servers.get(servers.size() - 1).claim(request);
            }

            @Override
            public LeaseResult complete(Claim claim, Completion completion, Duration timeToLive) {
                return servers.size() == 1
                        ? NO_ANSWER
                        : servers.get(servers.size() - 1).complete(claim, completion, timeToLive);
            }
        };
        IdempotentHandler<StoredOutcome> handler =
                built(IdempotentHandler.on(failingOver, "test", RawCodec.RAW).withPatience(Duration.ZERO));
        assertThatExceptionOfType(StoreUnavailableException.class)
                .isThrownBy(() -> handler.tryHandle(Call.of(KEY), this::run));
        servers.add(MemoryIdempotencyStore.holding(10, clock));
        assertThat(handler.tryHandle(Call.of(KEY), this::run)).isEqualTo(REPLAYED);
        assertThat(runs).hasValue(1);
    }

    /** Nothing was done, and that is not forgotten because one answer was lost. */
    @Test
    void handle_releaseNotConfirmed_isRepeatedAndNoVanishedOwner() {
        AtomicBoolean away = new AtomicBoolean(true);
        IdempotencyStore unsure = new WatchedStore(store) {
            @Override
            public LeaseResult release(Claim claim, Release why) {
                return away.get() ? NO_ANSWER : super.release(claim, why);
            }
        };
        IdempotentHandler<StoredOutcome> handler = built(IdempotentHandler.on(unsure, "test", RawCodec.RAW)
                .withPatience(Duration.ZERO)
                .withWait(PATIENCE)
                .withUnknownOnTakeover());
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> handler.tryHandle(Call.of(KEY), execution -> {
                    throw new IOException("nothing was done");
                }));
        away.set(false);
        assertThat(handler.tryHandle(Call.of(KEY), this::run)).isInstanceOf(Outcome.Processed.class);
    }

    /** A claim whose answer never came was granted all the same, and nobody ran it: it is no vanished owner. */
    @Test
    void handle_claimGivenUpUnanswered_isGivenBack() {
        store.onClaim = result -> NO_CLAIM;
        IdempotentHandler<StoredOutcome> handler =
                built(handler().withPatience(Duration.ZERO).withUnknownOnTakeover());
        assertThatExceptionOfType(StoreUnavailableException.class)
                .isThrownBy(() -> handler.tryHandle(Call.of(KEY), this::run));
        store.onClaim = result -> result;
        IdempotentHandler<StoredOutcome> other =
                built(handler().withWait(PATIENCE).withUnknownOnTakeover());
        Outcome<StoredOutcome> outcome = other.tryHandle(Call.of(KEY), execution -> {
            assertThat(execution.attempt()).isEqualTo(1);
            assertThat(execution.isTakenOver()).isFalse();
            return run(execution);
        });
        assertThat(outcome).isInstanceOf(Outcome.Processed.class);
    }

    @Test
    void close_resultsAndAStoreThatDoesNotAnswer_endsAtOnce() {
        IdempotentHandler<StoredOutcome> handler = built(handler().withPatience(Duration.ZERO));
        AtomicInteger completions = new AtomicInteger();
        store.onComplete = result -> {
            completions.incrementAndGet();
            return NO_ANSWER;
        };
        for (int i = 0; i < 20; i++) {
            IdempotencyKey key = IdempotencyKey.of("header:id", ("k" + i).getBytes(UTF_8));
            assertThatExceptionOfType(StoreUnavailableException.class)
                    .isThrownBy(() -> handler.tryHandle(Call.of(key), this::run));
        }
        int before = completions.get();
        handler.close();
        assertThat(completions.get() - before).as("it does not ask about each").isLessThan(10);
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
        runs.incrementAndGet();
        return OUTCOME;
    }

    private Reconciler<StoredOutcome> finding(Reconciler.Finding<StoredOutcome> finding) {
        return execution -> {
            asked.incrementAndGet();
            return finding;
        };
    }

    private static ClaimRequest request() {
        return ClaimRequest.of(SCOPED, null, Duration.ofMillis(1), TTL);
    }

    private void failUnknown() {
        IdempotentHandler<StoredOutcome> handler = built(handler().withFailure(IOException.class, OnFailure.unknown()));
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> handler.tryHandle(Call.of(KEY), execution -> {
                    throw new IOException("no answer");
                }));
    }

    /** Claims the key as a process does that then dies, and waits until its lease is over. */
    private void vanish(ClaimRequest request) {
        ClaimResult result = store.claim(request);
        assertThat(result).isInstanceOf(ClaimResult.Acquired.class);
        clock.shift(Duration.ofMillis(2));
    }

    /** The time of day, and then some. */
    private static final class ShiftedClock extends Clock {
        private final AtomicLong ahead = new AtomicLong();

        void shift(Duration by) {
            ahead.addAndGet(by.toMillis());
        }

        @Override
        public Instant instant() {
            return Clock.systemUTC().instant().plusMillis(ahead.get());
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }
    }

    private static Fingerprint fingerprint(int payload) {
        byte[] digest = new byte[32];
        digest[0] = (byte) payload;
        return Fingerprint.of("value", digest);
    }
}
