// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.contract;

import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.StoredOutcome;
import io.dedup.store.Claim;
import io.dedup.store.ClaimResult;
import io.dedup.store.ClaimState;
import io.dedup.store.Completion;
import io.dedup.store.LeaseResult;
import io.dedup.store.PriorRun;
import io.dedup.store.Release;
import io.dedup.store.ScopedKey;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Leases of claims: fencing, renewal, release, and what is known of earlier runs. */
abstract class AbstractStoreLeaseTest extends AbstractStoreAnswerTest {
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
}
