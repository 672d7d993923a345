// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.contract;

import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.Fingerprint;
import io.dedup.StoredOutcome;
import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.Completion;
import io.dedup.store.CompletionRequest;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.Release;
import io.dedup.store.ScopedKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Random histories of a few keys and many owners, step by step against a {@link ReferenceStore}. */
abstract class AbstractStoreHistoryTest extends StoreFixture {
    private static final int STEPS = 250;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void anyHistory_isThatOfTheReference(long seed) throws Exception {
        History history = new History(seed);
        for (int step = 0; step < STEPS; step++) {
            history.step("seed " + seed + ", step " + step);
        }
    }

    private final class History {
        private final Random random;
        private final IdempotencyStore reference = new ReferenceStore(clock);
        private final List<ScopedKey> keys = List.of(key(), key(), key(), key());
        private final List<ClaimRequest> requests = new ArrayList<>();
        private final List<Claim> claims = new ArrayList<>();

        History(long seed) {
            random = new Random(seed);
        }

        void step(String at) {
            Claim claim = claims.isEmpty() ? null : claims.get(random.nextInt(claims.size()));
            int kind = random.nextInt(claim == null ? 4 : 12);
            if (kind == 0) {
                clock.advance(Duration.ofMillis(random.nextInt(3_000)));
            } else if (kind <= 2) {
                claimOne(at);
            } else if (kind == 3) {
                claimSeveral(at);
            } else if (claim != null && kind <= 5) {
                Duration lease = duration(3_000);
                assertThat(store.renew(claim, lease)).as(at).isEqualTo(reference.renew(claim, lease));
            } else if (claim != null && kind <= 7) {
                completeOne(at, claim);
            } else if (kind == 8) {
                completeSeveral(at);
            } else if (claim != null) {
                release(at, claim);
            }
            look(at, claim);
        }

        private void claimOne(String at) {
            ClaimRequest request = anyRequest();
            ClaimResult result = store.claim(request);
            assertThat(result).as(at).isEqualTo(reference.claim(request));
            keep(result);
        }

        private void claimSeveral(String at) {
            List<ClaimRequest> batch =
                    Stream.generate(this::anyRequest).limit(random.nextInt(7)).toList();
            List<ClaimResult> results = store.claimAll(batch);
            assertThat(results)
                    .as(at)
                    .isEqualTo(batch.stream().map(reference::claim).toList());
            results.forEach(this::keep);
        }

        private void completeOne(String at, Claim claim) {
            CompletionRequest request = completion(claim);
            assertThat(store.complete(claim, request.completion(), request.timeToLive()))
                    .as(at)
                    .isEqualTo(reference.complete(claim, request.completion(), request.timeToLive()));
        }

        private void completeSeveral(String at) {
            List<CompletionRequest> batch = Stream.generate(() -> completion(claims.get(random.nextInt(claims.size()))))
                    .limit(random.nextInt(7))
                    .toList();
            assertThat(store.completeAll(batch))
                    .as(at)
                    .isEqualTo(batch.stream()
                            .map(one -> reference.complete(one.claim(), one.completion(), one.timeToLive()))
                            .toList());
        }

        private void release(String at, Claim claim) {
            Release why = List.of(Release.values()).get(random.nextInt(Release.values().length));
            assertThat(store.release(claim, why)).as(at).isEqualTo(reference.release(claim, why));
            if (random.nextInt(4) == 0) {
                assertThat(store.resetAttempts(claim.key())).as(at).isEqualTo(reference.resetAttempts(claim.key()));
            }
        }

        private void look(String at, @Nullable Claim claim) {
            if (!requests.isEmpty() && random.nextInt(10) == 0) {
                ClaimRequest withdrawn = requests.get(random.nextInt(requests.size()));
                assertThat(store.withdraw(withdrawn)).as(at).isEqualTo(reference.withdraw(withdrawn));
            }
            if (claim != null) {
                assertThat(store.inspect(claim)).as(at).isEqualTo(reference.inspect(claim));
            }
        }

        private void keep(ClaimResult result) {
            if (result instanceof ClaimResult.Acquired acquired) {
                claims.add(acquired.claim());
            }
        }

        /** A new request, or one that was sent before. */
        private ClaimRequest anyRequest() {
            ClaimRequest request = random.nextInt(4) == 0 && !requests.isEmpty()
                    ? requests.get(random.nextInt(requests.size()))
                    : newRequest(keys.get(random.nextInt(keys.size())));
            requests.add(request);
            return request;
        }

        private ClaimRequest newRequest(ScopedKey key) {
            Fingerprint fingerprint = random.nextInt(3) == 0 ? null : fingerprint(random.nextInt(10) == 0 ? 2 : 1);
            ClaimRequest request = ClaimRequest.of(key, fingerprint, duration(2_000), duration(4_000));
            return random.nextInt(4) == 0 ? request.reopening() : request;
        }

        private CompletionRequest completion(Claim claim) {
            Completion completion = random.nextInt(3) == 0
                    ? Completion.unknown()
                    : Completion.succeeded(StoredOutcome.of(new byte[random.nextInt(3)]));
            return new CompletionRequest(claim, completion, duration(3_000));
        }

        private Duration duration(int below) {
            return Duration.ofMillis(1 + random.nextInt(below));
        }
    }
}
