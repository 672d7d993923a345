// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.dedup.Fingerprint;
import io.dedup.IdempotencyKey;
import io.dedup.StoredOutcome;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.LeaseResult;
import io.dedup.store.ScopedKey;
import io.dedup.store.memory.MemoryIdempotencyStore;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;

/** Handlers on one store under a clock that is moved, and owners that vanish. */
@Timeout(60)
abstract class HandlerSeamsFixture {
    static final Duration PATIENCE = Duration.ofSeconds(30);
    static final Duration SHORT = Duration.ofMillis(150);
    static final Duration TTL = Duration.ofHours(1);
    static final IdempotencyKey KEY = IdempotencyKey.of("header:idempotency-key", "42".getBytes(UTF_8));
    static final ScopedKey SCOPED = new ScopedKey("test", KEY);
    static final byte[] BYTES = {0, -1, 13, 10};
    static final StoredOutcome OUTCOME = StoredOutcome.of(BYTES);
    static final Outcome<StoredOutcome> REPLAYED = new Outcome.Replayed<>(OUTCOME);
    static final ClaimResult NO_CLAIM = new ClaimResult.Indeterminate(new IOException("no answer"));
    static final LeaseResult NO_ANSWER = new LeaseResult.Indeterminate(new IOException("no answer"));

    final ShiftedClock clock = new ShiftedClock();
    final WatchedStore store = new WatchedStore(MemoryIdempotencyStore.holding(1000, clock));
    final AtomicInteger runs = new AtomicInteger();
    final AtomicInteger asked = new AtomicInteger();
    final List<IdempotentHandler<StoredOutcome>> handlers = new ArrayList<>();

    @AfterEach
    void stop() {
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
        runs.incrementAndGet();
        return OUTCOME;
    }

    Reconciler<StoredOutcome> finding(Reconciler.Finding<StoredOutcome> finding) {
        return execution -> {
            asked.incrementAndGet();
            return finding;
        };
    }

    static ClaimRequest request() {
        return ClaimRequest.of(SCOPED, null, Duration.ofMillis(1), TTL);
    }

    void failUnknown() {
        IdempotentHandler<StoredOutcome> handler = built(handler().withFailure(IOException.class, OnFailure.unknown()));
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> handler.tryHandle(Call.of(KEY), execution -> {
                    throw new IOException("no answer");
                }));
    }

    /** Claims the key as a process does that then dies, and waits until its lease is over. */
    void vanish(ClaimRequest request) {
        ClaimResult result = store.claim(request);
        assertThat(result).isInstanceOf(ClaimResult.Acquired.class);
        clock.shift(Duration.ofMillis(2));
    }

    /** The time of day, and then some. */
    static final class ShiftedClock extends Clock {
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

    static Fingerprint fingerprint(int payload) {
        byte[] digest = new byte[32];
        digest[0] = (byte) payload;
        return Fingerprint.of("value", digest);
    }
}
