// SPDX-License-Identifier: Apache-2.0
package io.dedup;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.time.Duration;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class DedupPolicyTest {
    private static final long NOON = 1_766_000_000_000L;
    private static final long TTL = Duration.ofMinutes(10).toMillis();
    private static final long LATENESS = Duration.ofMinutes(30).toMillis();
    private static final long SKEW = Duration.ofMinutes(5).toMillis();
    private static final DedupPolicy POLICY = DedupPolicy.of(Duration.ofMillis(TTL))
            .withAllowedLateness(Duration.ofMillis(LATENESS))
            .withMaxFuture(Duration.ofMillis(SKEW));
    private static final IdempotencyKey KEY = IdempotencyKey.of("header:id", "k".getBytes(UTF_8));
    private static final Coordinates HERE = new Coordinates("orders", 0, 7);
    private static final Coordinates ELSEWHERE = new Coordinates("orders", 0, 8);
    private static final SeenRecords EMPTY = (key, timestamp, ttl) -> Recollection.of(null);
    private static final SeenRecords UNTOUCHABLE = (key, timestamp, ttl) -> {
        throw new AssertionError("memory was asked");
    };

    static Stream<Arguments> distancesFromTheFirst() {
        return Stream.of(
                arguments(0L, Verdict.DUPLICATE),
                arguments(1L, Verdict.DUPLICATE),
                arguments(TTL, Verdict.DUPLICATE),
                arguments(TTL + 1, Verdict.FIRST),
                arguments(-1L, Verdict.DUPLICATE),
                arguments(-TTL, Verdict.DUPLICATE),
                arguments(-TTL - 1, Verdict.FIRST));
    }

    @ParameterizedTest
    @MethodSource("distancesFromTheFirst")
    void decide_atDistanceFromFirst_boundaryIsInclusiveBothWays(long distance, Verdict expected) {
        // Given
        SeenRecords memory = remembering(NOON, HERE, null);
        // When
        Decision decision = POLICY.decide(at(NOON + distance, ELSEWHERE), NOON, NOON + TTL + 1, memory);
        // Then
        assertThat(decision.verdict()).isEqualTo(expected);
    }

    static Stream<Arguments> distancesBehindStreamTime() {
        return Stream.of(
                arguments(0L, Verdict.FIRST),
                arguments(LATENESS, Verdict.FIRST),
                arguments(LATENESS + 1, Verdict.LATE),
                arguments(NOON, Verdict.LATE));
    }

    @ParameterizedTest
    @MethodSource("distancesBehindStreamTime")
    void decide_notRemembered_lateOnlyBeyondTheAllowedLateness(long behind, Verdict expected) {
        // When
        Decision decision = POLICY.decide(at(NOON - behind, HERE), NOON, NOON, EMPTY);
        // Then
        assertThat(decision.verdict()).isEqualTo(expected);
    }

    static Stream<Arguments> distancesAheadOfTheClock() {
        return Stream.of(
                arguments(SKEW, Verdict.FIRST),
                arguments(SKEW + 1, Verdict.FUTURE),
                arguments(Duration.ofDays(365).toMillis(), Verdict.FUTURE),
                arguments(Long.MAX_VALUE - NOON, Verdict.FUTURE));
    }

    @ParameterizedTest
    @MethodSource("distancesAheadOfTheClock")
    void decide_aheadOfTheClock_futureOnlyBeyondTheAllowedSkew(long ahead, Verdict expected) {
        // When
        Decision decision = POLICY.decide(at(NOON + ahead, HERE), NOON, NOON, EMPTY);
        // Then
        assertThat(decision.verdict()).isEqualTo(expected);
    }

    @Test
    void decide_future_memoryIsNotAsked() {
        // When
        Decision decision = POLICY.decide(at(NOON + SKEW + 1, HERE), NOON, NOON, UNTOUCHABLE);
        // Then
        assertThat(decision.verdict()).isEqualTo(Verdict.FUTURE);
    }

    @Test
    void decide_noStreamTimeYet_oldestRecordIsFirst() {
        // When
        Decision decision = POLICY.decide(at(0, HERE), Long.MIN_VALUE, NOON, EMPTY);
        // Then
        assertThat(decision.verdict()).isEqualTo(Verdict.FIRST);
    }

    @Test
    void decide_rememberedAndOlderThanTheLateness_isDuplicateNotLate() {
        // Given
        long old = NOON - LATENESS - TTL;
        SeenRecords memory = remembering(old, HERE, null);
        // When
        Decision decision = POLICY.decide(at(old + 1, ELSEWHERE), NOON, NOON, memory);
        // Then
        assertThat(decision.verdict()).isEqualTo(Verdict.DUPLICATE);
        assertThat(decision.first())
                .isNotNull()
                .extracting(SeenRecord::coordinates)
                .isEqualTo(HERE);
    }

    @Test
    void decide_sameCoordinates_isReplayEvenIfThePayloadIsSaidToDiffer() {
        // Given
        SeenRecords memory = remembering(NOON, HERE, print(1));
        // When
        Decision decision = POLICY.decide(new Candidate(KEY, NOON, HERE, print(2)), NOON, NOON, memory);
        // Then
        assertThat(decision.verdict()).isEqualTo(Verdict.REPLAY);
    }

    static Stream<Arguments> almostTheSameCoordinates() {
        return Stream.of(
                arguments(new Coordinates("orders", 0, 8)),
                arguments(new Coordinates("orders", 1, 7)),
                arguments(new Coordinates("payments", 0, 7)),
                arguments((Object) null));
    }

    @ParameterizedTest
    @MethodSource("almostTheSameCoordinates")
    void decide_otherCoordinates_isDuplicate(@Nullable Coordinates other) {
        // Given
        SeenRecords memory = remembering(NOON, HERE, null);
        // When
        Decision decision = POLICY.decide(new Candidate(KEY, NOON, other, null), NOON, NOON, memory);
        // Then
        assertThat(decision.verdict()).isEqualTo(Verdict.DUPLICATE);
    }

    @Test
    void decide_bothWithoutCoordinates_isDuplicate() {
        // Given
        SeenRecords memory = (key, time, ttl) -> Recollection.of(new SeenRecord(NOON, NOON + TTL, null, null));
        // When
        Decision decision = POLICY.decide(new Candidate(KEY, NOON, null, null), NOON, NOON, memory);
        // Then
        assertThat(decision.verdict()).isEqualTo(Verdict.DUPLICATE);
    }

    static Stream<Arguments> fingerprints() {
        return Stream.of(
                arguments(print(1), print(1), Verdict.DUPLICATE),
                arguments(print(1), print(2), Verdict.CONFLICT),
                arguments(null, print(2), Verdict.DUPLICATE),
                arguments(print(1), null, Verdict.DUPLICATE),
                arguments(null, null, Verdict.DUPLICATE));
    }

    @ParameterizedTest
    @MethodSource("fingerprints")
    void decide_fingerprints_conflictOnlyIfBothAreKnownAndDiffer(
            @Nullable Fingerprint first, @Nullable Fingerprint second, Verdict expected) {
        // Given
        SeenRecords memory = remembering(NOON, HERE, first);
        // When
        Decision decision = POLICY.decide(new Candidate(KEY, NOON, ELSEWHERE, second), NOON, NOON, memory);
        // Then
        assertThat(decision.verdict()).isEqualTo(expected);
    }

    @Test
    void decide_rememberedWithShorterExpiry_isFirstAfterIt() {
        // Given
        SeenRecords memory = (key, time, ttl) -> Recollection.of(new SeenRecord(NOON, NOON + 1000, HERE, null));
        // When
        Verdict atExpiry =
                POLICY.decide(at(NOON + 1000, ELSEWHERE), NOON, NOON, memory).verdict();
        Verdict afterwards =
                POLICY.decide(at(NOON + 1001, ELSEWHERE), NOON, NOON, memory).verdict();
        // Then
        assertThat(atExpiry).isEqualTo(Verdict.DUPLICATE);
        assertThat(afterwards).isEqualTo(Verdict.FIRST);
    }

    @ParameterizedTest
    @EnumSource(MissingKey.Reason.class)
    void decide_missingKey_isSaidWithItsReasonAndMemoryIsNotAsked(MissingKey.Reason reason) {
        // Given
        MissingKey missing = new MissingKey(reason, "header:id", "no key");
        // When
        Decision decision = POLICY.decide(new Candidate(missing, NOON + SKEW + 1, HERE, null), NOON, NOON, UNTOUCHABLE);
        // Then
        assertThat(decision.verdict()).isEqualTo(Verdict.MISSING_KEY);
        assertThat(decision.reason()).isEqualTo("missing-key:" + reason.text());
    }

    @Test
    void actionFor_defaults_areTheDocumentedOnes() {
        // When
        DedupPolicy policy = DedupPolicy.of(Duration.ofHours(24));
        // Then
        assertThat(policy.actionFor(Verdict.FIRST)).isEqualTo(Action.FORWARD);
        assertThat(policy.actionFor(Verdict.REPLAY)).isEqualTo(Action.FORWARD);
        assertThat(policy.actionFor(Verdict.DUPLICATE)).isEqualTo(Action.DROP);
        assertThat(policy.actionFor(Verdict.CONFLICT)).isEqualTo(Action.DEAD_LETTER);
        assertThat(policy.actionFor(Verdict.MISSING_KEY)).isEqualTo(Action.DEAD_LETTER);
        assertThat(policy.actionFor(Verdict.LATE)).isEqualTo(Action.DEAD_LETTER);
        assertThat(policy.actionFor(Verdict.FUTURE)).isEqualTo(Action.DEAD_LETTER);
        assertThat(policy.allowedLateness()).isEqualTo(Duration.ofHours(24));
        assertThat(policy.maxFuture()).isEqualTo(Duration.ofHours(1));
    }

    @ParameterizedTest
    @EnumSource(Verdict.class)
    void withAction_everyPair_takenExactlyIfTheVerdictAllowsIt(Verdict verdict) {
        for (Action action : Action.values()) {
            if (verdict.actions().contains(action)) {
                assertThat(POLICY.withAction(verdict, action).actionFor(verdict))
                        .isEqualTo(action);
            } else {
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> POLICY.withAction(verdict, action))
                        .withMessageContaining(verdict.text())
                        .withMessageContaining(action.text());
            }
        }
    }

    @Test
    void uses_verdictThatCannotBeReached_doesNotCount() {
        DedupPolicy policy = POLICY;
        for (Verdict verdict : Verdict.values()) {
            if (verdict.actions().contains(Action.DROP) && verdict != Verdict.INVALID_TTL) {
                policy = policy.withAction(verdict, Action.DROP);
            }
        }
        assertThat(policy.uses(Action.DEAD_LETTER)).isFalse();
        assertThat(policy.withRecordTtls().uses(Action.DEAD_LETTER)).isTrue();
        assertThat(policy.withRecordTtls().withTtl(Duration.ofHours(1)).canReach(Verdict.INVALID_TTL))
                .isTrue();
    }

    @ParameterizedTest
    @EnumSource(
            value = Mode.class,
            names = {"OBSERVE", "OFF"})
    void actionFor_notEnforcing_everythingIsForwarded(Mode mode) {
        // When
        DedupPolicy policy = POLICY.withMode(mode);
        // Then
        assertThat(Verdict.values())
                .allSatisfy(verdict -> assertThat(policy.actionFor(verdict)).isEqualTo(Action.FORWARD));
        assertThat(policy.uses(Action.DEAD_LETTER)).isFalse();
    }

    @Test
    void of_impossibleDurations_areRefusedByName() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> DedupPolicy.of(Duration.ZERO))
                .withMessageStartingWith("ttl must be between");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> DedupPolicy.of(Duration.ofDays(3651)))
                .withMessageStartingWith("ttl must be between");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> POLICY.withAllowedLateness(Duration.ofMillis(-1)))
                .withMessageContaining("lateness");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> POLICY.withMaxFuture(Duration.ofMillis(-1)))
                .withMessageContaining("ahead");
    }

    @Test
    void of_longestDurations_areTaken() {
        DedupPolicy longest = DedupPolicy.of(DedupPolicy.MAX_DURATION)
                .withAllowedLateness(Duration.ZERO)
                .withMaxFuture(Duration.ZERO);
        assertThat(longest.ttl()).isEqualTo(DedupPolicy.MAX_DURATION);
        assertThat(DedupPolicy.of(Duration.ofMillis(1)).ttl()).isEqualTo(Duration.ofMillis(1));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> DedupPolicy.of(DedupPolicy.MAX_DURATION.plusMillis(1)))
                .withMessageContaining(DedupPolicy.MAX_DURATION.toString());
    }

    @Test
    void policy_shown_namesEverySetting() {
        assertThat(POLICY.withMode(Mode.OBSERVE).toString())
                .contains("ttl=PT10M", "allowedLateness=PT30M", "maxFuture=PT5M", "mode=observe", "LATE");
        assertThat(POLICY.withMode(Mode.OBSERVE).mode()).isEqualTo(Mode.OBSERVE);
    }

    /** The TTL that a duplicate asks for does not matter; a record that is not remembered is refused for it. */
    @Test
    void decide_ttlThatCannotBe_isRefusedUnlessTheKeyIsRemembered() {
        // Given
        InvalidTtl invalid = new InvalidTtl(InvalidTtl.Reason.NOT_POSITIVE, "It asks for -1 ms");
        Candidate candidate = new Candidate(KEY, NOON, ELSEWHERE, null, invalid);
        DedupPolicy policy = POLICY.withRecordTtls();
        // Then
        assertThat(policy.decide(candidate, NOON, NOON, EMPTY))
                .isEqualTo(new Decision(Verdict.INVALID_TTL, null, null, invalid, null));
        assertThat(policy.decide(candidate, NOON, NOON, remembering(NOON, HERE, null))
                        .verdict())
                .isEqualTo(Verdict.DUPLICATE);
    }

    static Stream<Arguments> oddTimes() {
        return Stream.of(
                arguments(-1L, Verdict.INVALID_TIMESTAMP, "its time is -1, which is none"),
                arguments(Long.MIN_VALUE, Verdict.INVALID_TIMESTAMP, "which is none"),
                arguments(NOON / 1000, Verdict.LATE, "looks like seconds"),
                arguments(NOON * 1000, Verdict.FUTURE, "looks like microseconds"),
                arguments(NOON * 1_000_000, Verdict.FUTURE, "looks like nanoseconds"),
                arguments(0L, Verdict.LATE, null),
                arguments(NOON - 10 * TTL, Verdict.LATE, null),
                arguments(NOON + 10 * TTL, Verdict.FUTURE, null),
                arguments(Long.MAX_VALUE, Verdict.FUTURE, null));
    }

    @ParameterizedTest
    @MethodSource("oddTimes")
    void decide_oddTime_saysWhatItLooksLike(long time, Verdict expected, @Nullable String detail) {
        Decision decision = POLICY.decide(at(time, ELSEWHERE), NOON, NOON, EMPTY);
        assertThat(decision.verdict()).isEqualTo(expected);
        if (detail == null) {
            assertThat(decision.detail()).isNull();
        } else {
            assertThat(decision.detail()).contains(detail);
        }
    }

    private static Candidate at(long time, Coordinates coordinates) {
        return new Candidate(KEY, time, coordinates, null);
    }

    private static SeenRecords remembering(long time, Coordinates coordinates, @Nullable Fingerprint fingerprint) {
        return (key, timestamp, ttl) -> Recollection.of(new SeenRecord(time, time + TTL, coordinates, fingerprint));
    }

    private static Fingerprint print(int seed) {
        byte[] digest = new byte[Fingerprint.BYTES];
        digest[Fingerprint.BYTES - 1] = (byte) seed;
        return Fingerprint.fromBytes(digest);
    }
}
