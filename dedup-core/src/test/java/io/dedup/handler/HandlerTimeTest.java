// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.dedup.IdempotencyKey;
import io.dedup.StoredOutcome;
import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.Completion;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.LeaseResult;
import io.dedup.store.Release;
import io.dedup.store.memory.MemoryIdempotencyStore;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where time passes between a claim and its end, and attempts that do not count. */
class HandlerTimeTest extends HandlerSeamsFixture {
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

    /** A claim whose answer never came was granted all the same, and its operation was not run: no owner has vanished. */
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
}
