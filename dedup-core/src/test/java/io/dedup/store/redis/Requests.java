// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.redis;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.IdempotencyKey;
import io.dedup.StoredOutcome;
import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.Completion;
import io.dedup.store.CompletionRequest;
import io.dedup.store.ScopedKey;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;

/** What tests ask a store for. Keys are new. */
final class Requests {
    static final Duration LEASE = Duration.ofMinutes(1);
    static final Duration TTL = Duration.ofHours(1);
    static final Completion COMPLETION = Completion.succeeded(StoredOutcome.of(new byte[] {1}));

    private Requests() {}

    static ScopedKey key() {
        return new ScopedKey(
                "redis",
                IdempotencyKey.of("header:id", UUID.randomUUID().toString().getBytes(UTF_8)));
    }

    static ClaimRequest request() {
        return request(key());
    }

    static ClaimRequest request(ScopedKey key) {
        return ClaimRequest.of(key, null, LEASE, TTL);
    }

    static List<ClaimRequest> requests(int count) {
        return Stream.generate(Requests::request).limit(count).toList();
    }

    static Claim acquired(ClaimResult result) {
        assertThat(result).isInstanceOf(ClaimResult.Acquired.class);
        return ((ClaimResult.Acquired) result).claim();
    }

    static List<Claim> acquired(List<ClaimResult> results) {
        return results.stream().map(Requests::acquired).toList();
    }

    static List<CompletionRequest> completions(List<Claim> claims) {
        return claims.stream()
                .map(claim -> new CompletionRequest(claim, COMPLETION, TTL))
                .toList();
    }

    /** The key as the server has it. */
    static byte[] bytes(String prefix, ScopedKey key) {
        return (prefix + new String(key.bytes(), UTF_8)).getBytes(UTF_8);
    }
}
