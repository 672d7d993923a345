// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.dedup.StoredOutcome;
import io.dedup.store.Claim;
import io.dedup.store.Completion;
import io.dedup.store.LeaseResult;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where a crash, a scope and what a process knows meet. */
class HandlerSeamsTest extends HandlerSeamsFixture {
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
}
