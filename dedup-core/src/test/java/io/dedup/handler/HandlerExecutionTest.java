// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;

import io.dedup.StoredOutcome;
import io.dedup.store.LeaseResult;
import io.dedup.store.ScopedKey;
import io.dedup.store.memory.MemoryIdempotencyStore;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What operations and listeners see, and the transaction of an operation. */
@Timeout(60)
class HandlerExecutionTest extends HandlerFixture {
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
}
