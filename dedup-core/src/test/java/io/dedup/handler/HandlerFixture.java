// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.dedup.Fingerprint;
import io.dedup.IdempotencyKey;
import io.dedup.StoredOutcome;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ScopedKey;
import io.dedup.store.memory.MemoryIdempotencyStore;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;

/** A store that is watched, handlers on it, and operations that say how often they ran. */
@Timeout(60)
abstract class HandlerFixture {
    static final Duration PATIENCE = Duration.ofSeconds(30);
    static final Duration SHORT_LEASE = Duration.ofMillis(150);
    /** Of a test that keeps it: long enough that a machine with much to do renews it in time. */
    static final Duration KEPT_LEASE = Duration.ofSeconds(1);

    static final IdempotencyKey KEY = IdempotencyKey.of("header:idempotency-key", "42".getBytes(UTF_8));
    static final byte[] BYTES = {0, -1, 13, 10};
    static final StoredOutcome OUTCOME = StoredOutcome.of(BYTES);

    final WatchedStore store = new WatchedStore(MemoryIdempotencyStore.holding(1000));
    final AtomicInteger runs = new AtomicInteger();
    final ExecutorService threads = Executors.newCachedThreadPool();
    final List<IdempotentHandler<StoredOutcome>> handlers = new ArrayList<>();

    @AfterEach
    void stop() {
        threads.shutdownNow();
        handlers.forEach(IdempotentHandler::close);
    }

    HandlerBuilder<StoredOutcome> handler() {
        return IdempotentHandler.on(store, "test", RawCodec.RAW);
    }

    IdempotentHandler<StoredOutcome> built(HandlerBuilder<StoredOutcome> builder) {
        IdempotentHandler<StoredOutcome> handler = builder.build();
        handlers.add(handler);
        return handler;
    }

    StoredOutcome run(Execution<StoredOutcome> execution) {
        assertThat(execution.key()).isEqualTo(KEY);
        runs.incrementAndGet();
        return OUTCOME;
    }

    static void failWith(IdempotentHandler<StoredOutcome> handler, IOException failure) {
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> handler.tryHandle(Call.of(KEY), execution -> {
                    throw failure;
                }));
    }

    void abandon(@Nullable Fingerprint fingerprint) {
        store.claim(
                ClaimRequest.of(new ScopedKey("test", KEY), fingerprint, Duration.ofMillis(1), Duration.ofHours(1)));
    }

    /** The first, which has begun and waits. */
    Future<Outcome<StoredOutcome>> running(IdempotentHandler<StoredOutcome> handler, CountDownLatch goOn) {
        CountDownLatch begun = new CountDownLatch(1);
        Future<Outcome<StoredOutcome>> outcome = threads.submit(() -> handler.tryHandle(Call.of(KEY), execution -> {
            begun.countDown();
            awaitLatch(goOn);
            return run(execution);
        }));
        awaitLatch(begun);
        return outcome;
    }

    static void awaitLatch(CountDownLatch latch) {
        try {
            assertThat(latch.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(interrupted);
        }
    }

    /** The result, also if the thread is interrupted while it waits. */
    static <T> T uninterruptibly(Future<T> future) {
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

    static Fingerprint fingerprint(int payload) {
        byte[] digest = new byte[32];
        digest[0] = (byte) payload;
        return Fingerprint.of("value", digest);
    }

    static final class RecordingListener implements HandlerListener {
        final List<String> events = new java.util.concurrent.CopyOnWriteArrayList<>();

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
