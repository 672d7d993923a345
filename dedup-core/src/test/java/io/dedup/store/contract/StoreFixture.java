// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.contract;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.Fingerprint;
import io.dedup.IdempotencyKey;
import io.dedup.StoredOutcome;
import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.Completion;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.LeaseResult;
import io.dedup.store.ScopedKey;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** The store that is tested, its clock, and what the tests of the kit are made of. Keys are new in every test. */
abstract class StoreFixture {
    static final Duration LEASE = Duration.ofMinutes(1);
    static final Duration TTL = Duration.ofHours(24);
    static final Duration MILLISECOND = Duration.ofMillis(1);
    static final LeaseResult DONE = new LeaseResult.Done();
    static final LeaseResult LOST = new LeaseResult.Lost();
    static final AtomicInteger KEYS = new AtomicInteger();

    final StoreClock clock = new StoreClock();
    final String scope = "contract-" + Long.toString(System.nanoTime(), 36);

    @SuppressWarnings("NullAway.Init") // opened before each test
    IdempotencyStore store;

    /**
     * Opens a store. All stores that are opened share what they remember.
     *
     * @param time what the store takes for its own clock
     */
    protected abstract IdempotencyStore open(Clock time) throws Exception;

    @BeforeEach
    final void openStore() throws Exception {
        store = open(clock);
    }

    @AfterEach
    final void closeStore() {
        store.close();
    }

    final ScopedKey key() {
        return new ScopedKey(scope, IdempotencyKey.of("header:id", ("key-" + KEYS.incrementAndGet()).getBytes(UTF_8)));
    }

    static ClaimRequest request(ScopedKey key) {
        return request(key, null);
    }

    static ClaimRequest request(ScopedKey key, @Nullable Fingerprint fingerprint) {
        return ClaimRequest.of(key, fingerprint, LEASE, TTL);
    }

    static Fingerprint fingerprint(int payload) {
        byte[] digest = new byte[32];
        digest[0] = (byte) payload;
        return Fingerprint.of("value", digest);
    }

    static Completion succeeded(int outcome) {
        return Completion.succeeded(StoredOutcome.of(new byte[] {(byte) outcome, (byte) (outcome >> 8)}));
    }

    final Claim acquired(ClaimRequest request) {
        return acquired(store.claim(request));
    }

    static Claim acquired(ClaimResult result) {
        assertThat(result).isInstanceOf(ClaimResult.Acquired.class);
        return ((ClaimResult.Acquired) result).claim();
    }

    final Claim completed(Duration timeToLive) {
        Claim claim = acquired(request(key()));
        assertThat(store.complete(claim, Completion.succeeded(StoredOutcome.of(new byte[] {1})), timeToLive))
                .isEqualTo(DONE);
        return claim;
    }

    /** What one of several threads does. */
    interface Task {
        @Nullable
        Object run(int thread) throws Exception;
    }

    /** What the threads have returned, which all begin at the same moment. */
    static List<Object> inParallel(int threads, Task task) throws Exception {
        ExecutorService executor = Executors.newFixedThreadPool(threads);
        CyclicBarrier start = new CyclicBarrier(threads);
        try {
            List<Callable<@Nullable Object>> tasks = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                int thread = i;
                tasks.add(() -> {
                    start.await();
                    return task.run(thread);
                });
            }
            List<Object> results = new ArrayList<>();
            for (Future<@Nullable Object> future : executor.invokeAll(tasks)) {
                Object result = future.get();
                results.add(result == null ? "" : result);
            }
            return results;
        } finally {
            executor.shutdownNow();
        }
    }
}
