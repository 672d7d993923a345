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
import io.dedup.store.admin.OperationAdmin;
import io.dedup.store.admin.OperationCounts;
import io.dedup.store.admin.OperationPage;
import io.dedup.store.admin.OperationQuery;
import io.dedup.store.admin.OperationState;
import io.dedup.store.admin.Repair;
import io.dedup.store.admin.RepairResult;
import io.dedup.store.admin.StoredOperation;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The laws of {@link OperationAdmin}, as tests, for stores that have one. A subclass says how a store is opened, and is done.
 *
 * <p>Scopes are new in every test, so what earlier tests have left behind does not matter.
 */
public abstract class AbstractOperationAdminTest {
    private static final Duration LEASE = Duration.ofMinutes(1);
    private static final Duration TTL = Duration.ofHours(24);
    private static final Duration KEPT = Duration.ofHours(2);
    private static final Duration MILLISECOND = Duration.ofMillis(1);
    private static final int RACES = 30;
    private static final LeaseResult DONE = new LeaseResult.Done();
    private static final LeaseResult LOST = new LeaseResult.Lost();
    private static final Completion FOUND = Completion.succeeded(StoredOutcome.of("paid".getBytes(UTF_8)));
    private static final AtomicInteger KEYS = new AtomicInteger();

    private final StoreClock clock = new StoreClock();
    private final String scope = "admin-" + Long.toString(System.nanoTime(), 36);

    @SuppressWarnings("NullAway.Init") // opened before each test
    private IdempotencyStore store;

    @SuppressWarnings("NullAway.Init") // opened before each test
    private OperationAdmin admin;

    /** For subclasses. */
    protected AbstractOperationAdminTest() {}

    /**
     * Opens a store. All stores that are opened share what they remember.
     *
     * @param time what the store takes for its own clock
     */
    protected abstract IdempotencyStore open(Clock time) throws Exception;

    /** The administration of a store that was opened. */
    protected abstract OperationAdmin adminOf(IdempotencyStore opened);

    @BeforeEach
    final void openStore() throws Exception {
        store = open(clock);
        admin = adminOf(store);
    }

    @AfterEach
    final void closeStore() {
        store.close();
    }

    // Looking

    @ParameterizedTest
    @EnumSource
    void find_anyState_isShownWithItsAgeAndToken(OperationState state) {
        Claim claim = operation(scope, state);
        StoredOperation found = found(claim.key());
        assertThat(found.state()).isEqualTo(state);
        assertThat(found.key()).isEqualTo(claim.key());
        assertThat(found.token()).isEqualTo(claim.token());
        assertThat(found.firstAttemptAt()).isEqualTo(claim.firstAttemptAt());
        assertThat(found.age())
                .isEqualTo(Duration.ofMillis(
                        clock.millis() - claim.firstAttemptAt().toEpochMilli()));
        assertThat(found.record().attempts()).isEqualTo(1);
    }

    @Test
    void find_claimed_showsTheRestOfTheLeaseOrHowLongItIsOver() {
        Claim claim = claimed(key(scope));
        clock.advance(Duration.ofSeconds(20));
        assertThat(found(claim.key()).leaseLeft()).isEqualTo(Duration.ofSeconds(40));
        clock.advance(Duration.ofSeconds(50));
        assertThat(found(claim.key()).leaseLeft()).isEqualTo(Duration.ofSeconds(-10));
    }

    @Test
    void find_completed_hasTheOutcomeAndAListItsLength() {
        ScopedKey key = operation(scope, OperationState.SUCCEEDED).key();
        StoredOperation found = found(key);
        assertThat(found.record().completion()).isEqualTo(FOUND);
        assertThat(found.outcomeLength()).isEqualTo(4);
        assertThat(listed(OperationQuery.ofScope(scope))).singleElement().satisfies(listed -> {
            assertThat(listed.state()).isEqualTo(OperationState.SUCCEEDED);
            assertThat(listed.outcomeLength()).isEqualTo(4);
        });
    }

    @Test
    void find_absentOrOutlived_isEmpty() {
        ScopedKey key = key(scope);
        assertThat(admin.find(key)).isEmpty();
        store.complete(claimed(key), FOUND, KEPT);
        clock.advance(KEPT);
        assertThat(admin.find(key)).isPresent();
        clock.advance(MILLISECOND);
        assertThat(admin.find(key)).isEmpty();
        assertThat(listed(OperationQuery.ofScope(scope))).isEmpty();
    }

    /** Whose owner was to find out, and has vanished. */
    @Test
    void find_unknownReopenedAndAbandoned_isUnknownAgain() {
        Claim unknown = operation(scope, OperationState.UNKNOWN);
        store.claim(request(unknown.key()).reopening());
        assertThat(found(unknown.key()).state()).isEqualTo(OperationState.IN_PROGRESS);
        clock.advance(LEASE.plus(MILLISECOND));
        assertThat(found(unknown.key()).state()).isEqualTo(OperationState.UNKNOWN);
        assertThat(keys(listed(OperationQuery.ofScope(scope).withStates(Set.of(OperationState.UNKNOWN)))))
                .containsExactly(unknown.key());
    }

    @Test
    void find_anyBytes_areTheKeysOwn() {
        ScopedKey odd = new ScopedKey(
                scope + "/\u00fc*?[a]\\", IdempotencyKey.of("value:/\u00fc", new byte[] {0, (byte) 0xff, 0, 10, '*'}));
        claimed(odd);
        assertThat(found(odd).key()).isEqualTo(odd);
        assertThat(keys(listed(OperationQuery.ofScope(odd.scope())))).containsExactly(odd);
        assertThat(keys(listed(OperationQuery.ofScopesFrom(scope + "/\u00fc*?["))))
                .containsExactly(odd);
        assertThat(listed(OperationQuery.ofScopesFrom(scope + "/\u00fc?"))).isEmpty();
    }

    @Test
    void list_scope_isThatScopeOnlyUnlessItIsAPrefix() {
        ScopedKey own = claimed(key(scope)).key();
        ScopedKey longer = claimed(key(scope + ".eu")).key();
        claimed(key("other-" + scope));
        assertThat(keys(listed(OperationQuery.ofScope(scope)))).containsExactly(own);
        assertThat(keys(listed(OperationQuery.ofScopesFrom(scope)))).containsExactlyInAnyOrder(own, longer);
        assertThat(keys(listed(OperationQuery.all()))).contains(own, longer);
    }

    @ParameterizedTest
    @EnumSource
    void list_oneState_isThoseInIt(OperationState wanted) {
        Map<OperationState, ScopedKey> all = new EnumMap<>(OperationState.class);
        for (OperationState state : EnumSet.complementOf(EnumSet.of(OperationState.IN_PROGRESS))) {
            all.put(state, operation(scope, state).key());
        }
        all.put(
                OperationState.IN_PROGRESS,
                operation(scope, OperationState.IN_PROGRESS).key());
        assertThat(keys(listed(OperationQuery.ofScope(scope).withStates(EnumSet.of(wanted)))))
                .containsExactly(all.get(wanted));
    }

    @Test
    void list_olderThan_isThoseFirstClaimedSoLongAgo() {
        ScopedKey old = operation(scope, OperationState.UNKNOWN).key();
        clock.advance(Duration.ofHours(1));
        operation(scope, OperationState.UNKNOWN);
        OperationQuery query = OperationQuery.ofScope(scope);
        Duration age = found(old).age();
        assertThat(keys(listed(query.withOlderThan(age)))).containsExactly(old);
        assertThat(listed(query.withOlderThan(age.plus(MILLISECOND)))).isEmpty();
    }

    @Test
    void list_pages_haveEveryOperationAndAnEnd() {
        Set<ScopedKey> all = Set.copyOf(
                IntStream.range(0, 57).mapToObj(i -> claimed(key(scope)).key()).toList());
        OperationQuery query = OperationQuery.ofScope(scope).withLimit(7);
        assertThat(Set.copyOf(keys(listed(query)))).isEqualTo(all);
    }

    @Test
    void list_cursorOfNoPage_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> admin.list(OperationQuery.ofScope(scope).after("next")))
                .withMessageContaining("cursor must be");
    }

    @Test
    void count_operations_isByScopeAndStateWithTheAgeOfTheOldest() {
        operation(scope, OperationState.UNKNOWN);
        clock.advance(Duration.ofMinutes(10));
        operation(scope, OperationState.UNKNOWN);
        operation(scope, OperationState.SUCCEEDED);
        operation(scope + "/\u00fc", OperationState.STUCK);
        Duration each = LEASE.plus(MILLISECOND);
        assertThat(admin.count().groups().stream()
                        .filter(group -> group.scope().startsWith(scope))
                        .toList())
                .containsExactly(
                        new OperationCounts.Group(scope, OperationState.SUCCEEDED, 1, each.multipliedBy(2)),
                        new OperationCounts.Group(
                                scope,
                                OperationState.UNKNOWN,
                                2,
                                each.multipliedBy(4).plusMinutes(10)),
                        new OperationCounts.Group(scope + "/\u00fc", OperationState.STUCK, 1, each));
    }

    // Repairing

    @ParameterizedTest
    @EnumSource(names = {"UNKNOWN", "STUCK", "RELEASED"})
    void repair_resolvedAsDone_laterCallsGetTheOutcomeForItsTime(OperationState state) {
        // Given
        Claim claim = operation(scope, state);
        StoredOperation seen = found(claim.key());
        // When
        RepairResult result = admin.repair(seen, Repair.resolve(FOUND, KEPT));
        // Then
        assertThat(done(result).before().state()).isEqualTo(state);
        assertThat(done(result).after()).contains(found(claim.key()));
        assertThat(store.claim(request(claim.key()))).isEqualTo(new ClaimResult.Completed(FOUND));
        assertThat(found(claim.key()).record().attempts()).isEqualTo(1);
        clock.advance(KEPT);
        assertThat(store.claim(request(claim.key()))).isEqualTo(new ClaimResult.Completed(FOUND));
        clock.advance(MILLISECOND);
        assertThat(store.claim(request(claim.key()))).isInstanceOf(ClaimResult.Acquired.class);
    }

    @Test
    void repair_resolvedWithoutOutcomeOrAsFailed_isWhatLaterCallsGet() {
        for (Completion found : List.of(
                FOUND.withoutOutcome(),
                Completion.succeeded(StoredOutcome.of(new byte[0])),
                Completion.failed(StoredOutcome.of(new byte[] {1})))) {
            ScopedKey key = operation(scope, OperationState.UNKNOWN).key();
            done(admin.repair(found(key), Repair.resolve(found, KEPT)));
            assertThat(store.claim(request(key))).isEqualTo(new ClaimResult.Completed(found));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"UNKNOWN", "STUCK", "RELEASED"})
    void repair_notDone_nextCallRunsItAsAfterACleanFailure(OperationState state) {
        Claim before = operation(scope, state);
        RepairResult result = admin.repair(found(before.key()), Repair.notDone(KEPT));
        assertThat(done(result).after()).contains(found(before.key()));
        assertThat(found(before.key()).state()).isEqualTo(OperationState.RELEASED);
        Fingerprint other = Fingerprint.of("value", "a digest of 32 bytes, or of more".getBytes(UTF_8));
        ClaimRequest corrected = ClaimRequest.of(before.key(), other, LEASE, TTL);
        Claim next = acquired(store.claim(corrected));
        assertThat(next.priorRun()).isEqualTo(PriorRun.NONE);
        assertThat(next.attempt()).isEqualTo(2);
        assertThat(next.token()).isGreaterThan(before.token());
        assertThat(next.firstAttemptAt()).isEqualTo(before.firstAttemptAt());
    }

    @ParameterizedTest
    @EnumSource(names = "IN_PROGRESS", mode = EnumSource.Mode.EXCLUDE)
    void repair_forgotten_nextCallIsTheFirst(OperationState state) {
        ScopedKey key = operation(scope, state).key();
        RepairResult result = admin.repair(found(key), Repair.forget());
        assertThat(done(result).after()).isEmpty();
        assertThat(admin.find(key)).isEmpty();
        assertThat(acquired(store.claim(request(key))).attempt()).isEqualTo(1);
    }

    @Test
    void repair_leaseIsHeld_changesNothingUntilItIsOver() {
        // Given
        Claim owner = claimed(key(scope));
        StoredOperation seen = found(owner.key());
        clock.advance(LEASE.minusSeconds(1));
        for (Repair repair : repairs()) {
            // When
            RepairResult result = admin.repair(seen, repair);
            // Then
            assertThat(result).isEqualTo(new RepairResult.InProgress(Duration.ofSeconds(1)));
        }
        clock.advance(Duration.ofSeconds(1));
        assertThat(admin.repair(seen, Repair.forget())).isEqualTo(new RepairResult.InProgress(Duration.ZERO));
        assertThat(store.inspect(owner)).isEqualTo(new ClaimState.Held());
        clock.advance(MILLISECOND);
        assertThat(admin.repair(seen, Repair.forget())).isInstanceOf(RepairResult.Done.class);
    }

    @Test
    void repair_ownerHasComeBackSinceItWasSeen_changesNothing() {
        Claim owner = operation(scope, OperationState.STUCK);
        StoredOperation seen = found(owner.key());
        store.renew(owner, LEASE);
        for (Repair repair : repairs()) {
            assertThat(admin.repair(seen, repair)).isEqualTo(new RepairResult.InProgress(LEASE));
        }
        assertThat(store.complete(owner, FOUND, TTL)).isEqualTo(DONE);
        for (Repair repair : repairs()) {
            assertThat(admin.repair(seen, repair)).isEqualTo(new RepairResult.Changed(found(owner.key())));
        }
        assertThat(store.claim(request(owner.key()))).isEqualTo(new ClaimResult.Completed(FOUND));
    }

    @Test
    void repair_anotherHasTakenOverSinceItWasSeen_changesNothing() {
        Claim zombie = operation(scope, OperationState.STUCK);
        StoredOperation seen = found(zombie.key());
        Claim second = acquired(store.claim(request(zombie.key())));
        clock.advance(LEASE.plus(MILLISECOND));
        StoredOperation now = found(second.key());
        for (Repair repair : repairs()) {
            assertThat(admin.repair(seen, repair)).isEqualTo(new RepairResult.Changed(now));
        }
        assertThat(store.complete(second, FOUND, TTL)).isEqualTo(DONE);
    }

    /** The first owner may come back after the repair, and must not undo it. */
    @Test
    void repair_ownerComesBackLater_itsClaimIsLost() {
        for (Repair repair : repairs()) {
            // Given
            Claim zombie = operation(scope, OperationState.STUCK);
            // When
            done(admin.repair(found(zombie.key()), repair));
            // Then
            Optional<StoredOperation> repaired = admin.find(zombie.key());
            assertThat(store.renew(zombie, LEASE)).isEqualTo(LOST);
            assertThat(store.complete(zombie, Completion.unknown(), TTL)).isEqualTo(LOST);
            assertThat(store.release(zombie, Release.FAILED)).isEqualTo(LOST);
            assertThat(store.inspect(zombie)).isEqualTo(new ClaimState.Lost());
            assertThat(admin.find(zombie.key())).isEqualTo(repaired);
        }
    }

    @Test
    void repair_sameSightTwice_isDoneOnce() {
        for (Repair repair : List.of(Repair.resolve(FOUND, KEPT), Repair.notDone(KEPT))) {
            ScopedKey key = operation(scope, OperationState.UNKNOWN).key();
            StoredOperation seen = found(key);
            done(admin.repair(seen, repair));
            StoredOperation repaired = found(key);
            assertThat(admin.repair(seen, Repair.forget())).isEqualTo(new RepairResult.Changed(repaired));
            assertThat(found(key)).isEqualTo(repaired);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"SUCCEEDED", "FAILED"})
    void repair_ended_isNotResolvedOtherwise(OperationState state) {
        ScopedKey key = operation(scope, state).key();
        StoredOperation seen = found(key);
        assertThat(admin.repair(seen, Repair.notDone(KEPT))).isEqualTo(new RepairResult.Ended(seen));
        assertThat(admin.repair(seen, Repair.resolve(FOUND, KEPT))).isEqualTo(new RepairResult.Ended(seen));
        assertThat(found(key)).isEqualTo(seen);
    }

    @Test
    void repair_absent_saysSo() {
        ScopedKey key = operation(scope, OperationState.UNKNOWN).key();
        StoredOperation seen = found(key);
        done(admin.repair(seen, Repair.forget()));
        for (Repair repair : repairs()) {
            assertThat(admin.repair(seen, repair)).isEqualTo(new RepairResult.Absent());
        }
        assertThat(admin.find(key)).isEmpty();
    }

    @Test
    void dryRun_anyRepair_saysWhatItWouldDoAndDoesNothing() {
        StoredOperation seen = found(operation(scope, OperationState.UNKNOWN).key());
        RepairResult dry = Repair.resolve(FOUND, KEPT).dryRun(seen);
        assertThat(found(seen.key())).isEqualTo(seen);
        assertThat(admin.repair(seen, Repair.resolve(FOUND, KEPT))).isEqualTo(dry);
    }

    @Test
    void repair_manyAtOnce_oneIsDone() throws Exception {
        for (int i = 0; i < RACES; i++) {
            StoredOperation seen =
                    found(operation(scope, OperationState.UNKNOWN).key());
            List<RepairResult> results = atOnce(List.of(
                    () -> admin.repair(seen, Repair.resolve(FOUND, KEPT)),
                    () -> admin.repair(seen, Repair.notDone(KEPT)),
                    () -> admin.repair(seen, Repair.forget())));
            assertThat(results).filteredOn(RepairResult.Done.class::isInstance).hasSize(1);
        }
    }

    /** Either the repair is first, and the claim is one after a repair; or the claim is first, and there is no repair. */
    @Test
    void repair_whileAnotherClaims_oneOfThemIsFirst() throws Exception {
        for (int i = 0; i < RACES; i++) {
            StoredOperation seen = found(operation(scope, OperationState.STUCK).key());
            ClaimRequest request = request(seen.key());
            List<Object> results =
                    atOnce(List.of(() -> admin.repair(seen, Repair.notDone(KEPT)), () -> store.claim(request)));
            Claim claim = acquired((ClaimResult) results.get(1));
            assertThat(claim.priorRun())
                    .as(results::toString)
                    .isEqualTo(results.get(0) instanceof RepairResult.Done ? PriorRun.NONE : PriorRun.ABANDONED);
            assertThat(store.complete(claim, FOUND, TTL)).isEqualTo(DONE);
        }
    }

    /** An owner that renews late and a repair: if the repair is done the owner knows that it has lost its claim. */
    @Test
    void repair_whileTheOwnerComesBack_oneOfThemIsFirst() throws Exception {
        for (int i = 0; i < RACES; i++) {
            Claim owner = operation(scope, OperationState.STUCK);
            StoredOperation seen = found(owner.key());
            List<Object> results =
                    atOnce(List.of(() -> admin.repair(seen, Repair.notDone(KEPT)), () -> store.renew(owner, LEASE)));
            boolean repaired = results.get(0) instanceof RepairResult.Done;
            if (results.get(1) instanceof LeaseResult.Locked) {
                results.set(1, store.renew(owner, LEASE)); // The write of the repair was under way.
            }
            assertThat(results.get(1)).as(results::toString).isEqualTo(repaired ? LOST : DONE);
        }
    }

    private static <T> List<T> atOnce(List<Callable<? extends T>> calls) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(calls.size());
        try {
            CyclicBarrier start = new CyclicBarrier(calls.size());
            List<Future<T>> futures = new ArrayList<>();
            for (Callable<? extends T> call : calls) {
                futures.add(threads.submit(() -> {
                    start.await();
                    return call.call();
                }));
            }
            List<T> results = new ArrayList<>();
            for (Future<T> future : futures) {
                results.add(future.get());
            }
            return results;
        } finally {
            threads.shutdownNow();
        }
    }

    private static List<Repair> repairs() {
        return List.of(Repair.resolve(FOUND, KEPT), Repair.notDone(KEPT), Repair.forget());
    }

    private List<StoredOperation> listed(OperationQuery query) {
        List<StoredOperation> all = new ArrayList<>();
        OperationPage page = admin.list(query);
        all.addAll(page.operations());
        while (page.next().isPresent()) {
            page = admin.list(query.after(page.next().get()));
            all.addAll(page.operations());
        }
        return all;
    }

    private static List<ScopedKey> keys(List<StoredOperation> operations) {
        return operations.stream().map(StoredOperation::key).toList();
    }

    private StoredOperation found(ScopedKey key) {
        return admin.find(key).orElseThrow();
    }

    /** A claim of an operation that is in that state, longer ago than its lease unless that is held. */
    private Claim operation(String of, OperationState state) {
        Claim claim = claimed(key(of));
        if (state == OperationState.IN_PROGRESS) {
            return claim;
        }
        LeaseResult result = switch (state) {
            case RELEASED -> store.release(claim, Release.FAILED);
            case SUCCEEDED -> store.complete(claim, FOUND, TTL);
            case FAILED -> store.complete(claim, Completion.failed(StoredOutcome.of(new byte[] {1})), TTL);
            case UNKNOWN -> store.complete(claim, Completion.unknown(), TTL);
            default -> DONE;
        };
        assertThat(result).isEqualTo(DONE);
        clock.advance(LEASE.plus(MILLISECOND));
        return claim;
    }

    private Claim claimed(ScopedKey key) {
        return acquired(store.claim(request(key)));
    }

    private static ScopedKey key(String of) {
        String name = "k" + KEYS.incrementAndGet();
        return new ScopedKey(of, IdempotencyKey.of("header:id", name.getBytes(UTF_8)));
    }

    private static ClaimRequest request(ScopedKey key) {
        return ClaimRequest.of(key, Fingerprint.of("value", new byte[32]), LEASE, TTL);
    }

    private static Claim acquired(ClaimResult result) {
        assertThat(result).isInstanceOf(ClaimResult.Acquired.class);
        return ((ClaimResult.Acquired) result).claim();
    }

    private static RepairResult.Done done(RepairResult result) {
        assertThat(result).isInstanceOf(RepairResult.Done.class);
        return (RepairResult.Done) result;
    }
}
