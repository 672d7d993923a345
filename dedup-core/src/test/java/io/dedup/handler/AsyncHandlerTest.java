// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dedup.store.CompletionRequest;
import io.dedup.store.LeaseResult;
import io.dedup.store.memory.MemoryIdempotencyStore;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Operations that end on other threads, one by one and in batches. */
@Timeout(60)
class AsyncHandlerTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Duration SHORT_LEASE = Duration.ofMillis(150);

    private final WatchedStore store = new WatchedStore(MemoryIdempotencyStore.holding(10_000));
    private final AtomicInteger runs = new AtomicInteger();
    private final List<IdempotentHandler<?>> handlers = new ArrayList<>();

    @AfterEach
    void stop() {
        handlers.forEach(IdempotentHandler::close);
    }

    // One by one

    @Test
    void handleAsync_operationEndsElsewhere_isProcessedAndReplayed() {
        IdempotentHandler<String> handler = built(handler());
        CompletableFuture<String> receipt = new CompletableFuture<>();
        CompletableFuture<String> first =
                handler.handleAsync(Call.of("k"), execution -> receipt).toCompletableFuture();
        await().atMost(PATIENCE).until(() -> store.claims.get() == 1);
        assertThat(first).isNotDone();
        receipt.complete("r1");
        assertThat(first).succeedsWithin(PATIENCE).isEqualTo("r1");
        assertThat(handler.handleAsync(Call.of("k"), this::run).toCompletableFuture())
                .succeedsWithin(PATIENCE)
                .isEqualTo("r1");
        assertThat(runs).hasValue(0);
    }

    /** More waiters than any pool has threads for: none of them holds one. */
    @Test
    void handleAsync_thousandsWaitForOneOwner_noThreadIsHeldAndAllGetItsOutcome() {
        IdempotentHandler<String> handler = built(handler().withWait(PATIENCE));
        CompletableFuture<String> receipt = new CompletableFuture<>();
        List<CompletableFuture<String>> answers = new ArrayList<>();
        answers.add(handler.handleAsync(Call.of("k"), execution -> receipt).toCompletableFuture());
        await().atMost(PATIENCE).until(() -> store.claims.get() == 1);
        for (int i = 0; i < 2000; i++) {
            answers.add(handler.handleAsync(Call.of("k"), this::run).toCompletableFuture());
        }
        await().atMost(PATIENCE).until(() -> store.claims.get() > 4000);
        long threads = Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("dedup-lease"))
                .count();
        assertThat(threads).as("threads for two thousand that wait").isLessThan(50);
        receipt.complete("r1");
        answers.forEach(answer -> assertThat(answer).succeedsWithin(PATIENCE).isEqualTo("r1"));
        assertThat(runs).hasValue(0);
    }

    @Test
    void handleAsync_operationFailsLater_isThrownAsItIsAndTheRetryRuns() {
        IdempotentHandler<String> handler = built(handler());
        IOException failure = new IOException("broken pipe");
        CompletableFuture<String> failed = handler.handleAsync(
                        Call.of("k"),
                        execution -> CompletableFuture.supplyAsync(() -> {
                            throw new CompletionException(failure);
                        }))
                .toCompletableFuture();
        assertThat(failed)
                .failsWithin(PATIENCE)
                .withThrowableOfType(Exception.class)
                .withCause(failure);
        assertThat(handler.handleAsync(Call.of("k"), this::run).toCompletableFuture())
                .succeedsWithin(PATIENCE);
        assertThat(runs).hasValue(1);
    }

    @Test
    void handleAsync_operationFailsAtOnce_isThrownAsItIs() {
        IdempotentHandler<String> handler = built(handler());
        IOException failure = new IOException("refused");
        assertThat(handler.handleAsync(Call.of("k"), execution -> {
                            throw failure;
                        })
                        .toCompletableFuture())
                .failsWithin(PATIENCE)
                .withThrowableOfType(Exception.class)
                .withCause(failure);
    }

    @Test
    void handleAsync_rejection_isStored() {
        IdempotentHandler<String> handler = built(handler());
        for (boolean replayed : new boolean[] {false, true}) {
            assertThat(handler.tryHandleAsync(
                                    Call.of("k"),
                                    execution -> CompletableFuture.failedStage(
                                            new OperationRejectedException("card_declined", "no funds")))
                            .toCompletableFuture())
                    .succeedsWithin(PATIENCE)
                    .isEqualTo(new Outcome.Rejected<>("card_declined", "no funds", replayed));
        }
    }

    @Test
    void handleAsync_operationTakesTooLong_isCancelledAndTimesOut() {
        IdempotentHandler<String> handler = built(handler().withMaxDuration(Duration.ofMillis(50)));
        CompletableFuture<String> never = new CompletableFuture<>();
        assertThat(handler.handleAsync(Call.of("k"), execution -> never).toCompletableFuture())
                .failsWithin(PATIENCE)
                .withThrowableOfType(Exception.class)
                .withCauseInstanceOf(OperationTimeoutException.class);
        assertThat(never).isCancelled();
    }

    @Test
    void handleAsync_leaseIsLost_isCancelledAndNotStored() {
        store.onRenew = renewed -> new LeaseResult.Lost();
        IdempotentHandler<String> handler = built(handler().withLease(SHORT_LEASE));
        CompletableFuture<String> never = new CompletableFuture<>();
        assertThat(handler.handleAsync(Call.of("k"), execution -> never).toCompletableFuture())
                .failsWithin(PATIENCE)
                .withThrowableOfType(Exception.class)
                .withCauseInstanceOf(LeaseLostException.class);
        assertThat(never).isCancelled();
    }

    /** As the stages of some clients: their futures are copies, or there are none. */
    @Test
    void handleAsync_stageThatCannotBeCancelled_endsAllTheSame() {
        IdempotentHandler<String> handler = built(handler().withMaxDuration(Duration.ofMillis(50)));
        CompletionStage<String> never = new CompletableFuture<String>().minimalCompletionStage();
        assertThat(handler.handleAsync(Call.of("k"), execution -> never).toCompletableFuture())
                .failsWithin(PATIENCE)
                .withThrowableOfType(Exception.class)
                .withCauseInstanceOf(OperationTimeoutException.class);
    }

    @Test
    void handleAsync_handlerIsClosedMeanwhile_waitersEnd() {
        IdempotentHandler<String> handler = built(handler().withWait(PATIENCE));
        handler.handleAsync(Call.of("k"), execution -> new CompletableFuture<>());
        await().atMost(PATIENCE).until(() -> store.claims.get() == 1);
        CompletableFuture<String> waiting =
                handler.handleAsync(Call.of("k"), this::run).toCompletableFuture();
        await().atMost(PATIENCE).until(() -> store.claims.get() >= 3);
        handler.close();
        assertThat(waiting)
                .failsWithin(PATIENCE)
                .withThrowableOfType(Exception.class)
                .withCauseInstanceOf(IllegalStateException.class);
        assertThat(handler.handleAsync(Call.of("other"), this::run).toCompletableFuture())
                .failsWithin(PATIENCE)
                .withThrowableOfType(Exception.class)
                .withCauseInstanceOf(IllegalStateException.class);
    }

    /** The application has given the operation up, and cannot know what it has done: the reconciler is asked. */
    @Test
    void handleAsync_stageIsCancelledByTheApplication_reconcilerIsAskedBeforeItIsRunAgain() {
        AtomicInteger asked = new AtomicInteger();
        IdempotentHandler<String> handler = built(handler().withReconciler(execution -> {
            asked.incrementAndGet();
            return new Reconciler.NotDone<>();
        }));
        CompletableFuture<String> given = new CompletableFuture<>();
        given.cancel(true);
        assertThat(handler.handleAsync(Call.of("k"), execution -> given).toCompletableFuture())
                .failsWithin(PATIENCE);
        assertThat(handler.handle(Call.of("k"), execution -> "done")).isEqualTo("done");
        assertThat(asked).hasValue(1);
    }

    @Test
    void handleAsync_interruptComesWhileItIsBegun_stageIsCancelledAllTheSame() {
        IdempotentHandler<String> handler = built(handler().withMaxDuration(Duration.ofMillis(50)));
        CompletableFuture<String> late = new CompletableFuture<>();
        assertThat(handler.handleAsync(Call.of("k"), execution -> {
                            await().atMost(PATIENCE).until(execution::isTimedOut);
                            return late;
                        })
                        .toCompletableFuture())
                .failsWithin(PATIENCE);
        await().atMost(PATIENCE).until(late::isCancelled);
    }

    @Test
    void handleAsync_oneAnswerOfTheStoreIsLost_isTriedAgainAndProcessed() {
        AtomicInteger answers = new AtomicInteger();
        store.onComplete = result ->
                answers.incrementAndGet() == 1 ? new LeaseResult.Indeterminate(new IOException("lost")) : result;
        IdempotentHandler<String> handler = built(handler());
        assertThat(handler.tryHandleAsync(Call.of("k"), this::run).toCompletableFuture())
                .succeedsWithin(PATIENCE)
                .isEqualTo(new Outcome.Processed<>("r1"));
    }

    @Test
    void handleAsync_thousandsOfCallsOfASlowStore_takeABoundedNumberOfThreads() {
        CompletableFuture<Boolean> goOn = new CompletableFuture<>();
        AtomicInteger waiting = new AtomicInteger();
        WatchedStore slow = new WatchedStore(MemoryIdempotencyStore.holding(10_000)) {
            @Override
            public io.dedup.store.ClaimResult claim(io.dedup.store.ClaimRequest request) {
                waiting.incrementAndGet();
                goOn.join();
                return super.claim(request);
            }
        };
        IdempotentHandler<String> handler = built(IdempotentHandler.on(slow, "test", OutcomeCodec.string()));
        List<CompletableFuture<String>> answers = IntStream.range(0, 3000)
                .mapToObj(i -> handler.handleAsync(call(i), this::run).toCompletableFuture())
                .toList();
        await().atMost(PATIENCE).until(() -> waiting.get() >= 16);
        assertThat(waiting.get())
                .as("calls of the store at once, each with a thread")
                .isLessThanOrEqualTo(16);
        goOn.complete(true);
        answers.forEach(answer -> assertThat(answer).succeedsWithin(PATIENCE));
    }

    // Batches

    /** The lease of an item that is not begun yet is renewed while those before it are begun. */
    @Test
    void tryHandleAll_operationBeforeTakesLongToBegin_leasesOfTheOthersAreHeld() {
        List<String> renewed = new CopyOnWriteArrayList<>();
        WatchedStore renewing = new WatchedStore(MemoryIdempotencyStore.holding(10)) {
            @Override
            public LeaseResult renew(io.dedup.store.Claim claim, Duration leaseFor) {
                renewed.add(claim.key().key().text());
                return super.renew(claim, leaseFor);
            }
        };
        IdempotentHandler<String> handler = built(
                IdempotentHandler.on(renewing, "test", OutcomeCodec.string()).withLease(Duration.ofMillis(300)));
        List<Outcome<String>> outcomes =
                joined(handler.tryHandleAll(List.of(1, 2), AsyncHandlerTest::call, (item, execution) -> {
                    if (item == 1) {
                        await().atMost(PATIENCE).until(() -> renewed.contains("order-2"));
                    }
                    return done(item, execution);
                }));
        assertThat(outcomes).containsExactly(new Outcome.Processed<>("r1"), new Outcome.Processed<>("r2"));
        assertThat(runs).hasValue(2);
    }

    @Test
    void tryHandleAll_oneKeyCannotBeUsed_theOthersAreDone() {
        IdempotentHandler<String> handler = built(handler());
        List<CompletionStage<Outcome<String>>> answers = handler.tryHandleAll(
                List.of("", "order-2"), Call::of, (item, execution) -> CompletableFuture.completedStage("done"));
        assertThat(answers.get(0).toCompletableFuture())
                .failsWithin(PATIENCE)
                .withThrowableOfType(Exception.class)
                .withCauseInstanceOf(IllegalArgumentException.class);
        assertThat(answers.get(1).toCompletableFuture())
                .succeedsWithin(PATIENCE)
                .isEqualTo(new Outcome.Processed<>("done"));
    }

    @Test
    void tryHandleAll_manyItems_eachHasItsAnswerAndTheStoreIsCalledForAllAtOnce() {
        IdempotentHandler<String> handler = built(handler());
        List<Integer> items = IntStream.range(0, 2500).boxed().toList();
        List<Outcome<String>> first = joined(handler.tryHandleAll(items, AsyncHandlerTest::call, this::done));
        for (int item : items) {
            assertThat(first.get(item)).isEqualTo(new Outcome.Processed<>("r" + item));
        }
        assertThat(store.claimBatches).as("of at most a thousand").containsExactly(1000, 1000, 500);
        List<Outcome<String>> second = joined(handler.tryHandleAll(items, AsyncHandlerTest::call, this::done));
        for (int item : items) {
            assertThat(second.get(item)).isEqualTo(new Outcome.Replayed<>("r" + item));
        }
        assertThat(runs).hasValue(2500);
    }

    @Test
    void tryHandleAll_someFail_theOthersAreDoneAndOnlyThoseAreRunAgain() {
        IdempotentHandler<String> handler = built(handler());
        List<Integer> items = IntStream.range(0, 100).boxed().toList();
        List<CompletionStage<Outcome<String>>> answers =
                handler.tryHandleAll(items, AsyncHandlerTest::call, (item, execution) -> {
                    if (item % 10 == 3) {
                        throw new IOException("refused at once");
                    } else if (item % 10 == 7) {
                        return CompletableFuture.failedStage(new IOException("refused later"));
                    }
                    return done(item, execution);
                });
        for (int item : items) {
            CompletableFuture<Outcome<String>> answer = answers.get(item).toCompletableFuture();
            if (item % 10 == 3 || item % 10 == 7) {
                assertThat(answer)
                        .failsWithin(PATIENCE)
                        .withThrowableOfType(Exception.class)
                        .withCauseInstanceOf(IOException.class);
            } else {
                assertThat(answer).succeedsWithin(PATIENCE).isEqualTo(new Outcome.Processed<>("r" + item));
            }
        }
        assertThat(runs).hasValue(80);
        List<Outcome<String>> again = joined(handler.tryHandleAll(items, AsyncHandlerTest::call, this::done));
        assertThat(again.stream().filter(Outcome.Processed.class::isInstance)).hasSize(20);
        assertThat(runs).hasValue(100);
    }

    @Test
    void tryHandleAll_sameKeyTwice_isRunOnceAndBothHaveItsOutcome() {
        IdempotentHandler<String> handler = built(handler().withWait(PATIENCE));
        List<Outcome<String>> outcomes =
                joined(handler.tryHandleAll(List.of(1, 1), AsyncHandlerTest::call, this::done));
        assertThat(outcomes).containsExactly(new Outcome.Processed<>("r1"), new Outcome.Replayed<>("r1"));
        assertThat(runs).hasValue(1);
    }

    /** A multi-row effect: what is to be done is collected, done at once, and each item is told its end. */
    @Test
    void tryHandleAll_effectForAllTogether_isForThoseThatAreNotDoneYet() {
        IdempotentHandler<String> handler = built(handler());
        joined(handler.tryHandleAll(List.of(1, 2), AsyncHandlerTest::call, this::done));
        List<Integer> rows = new ArrayList<>();
        List<CompletableFuture<String>> ends = new ArrayList<>();
        List<CompletionStage<Outcome<String>>> answers =
                handler.tryHandleAll(List.of(1, 2, 3, 4), AsyncHandlerTest::call, (item, execution) -> {
                    CompletableFuture<String> end = new CompletableFuture<>();
                    rows.add(item);
                    ends.add(end);
                    return end;
                });
        assertThat(rows).as("of one INSERT with many rows").containsExactly(3, 4);
        ends.forEach(end -> end.complete("row"));
        assertThat(joined(answers).get(3)).isEqualTo(new Outcome.Processed<>("row"));
    }

    @Test
    void tryHandleAll_storeConfirmsNoCompletionAtFirst_isNotRunAgain() {
        IdempotentHandler<String> handler = built(handler().withPatience(Duration.ZERO));
        store.onComplete = result -> new LeaseResult.Indeterminate(new IOException("no answer"));
        List<CompletionStage<Outcome<String>>> answers =
                handler.tryHandleAll(List.of(1), AsyncHandlerTest::call, this::done);
        assertThat(answers.get(0).toCompletableFuture())
                .failsWithin(PATIENCE)
                .withThrowableOfType(Exception.class)
                .withCauseInstanceOf(StoreUnavailableException.class);
        store.onComplete = result -> result;
        assertThat(handler.handle(call(1), execution -> "another")).isEqualTo("r1");
        assertThat(runs).hasValue(1);
    }

    @Test
    void tryHandleAll_storeThrows_noneIsRunAndEachSaysSo() {
        WatchedStore broken = new WatchedStore(MemoryIdempotencyStore.holding(10)) {
            @Override
            public List<io.dedup.store.ClaimResult> claimAll(List<io.dedup.store.ClaimRequest> requests) {
                throw new IllegalStateException("broken");
            }

            @Override
            public io.dedup.store.ClaimResult claim(io.dedup.store.ClaimRequest request) {
                return new io.dedup.store.ClaimResult.Indeterminate(new IOException("away"));
            }
        };
        IdempotentHandler<String> handler = built(
                IdempotentHandler.on(broken, "test", OutcomeCodec.string()).withPatience(Duration.ofMillis(20)));
        handler.tryHandleAll(List.of(1, 2), AsyncHandlerTest::call, this::done)
                .forEach(answer -> assertThat(answer.toCompletableFuture())
                        .failsWithin(PATIENCE)
                        .withThrowableOfType(Exception.class)
                        .withCauseInstanceOf(StoreUnavailableException.class));
        assertThat(runs).hasValue(0);
    }

    /** Completions that arrive while the store is busy go together. */
    @Test
    void tryHandleAll_storeIsSlow_completionsAreStoredInGroups() {
        List<Integer> groups = new CopyOnWriteArrayList<>();
        CompletableFuture<Boolean> goOn = new CompletableFuture<>();
        WatchedStore slow = new WatchedStore(MemoryIdempotencyStore.holding(1000)) {
            @Override
            public List<LeaseResult> completeAll(List<CompletionRequest> requests) {
                groups.add(requests.size());
                goOn.join();
                return super.completeAll(requests);
            }
        };
        IdempotentHandler<String> handler = built(IdempotentHandler.on(slow, "test", OutcomeCodec.string()));
        List<CompletionStage<Outcome<String>>> answers =
                handler.tryHandleAll(IntStream.range(0, 500).boxed().toList(), AsyncHandlerTest::call, this::done);
        await().atMost(PATIENCE).until(() -> groups.size() == 1);
        goOn.complete(true);
        assertThat(joined(answers)).hasSize(500);
        assertThat(groups).hasSizeLessThanOrEqualTo(3);
    }

    private static Call call(int item) {
        return Call.of("order-" + item);
    }

    private CompletionStage<String> done(int item, Execution<String> execution) {
        runs.incrementAndGet();
        assertThat(execution.key().text()).isEqualTo("order-" + item);
        return CompletableFuture.completedStage("r" + item);
    }

    private CompletionStage<String> run(Execution<String> execution) {
        return CompletableFuture.completedStage("r" + runs.incrementAndGet());
    }

    private static <T> List<T> joined(List<CompletionStage<T>> stages) {
        return stages.stream()
                .map(stage -> stage.toCompletableFuture()
                        .orTimeout(PATIENCE.toSeconds(), java.util.concurrent.TimeUnit.SECONDS))
                .map(CompletableFuture::join)
                .toList();
    }

    private HandlerBuilder<String> handler() {
        return IdempotentHandler.on(store, "test", OutcomeCodec.string());
    }

    private <T> IdempotentHandler<T> built(HandlerBuilder<T> builder) {
        IdempotentHandler<T> handler = builder.build();
        handlers.add(handler);
        return handler;
    }
}
