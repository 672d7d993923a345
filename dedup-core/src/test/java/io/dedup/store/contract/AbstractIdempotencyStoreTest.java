// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.contract;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.dedup.Fingerprint;
import io.dedup.IdempotencyKey;
import io.dedup.StoredOutcome;
import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.ClaimState;
import io.dedup.store.Completion;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.LeaseResult;
import io.dedup.store.PriorRun;
import io.dedup.store.Release;
import io.dedup.store.ScopedKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
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
public abstract class AbstractIdempotencyStoreTest extends AbstractStoreBatchTest {
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

    // Fencing

    @Test
    void zombie_afterTakeover_canDoNothing() {
        ScopedKey key = key();
        Claim zombie = acquired(request(key));
        clock.advance(LEASE.plus(MILLISECOND));
        Claim successor = acquired(request(key));
        assertThat(store.renew(zombie, LEASE)).isEqualTo(LOST);
        assertThat(store.release(zombie, Release.FAILED)).isEqualTo(LOST);
        assertThat(store.complete(zombie, Completion.unknown(), TTL)).isEqualTo(LOST);
        assertThat(store.renew(successor, LEASE)).isEqualTo(DONE);
    }

    /** A stale owner that writes over what is completed, or whose failure deletes it. */
    @Test
    void zombie_afterTheSuccessorHasCompleted_changesNothing() {
        ScopedKey key = key();
        Claim zombie = acquired(request(key));
        clock.advance(LEASE.plus(MILLISECOND));
        Completion right = Completion.succeeded(StoredOutcome.of(new byte[] {42}));
        store.complete(acquired(request(key)), right, TTL);
        assertThat(store.complete(zombie, Completion.failed(StoredOutcome.of(null)), TTL))
                .isEqualTo(LOST);
        assertThat(store.release(zombie, Release.FAILED)).isEqualTo(LOST);
        assertThat(store.renew(zombie, LEASE)).isEqualTo(LOST);
        assertThat(store.claim(request(key))).isEqualTo(new ClaimResult.Completed(right));
    }

    @Test
    void zombie_afterItsKeyWasForgottenAndClaimedAnew_canDoNothing() {
        ScopedKey key = key();
        Claim zombie = acquired(request(key));
        clock.advance(LEASE.plus(TTL).plus(MILLISECOND));
        store.purge(Integer.MAX_VALUE);
        Claim successor = acquired(request(key));
        assertThat(successor.token()).isGreaterThan(zombie.token());
        assertThat(store.complete(zombie, Completion.unknown(), TTL)).isEqualTo(LOST);
        assertThat(store.release(zombie, Release.FAILED)).isEqualTo(LOST);
    }

    @Test
    void zombie_afterItsKeyWasForgotten_isLost() {
        Claim zombie = acquired(request(key()));
        clock.advance(LEASE.plus(TTL).plus(MILLISECOND));
        assertThat(store.renew(zombie, LEASE)).isEqualTo(LOST);
        assertThat(store.complete(zombie, Completion.unknown(), TTL)).isEqualTo(LOST);
        assertThat(store.release(zombie, Release.FAILED)).isEqualTo(LOST);
    }

    // Renewal

    @Test
    void renew_runningOperation_endsLater() {
        Claim claim = acquired(request(key()));
        clock.advance(Duration.ofSeconds(50));
        LeaseResult renewed = store.renew(claim, LEASE);
        assertThat(renewed).isEqualTo(DONE);
        clock.advance(LEASE);
        assertThat(store.claim(request(claim.key()))).isEqualTo(new ClaimResult.InProgress(Duration.ZERO));
    }

    @Test
    void renew_forLessThanIsLeft_doesNotShortenTheLease() {
        Claim claim = acquired(request(key()));
        assertThat(store.renew(claim, Duration.ofSeconds(1))).isEqualTo(DONE);
        clock.advance(LEASE);
        assertThat(store.claim(request(claim.key()))).isInstanceOf(ClaimResult.InProgress.class);
    }

    @Test
    void renew_afterTheLeaseButNotSuperseded_isDone() {
        Claim claim = acquired(request(key()));
        clock.advance(LEASE.multipliedBy(3));
        assertThat(store.renew(claim, LEASE)).isEqualTo(DONE);
        assertThat(store.claim(request(claim.key()))).isEqualTo(new ClaimResult.InProgress(LEASE));
    }

    @Test
    void renew_completedOrReleased_isLost() {
        Claim completed = completed(TTL);
        Claim released = acquired(request(key()));
        store.release(released, Release.FAILED);
        assertThat(store.renew(completed, LEASE)).isEqualTo(LOST);
        assertThat(store.renew(released, LEASE)).isEqualTo(LOST);
    }

    // Release

    @Test
    void release_claimedKey_isFreeAtOnceAndCountsAttempts() {
        Claim claim = acquired(request(key()));
        LeaseResult released = store.release(claim, Release.FAILED);
        assertThat(released).isEqualTo(DONE);
        assertThat(store.claim(request(claim.key()))).isInstanceOfSatisfying(ClaimResult.Acquired.class, acquired -> {
            assertThat(acquired.claim().priorRun()).isEqualTo(PriorRun.NONE);
            assertThat(acquired.claim().attempt()).isEqualTo(2);
            assertThat(acquired.claim().token()).isGreaterThan(claim.token());
        });
    }

    @Test
    void release_again_isDone() {
        Claim claim = acquired(request(key()));
        store.release(claim, Release.FAILED);
        assertThat(store.release(claim, Release.FAILED)).isEqualTo(DONE);
    }

    @Test
    void release_completed_isLost() {
        Claim claim = completed(TTL);
        assertThat(store.release(claim, Release.FAILED)).isEqualTo(LOST);
        assertThat(store.claim(request(claim.key()))).isInstanceOf(ClaimResult.Completed.class);
    }

    @Test
    void complete_released_isLost() {
        Claim claim = acquired(request(key()));
        store.release(claim, Release.FAILED);
        assertThat(store.complete(claim, Completion.unknown(), TTL)).isEqualTo(LOST);
    }

    @Test
    void release_forLongerThanTheTimeToLive_countsFromOne() {
        Claim claim = acquired(request(key()));
        store.release(claim, Release.FAILED);
        clock.advance(TTL.plus(MILLISECOND));
        assertThat(acquired(request(claim.key())).attempt()).isEqualTo(1);
    }

    @Test
    void release_notAttempted_doesNotCount() {
        Claim claim = acquired(request(key()));
        assertThat(store.release(claim, Release.NOT_ATTEMPTED)).isEqualTo(DONE);
        assertThat(store.release(claim, Release.NOT_ATTEMPTED)).as("again").isEqualTo(DONE);
        Claim second = acquired(request(claim.key()));
        assertThat(second.attempt()).isEqualTo(1);
        store.release(second, Release.FAILED);
        assertThat(acquired(request(claim.key())).attempt()).isEqualTo(2);
    }

    /** What was interrupted may have been done in part, whether the attempt counts or not. */
    @ParameterizedTest
    @EnumSource(
            value = Release.class,
            names = {"INTERRUPTED", "CANCELLED"})
    void release_interrupted_mayBeDoneUntilItIsCompleted(Release why) {
        Claim claim = acquired(request(key(), fingerprint(1)));
        assertThat(store.release(claim, why)).isEqualTo(DONE);
        assertThat(store.claim(request(claim.key(), fingerprint(2)))).isEqualTo(new ClaimResult.Conflict());
        Claim second = acquired(request(claim.key(), fingerprint(1)));
        assertThat(second.priorRun()).isEqualTo(PriorRun.INTERRUPTED);
        assertThat(second.attempt()).isEqualTo(why == Release.CANCELLED ? 1 : 2);
        store.release(second, Release.FAILED);
        assertThat(acquired(request(claim.key())).priorRun()).isEqualTo(PriorRun.INTERRUPTED);
    }

    /** To ask and not to find out makes nothing known. */
    @ParameterizedTest
    @EnumSource(
            value = Release.class,
            names = {"NOT_ATTEMPTED", "CANCELLED"})
    void release_unknownAndNothingFoundOut_isUnknownAgain(Release why) {
        Claim claim = acquired(request(key()));
        store.complete(claim, Completion.unknown(), TTL);
        Claim finder = acquired(request(claim.key()).reopening());
        assertThat(store.release(finder, why)).isEqualTo(DONE);
        assertThat(store.release(finder, why)).as("again").isEqualTo(DONE);
        assertThat(store.claim(request(claim.key()))).isEqualTo(new ClaimResult.Completed(Completion.unknown()));
        assertThat(acquired(request(claim.key()).reopening()).priorRun()).isEqualTo(PriorRun.UNKNOWN);
    }

    @Test
    void resetAttempts_released_countsFromOneAndChangesNothingElse() {
        Claim first = acquired(request(key(), fingerprint(1)));
        clock.advance(LEASE.plus(MILLISECOND));
        Claim second = acquired(request(first.key(), fingerprint(1)));
        store.release(second, Release.FAILED);
        assertThat(store.resetAttempts(first.key())).isEqualTo(DONE);
        Claim third = acquired(request(first.key(), fingerprint(1)));
        assertThat(third.attempt()).isEqualTo(1);
        assertThat(third.priorRun()).isEqualTo(PriorRun.ABANDONED);
        assertThat(third.firstAttemptAt()).isEqualTo(first.firstAttemptAt());
        assertThat(third.token()).isGreaterThan(second.token());
    }

    @Test
    void resetAttempts_absentClaimedAbandonedOrCompleted_changesNothing() {
        Claim completed = completed(TTL);
        Claim claimed = acquired(request(key()));
        assertThat(store.resetAttempts(key())).isEqualTo(DONE);
        assertThat(store.resetAttempts(completed.key())).isEqualTo(DONE);
        assertThat(store.resetAttempts(claimed.key())).isEqualTo(DONE);
        assertThat(store.claim(request(completed.key()))).isInstanceOf(ClaimResult.Completed.class);
        assertThat(store.inspect(claimed)).isEqualTo(new ClaimState.Held());
        clock.advance(LEASE.plus(MILLISECOND));
        assertThat(store.resetAttempts(claimed.key())).isEqualTo(DONE);
        Claim successor = acquired(request(claimed.key()));
        assertThat(successor.attempt()).isEqualTo(2);
        assertThat(successor.priorRun()).isEqualTo(PriorRun.ABANDONED);
    }

    @Test
    void resetAttempts_unknown_countsFromOneAndStaysUnknown() {
        Claim claim = acquired(request(key()));
        store.complete(claim, Completion.unknown(), TTL);
        assertThat(store.resetAttempts(claim.key())).isEqualTo(DONE);
        assertThat(store.claim(request(claim.key()))).isEqualTo(new ClaimResult.Completed(Completion.unknown()));
        assertThat(acquired(request(claim.key()).reopening()).attempt()).isEqualTo(1);
    }

    /** The answer to its claim never came, and it is no owner that has vanished. */
    @Test
    void withdraw_claimOfTheRequest_isFreeAsIfItHadNotBeen() {
        Claim claim = acquired(request(key()));
        assertThat(store.withdraw(claim.request())).isEqualTo(DONE);
        assertThat(store.withdraw(claim.request())).as("again").isEqualTo(DONE);
        Claim next = acquired(request(claim.key()));
        assertThat(next.attempt()).isEqualTo(1);
        assertThat(next.priorRun()).isEqualTo(PriorRun.NONE);
        store.complete(next, Completion.unknown(), TTL);
        Claim finder = acquired(request(claim.key()).reopening());
        store.withdraw(finder.request());
        assertThat(store.claim(request(claim.key()))).isEqualTo(new ClaimResult.Completed(Completion.unknown()));
    }

    /** Another owner has the key, or had done the operation when its lease was over. */
    @Test
    void withdraw_claimOfAnotherOrNone_changesNothing() {
        Claim claim = acquired(request(key()));
        assertThat(store.withdraw(request(claim.key()))).isEqualTo(DONE);
        clock.advance(LEASE.plus(MILLISECOND));
        assertThat(store.withdraw(request(claim.key()))).isEqualTo(DONE);
        assertThat(store.complete(claim, Completion.unknown(), TTL)).isEqualTo(DONE);
        assertThat(store.withdraw(claim.request())).isEqualTo(DONE);
        assertThat(store.inspect(claim)).isEqualTo(new ClaimState.Completed(Completion.unknown()));
        assertThat(store.withdraw(request(key()))).isEqualTo(DONE);
    }

    // Earlier runs

    /** An owner died after its effect; that a later attempt fails and is released does not make the effect undone. */
    @Test
    void claim_abandonedOnce_saysSoUntilItIsCompleted() {
        Claim abandoned = acquired(request(key(), fingerprint(1)));
        clock.advance(LEASE.plus(MILLISECOND));
        for (int attempt = 2; attempt < 5; attempt++) {
            Claim next = acquired(request(abandoned.key(), fingerprint(1)));
            assertThat(next.priorRun()).as("attempt %d", attempt).isEqualTo(PriorRun.ABANDONED);
            assertThat(next.attempt()).isEqualTo(attempt);
            store.release(next, attempt == 3 ? Release.NOT_ATTEMPTED : Release.FAILED);
            if (attempt == 3) {
                store.release(acquired(request(abandoned.key(), fingerprint(1))), Release.FAILED);
            }
        }
        assertThat(store.claim(request(abandoned.key(), fingerprint(2))))
                .as("it may have been done with the first payload")
                .isEqualTo(new ClaimResult.Conflict());
        store.complete(acquired(request(abandoned.key())), Completion.unknown(), MILLISECOND);
        clock.advance(MILLISECOND.multipliedBy(2));
        assertThat(acquired(request(abandoned.key())).priorRun()).isEqualTo(PriorRun.NONE);
    }

    /** A process that was to find out dies over it: for others the outcome is as unknown as before, and not theirs to run. */
    @Test
    void claim_ownerDiedWhileFindingOut_isUnknownAgainAndOnlyReopened() {
        Claim claim = acquired(request(key()));
        store.complete(claim, Completion.unknown(), TTL);
        acquired(request(claim.key()).reopening());
        clock.advance(LEASE.plus(MILLISECOND));
        assertThat(store.claim(request(claim.key()))).isEqualTo(new ClaimResult.Completed(Completion.unknown()));
        Claim again = acquired(request(claim.key()).reopening());
        assertThat(again.priorRun()).isEqualTo(PriorRun.UNKNOWN);
        store.release(again, Release.FAILED);
        assertThat(acquired(request(claim.key())).priorRun()).isEqualTo(PriorRun.ABANDONED);
    }

    @Test
    void claim_everyAttempt_hasTheTimeOfTheFirst() {
        Claim first = acquired(request(key()));
        clock.advance(Duration.ofHours(1));
        Claim second = acquired(request(first.key()));
        store.release(second, Release.FAILED);
        clock.advance(Duration.ofHours(1));
        Claim third = acquired(request(first.key()));
        store.complete(third, Completion.unknown(), TTL);
        clock.advance(Duration.ofHours(1));
        Claim fourth = acquired(request(first.key()).reopening());
        assertThat(List.of(second, third, fourth))
                .allSatisfy(claim -> assertThat(claim.firstAttemptAt()).isEqualTo(first.firstAttemptAt()));
        assertThat(first.firstAttemptAt().toEpochMilli()).isEqualTo(first.token());
    }

    // Looking at a claim

    @Test
    void inspect_everyState_isSaid() {
        Claim claim = acquired(request(key()));
        assertThat(store.inspect(claim)).isEqualTo(new ClaimState.Held());
        clock.advance(LEASE.multipliedBy(2));
        assertThat(store.inspect(claim)).as("after the lease, not superseded").isEqualTo(new ClaimState.Held());
        Completion completion = Completion.succeeded(StoredOutcome.of(new byte[] {1, 2}));
        store.complete(claim, completion, TTL);
        assertThat(store.inspect(claim)).isEqualTo(new ClaimState.Completed(completion));
        clock.advance(TTL.plus(MILLISECOND));
        assertThat(store.inspect(claim)).isEqualTo(new ClaimState.Lost());
        Claim released = acquired(request(key()));
        store.release(released, Release.FAILED);
        assertThat(store.inspect(released)).isEqualTo(new ClaimState.Lost());
        Claim superseded = acquired(request(key()));
        clock.advance(LEASE.plus(MILLISECOND));
        acquired(request(superseded.key()));
        assertThat(store.inspect(superseded)).isEqualTo(new ClaimState.Lost());
    }

    // Payloads

    @Test
    void claim_otherPayloadWhileRunning_isAConflict() {
        ScopedKey key = key();
        acquired(request(key, fingerprint(1)));
        assertThat(store.claim(request(key, fingerprint(2)))).isEqualTo(new ClaimResult.Conflict());
    }

    @Test
    void claim_otherPayloadOfAnAbandonedOperation_isAConflict() {
        ScopedKey key = key();
        acquired(request(key, fingerprint(1)));
        clock.advance(LEASE.plus(MILLISECOND));
        assertThat(store.claim(request(key, fingerprint(2)))).isEqualTo(new ClaimResult.Conflict());
        assertThat(store.claim(request(key, fingerprint(1)))).isInstanceOf(ClaimResult.Acquired.class);
    }

    @Test
    void claim_otherPayloadWhenCompleted_isAConflictAndChangesNothing() {
        Claim claim = acquired(request(key(), fingerprint(1)));
        Completion completion = Completion.succeeded(StoredOutcome.of(new byte[] {1}));
        store.complete(claim, completion, TTL);
        assertThat(store.claim(request(claim.key(), fingerprint(2)))).isEqualTo(new ClaimResult.Conflict());
        assertThat(store.claim(request(claim.key(), fingerprint(1)))).isEqualTo(new ClaimResult.Completed(completion));
    }

    @Test
    void claim_payloadThatCannotBeCompared_isNoConflict() {
        Claim claim = acquired(request(key(), fingerprint(1)));
        store.complete(claim, Completion.unknown(), TTL);
        Fingerprint ofSomethingElse = Fingerprint.of("value:/amount", new byte[32]);
        assertThat(store.claim(request(claim.key(), ofSomethingElse))).isInstanceOf(ClaimResult.Completed.class);
        assertThat(store.claim(request(claim.key(), null))).isInstanceOf(ClaimResult.Completed.class);
    }

    /** Nothing was done, so the operation may be corrected. */
    @Test
    void claim_otherPayloadAfterRelease_isGiven() {
        ScopedKey key = key();
        store.release(acquired(request(key, fingerprint(1))), Release.FAILED);
        assertThat(store.claim(request(key, fingerprint(2)))).isInstanceOf(ClaimResult.Acquired.class);
    }

    // Unknown outcomes

    @Test
    void claim_unknownOutcome_isGivenOnlyToWhoReopensItAndToOne() {
        Claim claim = acquired(request(key()));
        store.complete(claim, Completion.unknown(), TTL);
        assertThat(store.claim(request(claim.key()))).isEqualTo(new ClaimResult.Completed(Completion.unknown()));
        assertThat(store.claim(request(claim.key()).reopening()))
                .isInstanceOfSatisfying(
                        ClaimResult.Acquired.class,
                        acquired -> assertThat(acquired.claim().priorRun()).isEqualTo(PriorRun.UNKNOWN));
        assertThat(store.claim(request(claim.key()).reopening())).isInstanceOf(ClaimResult.InProgress.class);
    }

    @Test
    void claim_knownOutcomeToBeReopened_isCompleted() {
        Claim claim = completed(TTL);
        assertThat(store.claim(request(claim.key()).reopening())).isInstanceOf(ClaimResult.Completed.class);
    }

    // Keys

    @Test
    void claim_keysThatLookAlike_areDifferent() {
        String unique = "k" + KEYS.incrementAndGet();
        List<ScopedKey> alike = new ArrayList<>();
        for (String text : List.of("a", "A", "a ", " a", "ä", "a\\", "a'", "a%", "a_")) {
            alike.add(new ScopedKey(scope, IdempotencyKey.of("header:id", (unique + text).getBytes(UTF_8))));
        }
        byte[] prefix = unique.getBytes(UTF_8);
        for (byte[] end : List.of(new byte[] {0}, new byte[] {0, 0}, new byte[] {-1}, new byte[] {(byte) 0xc3, 0x28})) {
            byte[] bytes = new byte[prefix.length + end.length];
            System.arraycopy(prefix, 0, bytes, 0, prefix.length);
            System.arraycopy(end, 0, bytes, prefix.length, end.length);
            alike.add(new ScopedKey(scope, IdempotencyKey.of("header:id", bytes)));
        }
        alike.add(new ScopedKey(scope, IdempotencyKey.of("header:ID", (unique + "a").getBytes(UTF_8))));
        alike.add(new ScopedKey(scope + "a", IdempotencyKey.of("header:id", unique.getBytes(UTF_8))));
        assertThat(alike)
                .allSatisfy(key -> assertThat(store.claim(request(key))).isInstanceOf(ClaimResult.Acquired.class));
    }

    @Test
    void claim_longestKey_isTakenAndLongerIsRefused() {
        int room = ScopedKey.MAX_BYTES - scope.length() - "header:id".length() - 2;
        byte[] longest = new byte[room];
        new Random(KEYS.incrementAndGet()).nextBytes(longest);
        ScopedKey key = new ScopedKey(scope, IdempotencyKey.of("header:id", longest));
        assertThat(store.claim(request(key))).isInstanceOf(ClaimResult.Acquired.class);
        assertThat(store.claim(request(key))).isInstanceOf(ClaimResult.InProgress.class);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ScopedKey(scope, IdempotencyKey.of("header:id", new byte[room + 1])))
                .withMessageContaining("digest");
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
