// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.Completion;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.LeaseResult;
import io.dedup.store.redis.RedisIdempotencyStore;
import io.dedup.testing.TestServers;
import java.net.URI;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** {@code dedup operations} on a store in Redis. */
class OperationsRedisIT {
    private static final Duration HOUR = Duration.ofHours(1);

    @Test
    void repair_unknownOperation_isFoundResolvedAndNoLongerListed() throws Exception {
        try (TestServers.Redis server = TestServers.redis()) {
            String url = "redis://" + server.host() + ":" + server.port();
            try (IdempotencyStore store = RedisIdempotencyStore.connectingTo(URI.create(url))
                    .withPrefix("billing:")
                    .open()) {
                // Given
                ClaimRequest request = ClaimRequest.of(OperationsFixture.key("payments", "o-7"), null, HOUR, HOUR);
                Claim claim = ((ClaimResult.Acquired) store.claim(request)).claim();
                assertThat(store.complete(claim, Completion.unknown(), HOUR)).isEqualTo(new LeaseResult.Done());
                String[] list = {"operations", "list", "--store", url, "--prefix", "billing:"};
                assertThat(Outcome.of(list).out()).containsPattern("unknown +payments +o-7 ");
                assertThat(Outcome.of("operations", "list", "--store", url).out())
                        .as("with another prefix")
                        .contains("no such operations");
                // When
                Outcome outcome = Outcome.of(
                        "operations",
                        "resolve",
                        "o-7",
                        "--scope",
                        "payments",
                        "--not-done",
                        "--apply",
                        "--reason",
                        "r",
                        "--store",
                        url,
                        "--prefix",
                        "billing:");
                // Then
                assertThat(outcome.err()).isEmpty();
                assertThat(outcome.exitCode()).isZero();
                assertThat(outcome.out()).contains("unknown -> released");
                assertThat(store.claim(request.reopening())).isInstanceOf(ClaimResult.Acquired.class);
            }
        }
    }
}
