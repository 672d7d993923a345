// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.contract;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.dedup.IdempotencyKey;
import io.dedup.StoredOutcome;
import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.Completion;
import io.dedup.store.CompletionRequest;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.LeaseResult;
import io.dedup.store.PriorRun;
import io.dedup.store.Release;
import io.dedup.store.ScopedKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The laws of {@link IdempotencyStore#claimAll} and {@link IdempotencyStore#completeAll}. */
abstract class AbstractStoreBatchTest extends AbstractStoreHistoryTest {
    private static final int ROUNDS = 8;
    private static final int KEYS_EACH = 60;

    // Claims

    @Test
    void claimAll_absentKeys_areGivenInOrder() {
        List<ClaimRequest> requests = requests(20);
        List<ClaimResult> results = store.claimAll(requests);
        assertThat(results).hasSize(20);
        assertThat(claims(results)).extracting(Claim::request).isEqualTo(requests);
        assertThat(claims(results)).allSatisfy(claim -> {
            assertThat(claim.attempt()).isEqualTo(1);
            assertThat(claim.priorRun()).isEqualTo(PriorRun.NONE);
        });
        assertThat(store.claimAll(others(requests))).hasSize(20).containsOnly(new ClaimResult.InProgress(LEASE));
    }

    @Test
    void claimAll_everyStateOfAKey_isAnsweredAsItWouldBeAlone() {
        // Given
        ReferenceStore reference = new ReferenceStore(clock);
        List<ScopedKey> keys = Stream.generate(this::key).limit(10).toList();
        leaveInManyStates(store, keys);
        leaveInManyStates(reference, keys);
        clock.advance(LEASE.plus(MILLISECOND));
        acquired(store.claim(request(keys.get(1))));
        acquired(reference.claim(request(keys.get(1))));
        ScopedKey twice = key();
        ClaimRequest again = request(key());
        List<ClaimRequest> requests = new ArrayList<>();
        keys.forEach(key -> requests.add(request(key, fingerprint(1))));
        requests.add(request(keys.get(2)).reopening());
        requests.addAll(List.of(request(twice), again, request(twice), again));
        // When
        List<ClaimResult> results = store.claimAll(requests);
        // Then
        assertThat(results).isEqualTo(requests.stream().map(reference::claim).toList());
        assertThat(results)
                .extracting(result -> result.getClass().getSimpleName())
                .containsExactly(
                        "Acquired", // absent
                        "InProgress",
                        "Completed", // unknown
                        "Completed",
                        "Completed", // failed
                        "Conflict",
                        "Acquired", // released
                        "Acquired", // abandoned
                        "Acquired", // outlived
                        "Conflict", // abandoned, with another payload
                        "Acquired", // unknown, and reopened
                        "Acquired",
                        "Acquired",
                        "InProgress", // its key was claimed just before
                        "Acquired"); // the same request, so the same claim
        assertThat(results.get(14)).isEqualTo(results.get(12));
    }

    /** Of all but the first two keys. */
    private static void leaveInManyStates(IdempotencyStore each, List<ScopedKey> keys) {
        each.complete(acquired(each.claim(request(keys.get(2)))), Completion.unknown(), TTL);
        each.complete(acquired(each.claim(request(keys.get(3)))), succeeded(3), TTL);
        Completion failed = Completion.failed(StoredOutcome.of("402".getBytes(UTF_8)));
        each.complete(acquired(each.claim(request(keys.get(4)))), failed, TTL);
        each.complete(acquired(each.claim(request(keys.get(5), fingerprint(2)))), succeeded(5), TTL);
        each.release(acquired(each.claim(request(keys.get(6), fingerprint(2)))), Release.FAILED);
        acquired(each.claim(request(keys.get(7), fingerprint(1))));
        each.complete(acquired(each.claim(request(keys.get(8)))), succeeded(8), MILLISECOND);
        acquired(each.claim(request(keys.get(9), fingerprint(2))));
    }

    @Test
    void claimAll_again_isTheSameClaimsWithTheirLeasesFromNow() {
        List<ClaimRequest> requests = requests(30);
        List<ClaimResult> first = store.claimAll(requests);
        clock.advance(Duration.ofSeconds(50));
        assertThat(store.claimAll(requests)).isEqualTo(first);
        clock.advance(Duration.ofSeconds(50));
        assertThat(store.claimAll(others(requests))).containsOnly(new ClaimResult.InProgress(Duration.ofSeconds(10)));
    }

    @Test
    void claimAll_abandoned_areTakenOver() {
        List<ClaimRequest> requests = requests(20);
        List<Claim> first = claims(store.claimAll(requests));
        clock.advance(LEASE.plus(MILLISECOND));
        List<Claim> second = claims(store.claimAll(others(requests)));
        for (int i = 0; i < 20; i++) {
            assertThat(second.get(i).priorRun()).isEqualTo(PriorRun.ABANDONED);
            assertThat(second.get(i).attempt()).isEqualTo(2);
            assertThat(second.get(i).token()).isGreaterThan(first.get(i).token());
            assertThat(second.get(i).firstAttemptAt()).isEqualTo(first.get(i).firstAttemptAt());
        }
    }

    @Test
    void claimAll_keysThatLookAlike_areDifferent() {
        String unique = "b" + KEYS.incrementAndGet();
        List<ClaimRequest> requests = new ArrayList<>();
        for (String text : List.of("a", "A", "a ", " a", "ä", "a\\", "a'", "a%", "a_", "", "\0", "\0\0", "?", "a\0")) {
            requests.add(
                    request(new ScopedKey(scope, IdempotencyKey.of("header:id", (unique + text).getBytes(UTF_8)))));
        }
        byte[] longest = new byte[ScopedKey.MAX_BYTES - scope.length() - "header:id".length() - 2];
        new Random(KEYS.incrementAndGet()).nextBytes(longest);
        requests.add(request(new ScopedKey(scope, IdempotencyKey.of("header:id", longest))));
        // When
        List<Claim> claims = claims(store.claimAll(requests));
        List<CompletionRequest> ends = new ArrayList<>();
        for (int i = 0; i < claims.size(); i++) {
            ends.add(new CompletionRequest(claims.get(i), succeeded(i), TTL));
        }
        store.completeAll(ends);
        // Then
        assertEnded(requests, ends);
    }

    @Test
    void claimAll_none_isNothing() {
        assertThat(store.claimAll(List.of())).isEmpty();
        assertThat(store.completeAll(List.of())).isEmpty();
    }

    @Test
    void claimAll_moreThanTheMost_isRefusedAndNothingIsClaimed() {
        List<ClaimRequest> tooMany = requests(IdempotencyStore.MAX_BATCH + 1);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> store.claimAll(tooMany))
                .withMessageContaining("" + tooMany.size());
        Claim claim = acquired(request(tooMany.get(0).key()));
        List<CompletionRequest> ends =
                Collections.nCopies(tooMany.size(), new CompletionRequest(claim, Completion.unknown(), TTL));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> store.completeAll(ends))
                .withMessageContaining("" + tooMany.size());
        assertThat(store.renew(claim, LEASE)).isEqualTo(DONE);
    }

    // Completions

    @Test
    void completeAll_asManyAsThereMayBe_areGivenToOthersByteForByte() throws Exception {
        List<ClaimRequest> requests = requests(IdempotencyStore.MAX_BATCH);
        List<CompletionRequest> ends = new ArrayList<>();
        for (Claim claim : claims(store.claimAll(requests))) {
            byte[] outcome = new byte[ends.size()];
            new Random(ends.size()).nextBytes(outcome);
            ends.add(new CompletionRequest(claim, Completion.succeeded(StoredOutcome.of(outcome)), TTL));
        }
        // When
        List<LeaseResult> results = store.completeAll(ends);
        // Then
        assertThat(results).hasSize(IdempotencyStore.MAX_BATCH).containsOnly(DONE);
        assertEnded(requests, ends);
        clock.advance(TTL);
        assertEnded(requests, ends);
        clock.advance(MILLISECOND);
        assertThat(claims(store.claimAll(others(requests)))).hasSize(IdempotencyStore.MAX_BATCH);
    }

    @Test
    void completeAll_someLost_othersAreDone() {
        // Given
        Claim superseded = acquired(request(key()));
        Claim forgotten = acquired(ClaimRequest.of(key(), null, MILLISECOND, MILLISECOND));
        clock.advance(LEASE.plus(MILLISECOND));
        Claim successor = acquired(request(superseded.key()));
        Claim released = acquired(request(key()));
        store.release(released, Release.FAILED);
        Claim before = completed(TTL);
        Claim held = acquired(request(key()));
        Claim afterItsLease = acquired(ClaimRequest.of(key(), null, MILLISECOND, TTL));
        clock.advance(Duration.ofSeconds(1));
        // When
        List<LeaseResult> results = store.completeAll(
                Stream.of(superseded, held, forgotten, successor, released, afterItsLease, before, held)
                        .map(claim -> new CompletionRequest(claim, succeeded(7), TTL))
                        .toList());
        // Then
        assertThat(results).containsExactly(LOST, DONE, LOST, DONE, LOST, DONE, LOST, DONE);
        assertThat(store.claimAll(List.of(request(held.key()), request(successor.key()), request(before.key()))))
                .containsExactly(
                        new ClaimResult.Completed(succeeded(7)),
                        new ClaimResult.Completed(succeeded(7)),
                        new ClaimResult.Completed(Completion.succeeded(StoredOutcome.of(new byte[] {1}))));
        assertThat(store.claim(request(released.key()))).isInstanceOf(ClaimResult.Acquired.class);
    }

    @Test
    void completeAll_again_isDoneAndDoesNotLiveLonger() {
        List<ClaimRequest> requests = requests(10);
        List<CompletionRequest> ends = claims(store.claimAll(requests)).stream()
                .map(claim -> new CompletionRequest(claim, succeeded(1), TTL))
                .toList();
        store.completeAll(ends);
        clock.advance(Duration.ofHours(1));
        assertThat(store.completeAll(ends)).hasSize(10).containsOnly(DONE);
        clock.advance(TTL.minusHours(1).plus(MILLISECOND));
        assertThat(claims(store.claimAll(others(requests)))).hasSize(10);
    }

    @Test
    void completeAll_oneClaimWithTwoOutcomes_isThatOfTheFirst() {
        Claim claim = acquired(request(key()));
        List<LeaseResult> results = store.completeAll(List.of(
                new CompletionRequest(claim, succeeded(2), TTL), new CompletionRequest(claim, succeeded(1), TTL)));
        assertThat(results).containsExactly(DONE, LOST);
        assertThat(store.claim(request(claim.key()))).isEqualTo(new ClaimResult.Completed(succeeded(2)));
    }

    @Test
    void completeAll_everyKindOfOutcome_isGivenToOthersByteForByte() {
        List<Completion> completions = List.of(
                Completion.succeeded(StoredOutcome.of(new byte[0])),
                Completion.succeeded(StoredOutcome.of(null)),
                Completion.succeeded(StoredOutcome.of(new byte[300_000])),
                Completion.failed(StoredOutcome.of("402 Payment Required".getBytes(UTF_8))),
                succeeded(1).withoutOutcome(),
                Completion.failed(StoredOutcome.of(null)).withoutOutcome(),
                Completion.unknown());
        List<ClaimRequest> requests = requests(completions.size());
        List<Claim> claims = claims(store.claimAll(requests));
        List<CompletionRequest> ends = new ArrayList<>();
        for (Completion completion : completions) {
            ends.add(new CompletionRequest(claims.get(ends.size()), completion, TTL));
        }
        assertThat(store.completeAll(ends)).containsOnly(DONE);
        assertEnded(requests, ends);
    }

    // Races

    /** Batches that overlap and are in different orders, as those of two consumers may be. */
    @Test
    void claimAll_manyThreadsInDifferentOrders_oneGetsEachKey() throws Exception {
        eachRound((round, keys) -> {
            List<ClaimResult> results = claimedAtOnce(keys);
            assertThat(results).hasSize(4 * KEYS_EACH);
            List<Claim> given = claims(results.stream()
                    .filter(ClaimResult.Acquired.class::isInstance)
                    .toList());
            assertThat(given).extracting(Claim::key).as(round).containsExactlyInAnyOrderElementsOf(keys);
            assertThat(results.stream().filter(result -> !(result instanceof ClaimResult.Acquired)))
                    .as(round)
                    .hasSize(3 * KEYS_EACH)
                    .hasOnlyElementsOfType(ClaimResult.InProgress.class);
        });
    }

    @Test
    void claimAll_manyThreadsAtOnceAfterTheLease_oneTakesEachKeyOver() throws Exception {
        eachRound((round, keys) -> {
            claims(store.claimAll(keys.stream().map(key -> request(key)).toList()));
            clock.advance(LEASE.plus(MILLISECOND));
            List<ClaimResult> results = claimedAtOnce(keys);
            List<Claim> given = claims(results.stream()
                    .filter(ClaimResult.Acquired.class::isInstance)
                    .toList());
            assertThat(given).extracting(Claim::key).as(round).containsExactlyInAnyOrderElementsOf(keys);
            assertThat(given).extracting(Claim::priorRun).as(round).containsOnly(PriorRun.ABANDONED);
        });
    }

    @Test
    void completeAll_twoThreadsInDifferentOrders_oneOutcomeOfEachKeyWins() throws Exception {
        eachRound((round, keys) -> {
            List<Claim> claims =
                    claims(store.claimAll(keys.stream().map(key -> request(key)).toList()));
            // When
            List<Object> threads = inParallel(
                    2,
                    thread -> store.completeAll(shuffled(claims, thread).stream()
                            .map(claim -> new CompletionRequest(claim, succeeded(thread), TTL))
                            .toList()));
            // Then
            List<Object> results = new ArrayList<>();
            threads.forEach(answers -> results.addAll((List<?>) answers));
            assertThat(results).as(round).hasSize(2 * KEYS_EACH).containsOnly(DONE, LOST);
            assertThat(Collections.frequency(results, DONE)).as(round).isEqualTo(KEYS_EACH);
        });
    }

    private interface Round {
        void run(String name, List<ScopedKey> keys) throws Exception;
    }

    private void eachRound(Round test) throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            test.run(
                    "round " + round,
                    Stream.generate(this::key).limit(KEYS_EACH).toList());
        }
    }

    /** The answers to four threads, each of which asks for all keys in an order of its own, in two batches. */
    private List<ClaimResult> claimedAtOnce(List<ScopedKey> keys) throws Exception {
        List<ClaimResult> all = new ArrayList<>();
        Consumer<Object> keep = answers -> ((List<?>) answers).forEach(answer -> all.add((ClaimResult) answer));
        inParallel(4, thread -> {
                    List<ClaimRequest> requests = shuffled(keys, thread).stream()
                            .map(key -> request(key))
                            .toList();
                    List<ClaimResult> results = new ArrayList<>(store.claimAll(requests.subList(0, KEYS_EACH / 2)));
                    results.addAll(store.claimAll(requests.subList(KEYS_EACH / 2, KEYS_EACH)));
                    return results;
                })
                .forEach(keep);
        return all;
    }

    private static <T> List<T> shuffled(List<T> list, int thread) {
        List<T> shuffled = new ArrayList<>(list);
        if (thread == 1) {
            Collections.reverse(shuffled);
        } else if (thread > 1) {
            Collections.shuffle(shuffled, new Random(thread));
        }
        return shuffled;
    }

    private List<ClaimRequest> requests(int count) {
        return Stream.generate(() -> request(key())).limit(count).toList();
    }

    /** Requests of others for the same keys. */
    private static List<ClaimRequest> others(List<ClaimRequest> requests) {
        return requests.stream().map(request -> request(request.key())).toList();
    }

    private static List<Claim> claims(List<ClaimResult> results) {
        return results.stream().map(StoreFixture::acquired).toList();
    }

    private void assertEnded(List<ClaimRequest> requests, List<CompletionRequest> ends) {
        assertThat(store.claimAll(others(requests)))
                .isEqualTo(ends.stream()
                        .map(end -> new ClaimResult.Completed(end.completion()))
                        .toList());
    }
}
