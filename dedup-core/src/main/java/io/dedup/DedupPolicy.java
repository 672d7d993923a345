// SPDX-License-Identifier: Apache-2.0
package io.dedup;

import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The rules by which verdicts are reached: how long a first is remembered, how late or early a record may be, and which
 * action follows each verdict.
 *
 * <p>{@link #decide} is the deciding function. It is pure: times and seen records are arguments. Two callers use it: the operator
 * for Kafka Streams ({@code io.dedup.streams.Dedup}, whose {@code Deduplicator} calls it for every record), and {@code dedup
 * verify}, which counts the records of a topic ({@code TopicCount}). So these two give the same verdicts. Handlers, consumers and
 * interceptors do not call it: they decide by claims, whose state machine is {@code io.dedup.store.KeyRecord}.
 *
 * <p>Immutable and thread-safe.
 */
public final class DedupPolicy {
    /** How long a first is remembered unless something else is asked for: 24 hours. */
    public static final Duration DEFAULT_TTL = Duration.ofHours(24);

    /** How far ahead of the wall clock a record may be: one hour, as brokers allow by default. */
    public static final Duration DEFAULT_MAX_FUTURE = Duration.ofHours(1);

    /** The longest TTL, lateness or skew that is accepted: ten years of 365 days. */
    public static final Duration MAX_DURATION = Duration.ofDays(3650);

    private final Duration ttl;
    private final @Nullable Duration allowedLateness;
    private final Duration maxFuture;
    private final Mode mode;
    private final Map<Verdict, Action> actions;
    private final boolean recordTtls;
    private final long ttlMs;
    private final long allowedLatenessMs;
    private final long maxFutureMs;

    private DedupPolicy(
            Duration ttl,
            @Nullable Duration allowedLateness,
            Duration maxFuture,
            Mode mode,
            Map<Verdict, Action> actions,
            boolean recordTtls) {
        this.ttl = within("ttl", ttl, Duration.ofMillis(1));
        this.allowedLateness = allowedLateness == null ? null : within("lateness", allowedLateness, Duration.ZERO);
        this.maxFuture = within("ahead", maxFuture, Duration.ZERO);
        this.mode = mode;
        this.actions = actions;
        this.recordTtls = recordTtls;
        this.ttlMs = ttl.toMillis();
        this.allowedLatenessMs = (allowedLateness == null ? ttl : allowedLateness).toMillis();
        this.maxFutureMs = maxFuture.toMillis();
    }

    private static Duration within(String name, Duration duration, Duration least) {
        if (duration.compareTo(least) < 0 || duration.compareTo(MAX_DURATION) > 0) {
            throw new IllegalArgumentException(
                    name + " must be between " + least + " and " + MAX_DURATION + ": " + duration);
        }
        return duration;
    }

    /**
     * The policy with that TTL and every default: lateness as the TTL, one hour of skew, {@link Mode#ENFORCE}, and the
     * {@linkplain Verdict#defaultAction() default action} of each verdict.
     *
     * @throws IllegalArgumentException if {@code ttl} is under 1 ms or over {@link #MAX_DURATION}
     */
    public static DedupPolicy of(Duration ttl) {
        Map<Verdict, Action> actions = new EnumMap<>(Verdict.class);
        for (Verdict verdict : Verdict.values()) {
            actions.put(verdict, verdict.defaultAction());
        }
        return new DedupPolicy(ttl, null, DEFAULT_MAX_FUTURE, Mode.ENFORCE, actions, false);
    }

    /**
     * Returns this policy with another TTL; the allowed lateness follows it unless it was set.
     *
     * @throws IllegalArgumentException if {@code newTtl} is under 1 ms or over {@link #MAX_DURATION}
     */
    public DedupPolicy withTtl(Duration newTtl) {
        return new DedupPolicy(newTtl, allowedLateness, maxFuture, mode, actions, recordTtls);
    }

    /**
     * Returns this policy with another allowed lateness.
     *
     * @param lateness how much older than stream time a record may be and still get an exact verdict
     * @throws IllegalArgumentException if negative or over {@link #MAX_DURATION}
     */
    public DedupPolicy withAllowedLateness(Duration lateness) {
        return new DedupPolicy(ttl, lateness, maxFuture, mode, actions, recordTtls);
    }

    /**
     * Returns this policy with another allowed time ahead of the wall clock.
     *
     * @param ahead how far ahead of the wall clock a record may be
     * @throws IllegalArgumentException if negative or over {@link #MAX_DURATION}
     */
    public DedupPolicy withMaxFuture(Duration ahead) {
        return new DedupPolicy(ttl, allowedLateness, ahead, mode, actions, recordTtls);
    }

    /** Returns this policy in another mode. */
    public DedupPolicy withMode(Mode newMode) {
        return new DedupPolicy(ttl, allowedLateness, maxFuture, newMode, actions, recordTtls);
    }

    /**
     * Returns this policy with another action after that verdict.
     *
     * @throws IllegalArgumentException if the action is not one of {@link Verdict#actions()}
     */
    public DedupPolicy withAction(Verdict verdict, Action action) {
        if (!verdict.actions().contains(action)) {
            throw new IllegalArgumentException("action after " + verdict.text() + " must be one of "
                    + verdict.actions().stream().map(Action::text).toList() + ": " + action.text());
        }
        Map<Verdict, Action> changed = new EnumMap<>(actions);
        changed.put(verdict, action);
        return new DedupPolicy(ttl, allowedLateness, maxFuture, mode, changed, recordTtls);
    }

    /** Returns this policy for records that may ask for a TTL of their own. */
    public DedupPolicy withRecordTtls() {
        return new DedupPolicy(ttl, allowedLateness, maxFuture, mode, actions, true);
    }

    /** Whether the policy can give that verdict: {@link Verdict#INVALID_TTL} only if records may ask for a TTL. */
    public boolean canReach(Verdict verdict) {
        return verdict != Verdict.INVALID_TTL || recordTtls;
    }

    /** How long a first is remembered, from its own time. */
    public Duration ttl() {
        return ttl;
    }

    /** How much older than stream time a record may be and still get an exact verdict. */
    public Duration allowedLateness() {
        return allowedLateness == null ? ttl : allowedLateness;
    }

    /** How far ahead of the wall clock a record may be. */
    public Duration maxFuture() {
        return maxFuture;
    }

    /** How far verdicts are acted upon. */
    public Mode mode() {
        return mode;
    }

    /** What is configured to follow that verdict when the mode is {@link Mode#ENFORCE}. */
    public Action configuredAction(Verdict verdict) {
        Action action = actions.get(verdict);
        if (action == null) {
            throw new IllegalStateException("No action for " + verdict);
        }
        return action;
    }

    /** What follows that verdict: as configured when enforcing, else {@link Action#FORWARD}. */
    public Action actionFor(Verdict verdict) {
        return mode == Mode.ENFORCE ? configuredAction(verdict) : Action.FORWARD;
    }

    /** Whether some verdict that can be reached is followed by that action. */
    public boolean uses(Action action) {
        return mode == Mode.ENFORCE
                && actions.entrySet().stream()
                        .anyMatch(entry -> entry.getValue() == action && canReach(entry.getKey()));
    }

    /**
     * Decides about one record. Times are milliseconds since the epoch.
     *
     * <p>In this order: a record without a usable key is {@link Verdict#MISSING_KEY}; one with a negative time is {@link
     * Verdict#INVALID_TIMESTAMP}; one too far ahead of the wall clock is {@link Verdict#FUTURE}, and for none of these the seen
     * records are looked up; a key remembered within the TTL, boundary included and in either direction of time, is {@link
     * Verdict#REPLAY} at the same coordinates, {@link Verdict#CONFLICT} with another payload, else {@link Verdict#DUPLICATE}, however
     * old the record is; what is not remembered and asks for a TTL that it cannot have is {@link Verdict#INVALID_TTL}; what is older
     * than stream time by more than the allowed lateness, or so old that its first {@linkplain Recollection#mayHaveForgotten may have
     * been forgotten}, is {@link Verdict#LATE}; all else is {@link Verdict#FIRST}.
     *
     * <p>A record that asks for a TTL of its own, no longer than that of this policy, is remembered that long. Of two
     * records the TTL of the earlier one counts.
     *
     * <p>The boundary is that of Kafka's KIP-655: exactly the TTL apart is still a duplicate.
     *
     * @param streamTime the highest time of any earlier record of the same source partition that was not ahead of the wall clock by more
     *     than is allowed; {@link Long#MIN_VALUE} if there was none
     * @param now the wall clock
     */
    public Decision decide(Candidate candidate, long streamTime, long now, SeenRecords memory) {
        if (candidate.key() instanceof MissingKey missing) {
            return Decision.withoutKey(missing);
        }
        long time = candidate.timestamp();
        if (time < 0) {
            return Decision.ofTime(Verdict.INVALID_TIMESTAMP, time);
        } else if (isFuture(time, now)) {
            return Decision.ofTime(Verdict.FUTURE, time);
        }
        IdempotencyKey key = (IdempotencyKey) candidate.key();
        long ttl = ttlOf(candidate);
        Recollection recalled = memory.recall(key, time, ttl);
        SeenRecord first = recalled.first();
        if (first != null && first.covers(time, ttl)) {
            return Decision.repeats(relation(first, candidate), first);
        }
        if (candidate.ttl() instanceof InvalidTtl invalid) {
            return Decision.withInvalidTtl(invalid);
        }
        return isLate(time, streamTime) || recalled.mayHaveForgotten()
                ? Decision.ofTime(Verdict.LATE, time)
                : Decision.FIRST;
    }

    private boolean isLate(long time, long streamTime) {
        // Written so that the minimum value, no stream time yet, does not overflow.
        return time < streamTime && streamTime - time > allowedLatenessMs;
    }

    /** The TTL of that record in milliseconds: its own, else that of this policy, which it never exceeds. */
    private long ttlOf(Candidate candidate) {
        return candidate.ttl() instanceof RecordTtl own ? Math.min(own.millis(), ttlMs) : ttlMs;
    }

    private static Verdict relation(SeenRecord first, Candidate candidate) {
        if (!first.settled()
                && first.coordinates() != null
                && first.coordinates().equals(candidate.coordinates())) {
            return Verdict.REPLAY;
        }
        Fingerprint known = first.fingerprint();
        Fingerprint seen = candidate.fingerprint();
        boolean differ = known != null && seen != null && known.conflictsWith(seen);
        return differ ? Verdict.CONFLICT : Verdict.DUPLICATE;
    }

    /** Whether that time is ahead of the wall clock by more than is allowed; both in milliseconds since the epoch. */
    public boolean isFuture(long time, long now) {
        return time - now > maxFutureMs;
    }

    /** Returns what is remembered of a candidate whose verdict is {@link Verdict#FIRST}. */
    public SeenRecord seenRecordOf(Candidate candidate) {
        return new SeenRecord(
                candidate.timestamp(),
                candidate.timestamp() + ttlOf(candidate),
                candidate.coordinates(),
                candidate.fingerprint());
    }

    @Override
    public String toString() {
        return "ttl=" + ttl + ", allowedLateness=" + allowedLateness() + ", maxFuture=" + maxFuture + ", mode="
                + mode.text() + ", actions=" + actions;
    }
}
