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
import io.dedup.store.IdempotencyStore;
import io.dedup.store.LeaseResult;
import io.dedup.store.PriorRun;
import io.dedup.store.Release;
import io.dedup.store.ScopedKey;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The laws of {@link IdempotencyStore}, as tests. A subclass says how a store is opened and is done:
 *
 * <pre>{@code
 * class MyStoreTest extends AbstractIdempotencyStoreTest {
 *     protected IdempotencyStore open(Clock clock) {
 *         return new MyStore(address, clock);
 *     }
 * }
 * }</pre>
 *
 * <p>Those of batches, and random histories, are in the classes that this one extends. Keys are new in every test, so what
 * earlier tests have left behind does not matter.
 */
public abstract class AbstractIdempotencyStoreTest extends AbstractStoreLeaseTest {
    /** For subclasses. */
    protected AbstractIdempotencyStoreTest() {}

    /** How many keys {@link #purge_manyKeys_deletesThoseThatAreOutlivedAndNoOther} writes. */
    protected int manyKeys() {
        return 20_000;
    }

    /** Whether outlived keys are there until they are purged. Not so where the storage drops them by itself. */
    protected boolean keepsOutlivedKeys() {
        return true;
    }

    // Claims

    @Test
    void claim_absentKey_isGiven() {
        ClaimRequest request = request(key());
        ClaimResult result = store.claim(request);
        assertThat(result).isInstanceOfSatisfying(ClaimResult.Acquired.class, acquired -> {
            assertThat(acquired.claim().priorRun()).isEqualTo(PriorRun.NONE);
            assertThat(acquired.claim().attempt()).isEqualTo(1);
            assertThat(acquired.claim().request()).isEqualTo(request);
        });
    }

    @Test
    void claim_keyOfAnother_isInProgressForTheRestOfItsLease() {
        ScopedKey key = key();
        acquired(request(key));
        clock.advance(Duration.ofSeconds(20));
        assertThat(store.claim(request(key))).isEqualTo(new ClaimResult.InProgress(Duration.ofSeconds(40)));
    }

    @Test
    void claim_atTheVeryEndOfTheLease_isStillTheFirsts() {
        ScopedKey key = key();
        acquired(request(key));
        clock.advance(LEASE);
        assertThat(store.claim(request(key))).isEqualTo(new ClaimResult.InProgress(Duration.ZERO));
    }

    @Test
    void claim_oneMillisecondAfterTheLease_isTakenOver() {
        ScopedKey key = key();
        Claim first = acquired(request(key));
        clock.advance(LEASE.plus(MILLISECOND));
        ClaimResult.Acquired second = (ClaimResult.Acquired) store.claim(request(key));
        assertThat(second.claim().priorRun()).isEqualTo(PriorRun.ABANDONED);
        assertThat(second.claim().attempt()).isEqualTo(2);
        assertThat(second.claim().token()).isGreaterThan(first.token());
    }

    @Test
    void claim_sameRequestAgain_isTheSameClaimWithItsLeaseFromNow() {
        ClaimRequest request = request(key());
        Claim first = acquired(request);
        clock.advance(Duration.ofSeconds(50));
        ClaimResult again = store.claim(request);
        assertThat(again).isEqualTo(new ClaimResult.Acquired(first));
        clock.advance(Duration.ofSeconds(50));
        assertThat(store.claim(request(request.key()))).isEqualTo(new ClaimResult.InProgress(Duration.ofSeconds(10)));
    }

    @Test
    void claim_sameRequestAfterItWasSuperseded_isInProgress() {
        ClaimRequest late = request(key());
        acquired(late);
        clock.advance(LEASE.plus(MILLISECOND));
        acquired(request(late.key()));
        assertThat(store.claim(late)).isInstanceOf(ClaimResult.InProgress.class);
    }

    @Test
    void claim_takenOverAndAskedAgain_stillSaysSo() {
        ScopedKey key = key();
        acquired(request(key));
        clock.advance(LEASE.plus(MILLISECOND));
        ClaimRequest request = request(key);
        ClaimResult taken = store.claim(request);
        assertThat(store.claim(request)).isEqualTo(taken);
        assertThat(taken)
                .isInstanceOfSatisfying(
                        ClaimResult.Acquired.class,
                        acquired -> assertThat(acquired.claim().priorRun()).isEqualTo(PriorRun.ABANDONED));
    }

    /** The time to live is that of the memory, and must not end a running operation. */
    @Test
    void claim_timeToLiveShorterThanTheLease_doesNotEndTheLease() {
        ScopedKey key = key();
        ClaimRequest request = ClaimRequest.of(key, null, LEASE, Duration.ofSeconds(1));
        acquired(request);
        clock.advance(LEASE);
        assertThat(store.claim(ClaimRequest.of(key, null, LEASE, Duration.ofSeconds(1))))
                .isEqualTo(new ClaimResult.InProgress(Duration.ZERO));
    }

    /** A crash costs the length of a lease, not the day that outcomes are kept. */
    @Test
    void claim_ownerHasCrashed_isFreeAfterTheLeaseAndNotAfterTheTimeToLive() {
        ScopedKey key = key();
        acquired(ClaimRequest.of(key, null, LEASE, Duration.ofDays(30)));
        clock.advance(LEASE.plus(MILLISECOND));
        assertThat(store.claim(request(key))).isInstanceOf(ClaimResult.Acquired.class);
    }

    @Test
    void claim_abandonedForLongerThanTheTimeToLive_isANewOperation() {
        ScopedKey key = key();
        acquired(request(key));
        clock.advance(LEASE.plus(TTL).plus(MILLISECOND));
        assertThat(store.claim(request(key))).isInstanceOfSatisfying(ClaimResult.Acquired.class, acquired -> {
            assertThat(acquired.claim().priorRun()).isEqualTo(PriorRun.NONE);
            assertThat(acquired.claim().attempt()).isEqualTo(1);
        });
    }

    // Completion

    static Stream<Completion> completions() {
        byte[] all = new byte[256];
        IntStream.range(0, 256).forEach(value -> all[value] = (byte) value);
        return Stream.of(
                Completion.succeeded(StoredOutcome.of(all)),
                Completion.succeeded(StoredOutcome.of(new byte[0])),
                Completion.succeeded(StoredOutcome.of(null)),
                Completion.succeeded(StoredOutcome.of(new byte[1_000_000])),
                Completion.failed(StoredOutcome.of("402 Payment Required".getBytes(UTF_8))),
                Completion.succeeded(StoredOutcome.of(all)).withoutOutcome(),
                Completion.failed(StoredOutcome.of(all)).withoutOutcome(),
                Completion.unknown());
    }

    @ParameterizedTest
    @MethodSource("completions")
    void complete_anyOutcome_isGivenToOthersByteForByte(Completion completion) throws Exception {
        Claim claim = acquired(request(key()));
        LeaseResult result = store.complete(claim, completion, TTL);
        assertThat(result).isEqualTo(DONE);
        try (IdempotencyStore other = open(clock)) {
            assertThat(other.claim(request(claim.key()))).isEqualTo(new ClaimResult.Completed(completion));
        }
    }

    @Test
    void complete_atTheVeryEndOfTheTimeToLive_isStillThere() {
        Claim claim = completed(TTL);
        clock.advance(TTL);
        assertThat(store.claim(request(claim.key()))).isInstanceOf(ClaimResult.Completed.class);
    }

    @Test
    void complete_oneMillisecondAfterTheTimeToLive_isForgotten() {
        Claim claim = completed(TTL);
        clock.advance(TTL.plus(MILLISECOND));
        assertThat(store.claim(request(claim.key()))).isInstanceOfSatisfying(ClaimResult.Acquired.class, acquired -> {
            assertThat(acquired.claim().priorRun()).isEqualTo(PriorRun.NONE);
            assertThat(acquired.claim().attempt()).isEqualTo(1);
            assertThat(acquired.claim().token()).isGreaterThan(claim.token());
        });
    }

    @Test
    void complete_timeToLiveOfTheResult_isNotThatOfTheClaim() {
        Claim claim = acquired(ClaimRequest.of(key(), null, LEASE, Duration.ofDays(30)));
        store.complete(claim, Completion.succeeded(StoredOutcome.of(null)), Duration.ofSeconds(5));
        clock.advance(Duration.ofSeconds(5).plus(MILLISECOND));
        assertThat(store.claim(request(claim.key()))).isInstanceOf(ClaimResult.Acquired.class);
    }

    @Test
    void complete_afterTheLeaseButNotSuperseded_isDone() {
        Claim claim = acquired(request(key()));
        clock.advance(LEASE.multipliedBy(10));
        assertThat(store.complete(claim, Completion.unknown(), TTL)).isEqualTo(DONE);
    }

    @Test
    void complete_again_isDoneAndDoesNotLiveLonger() {
        Claim claim = completed(TTL);
        clock.advance(Duration.ofHours(1));
        LeaseResult again = store.complete(claim, Completion.succeeded(StoredOutcome.of(new byte[] {1})), TTL);
        assertThat(again).isEqualTo(DONE);
        clock.advance(TTL.minusHours(1).plus(MILLISECOND));
        assertThat(store.claim(request(claim.key()))).isInstanceOf(ClaimResult.Acquired.class);
    }

    @Test
    void complete_againWithAnotherOutcome_isLost() {
        Claim claim = completed(TTL);
        assertThat(store.complete(claim, Completion.unknown(), TTL)).isEqualTo(LOST);
        assertThat(store.claim(request(claim.key())))
                .isEqualTo(new ClaimResult.Completed(Completion.succeeded(StoredOutcome.of(new byte[] {1}))));
    }

    @Test
    void complete_longestTimeThereIs_isKept() {
        Claim claim = acquired(ClaimRequest.of(key(), null, ClaimRequest.MAX_DURATION, ClaimRequest.MAX_DURATION));
        assertThat(store.renew(claim, ClaimRequest.MAX_DURATION)).isEqualTo(DONE);
        assertThat(store.complete(claim, Completion.unknown(), ClaimRequest.MAX_DURATION))
                .isEqualTo(DONE);
        assertThat(store.claim(request(claim.key()))).isInstanceOf(ClaimResult.Completed.class);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ClaimRequest.of(key(), null, LEASE, ClaimRequest.MAX_DURATION.plusMillis(1)));
    }

    // Room

    @Test
    void purge_nothingOutlived_deletesNothing() {
        Claim claim = completed(TTL);
        clock.advance(TTL);
        store.purge(Integer.MAX_VALUE);
        assertThat(store.claim(request(claim.key()))).isInstanceOf(ClaimResult.Completed.class);
    }

    @Test
    void purge_manyKeys_deletesThoseThatAreOutlivedAndNoOther() {
        // Given
        store.purge(Integer.MAX_VALUE);
        List<Claim> kept = List.of(completed(TTL), acquired(request(key())), completed(TTL));
        int keys = manyKeys();
        for (int first = 0; first < keys; first += IdempotencyStore.MAX_BATCH) {
            List<ClaimRequest> requests = IntStream.range(first, Math.min(keys, first + IdempotencyStore.MAX_BATCH))
                    .mapToObj(i -> new ScopedKey(
                            scope,
                            IdempotencyKey.of("header:many", Integer.toString(i).getBytes(UTF_8))))
                    .map(key -> ClaimRequest.of(key, null, Duration.ofSeconds(1), Duration.ofSeconds(1)))
                    .toList();
            assertThat(store.claimAll(requests)).hasOnlyElementsOfType(ClaimResult.Acquired.class);
        }
        clock.advance(Duration.ofSeconds(2).plus(MILLISECOND));
        // When
        int some = store.purge(keys / 10);
        int rest = store.purge(Integer.MAX_VALUE);
        // Then
        assertThat(some).isEqualTo(keepsOutlivedKeys() ? keys / 10 : 0);
        assertThat(some + rest).isEqualTo(keepsOutlivedKeys() ? keys : 0);
        assertThat(kept)
                .allSatisfy(claim ->
                        assertThat(store.claim(request(claim.key()))).isNotInstanceOf(ClaimResult.Acquired.class));
    }

    // Races

    private long claimedAtOnce(ScopedKey key) throws Exception {
        return inParallel(6, thread -> store.claim(request(key))).stream()
                .filter(ClaimResult.Acquired.class::isInstance)
                .count();
    }

    @Test
    void claim_manyThreadsAtOnce_oneGetsIt() throws Exception {
        for (int round = 0; round < 50; round++) {
            ScopedKey key = key();
            assertThat(claimedAtOnce(key)).as("round %d", round).isEqualTo(1);
        }
    }

    @Test
    void claim_manyThreadsAtOnceAfterTheLease_oneTakesItOver() throws Exception {
        for (int round = 0; round < 20; round++) {
            ScopedKey key = key();
            acquired(request(key));
            clock.advance(LEASE.plus(MILLISECOND));
            assertThat(claimedAtOnce(key)).as("round %d", round).isEqualTo(1);
        }
    }

    @Test
    void complete_raceWithATakeover_oneOfThemWins() throws Exception {
        for (int round = 0; round < 20; round++) {
            ScopedKey key = key();
            Claim first = acquired(request(key));
            clock.advance(LEASE.plus(MILLISECOND));
            Completion completion = Completion.succeeded(StoredOutcome.of(new byte[] {1}));
            // When
            List<Object> results = inParallel(
                    2, thread -> thread == 0 ? store.complete(first, completion, TTL) : store.claim(request(key)));
            // Then
            boolean completed = results.get(0).equals(DONE);
            assertThat(results.get(1))
                    .as("round %d", round)
                    .isInstanceOf(completed ? ClaimResult.Completed.class : ClaimResult.Acquired.class);
        }
    }

    /** Whoever holds the claim is alone with what it guards. */
    @Test
    void claims_manyThreadsOnOneKey_neverOverlap() throws Exception {
        ScopedKey key = key();
        AtomicReference<@Nullable Claim> inside = new AtomicReference<>();
        AtomicInteger runs = new AtomicInteger();
        inParallel(4, thread -> {
            for (int i = 0; i < 25; i++) {
                ClaimResult result = store.claim(request(key));
                if (result instanceof ClaimResult.Acquired acquired) {
                    assertThat(inside.compareAndSet(null, acquired.claim()))
                            .as("alone")
                            .isTrue();
                    runs.incrementAndGet();
                    assertThat(inside.compareAndSet(acquired.claim(), null))
                            .as("alone")
                            .isTrue();
                    assertThat(store.release(acquired.claim(), Release.FAILED)).isEqualTo(DONE);
                }
            }
            return null;
        });
        Claim last = acquired(request(key));
        assertThat(last.attempt()).as("every run was counted").isEqualTo(runs.get() + 1);
    }
}
