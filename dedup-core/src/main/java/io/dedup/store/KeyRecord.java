// SPDX-License-Identifier: Apache-2.0
package io.dedup.store;

import io.dedup.Fingerprint;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The record that a store keeps for a key, and its transitions: the state machine of {@link IdempotencyStore} in one place, for
 * stores that read a record, ask here, and write the next one unless it has changed meanwhile. All times are milliseconds of the
 * store's clock.
 *
 * <p>Immutable.
 *
 * @param owner of the last claim
 * @param token of the last claim
 * @param attempts claims since the key was last absent, but for those that were released unused
 * @param firstAttemptAt when the key was first claimed since it was last absent
 * @param leaseUntil the last moment of the lease
 * @param expiresAt the last moment at which the record counts; after it the key is absent
 * @param fingerprint of the payload of the last claim; null if it had none
 * @param completion null unless the state is {@link State#COMPLETED}
 */
public record KeyRecord(
        State state,
        UUID owner,
        long token,
        int attempts,
        PriorRun priorRun,
        long firstAttemptAt,
        long leaseUntil,
        long expiresAt,
        @Nullable Fingerprint fingerprint,
        @Nullable Completion completion) {
    /** The owner of records that were resolved by hand. No request has it. */
    private static final UUID BY_HAND = new UUID(0, 0);

    /** The state of a key. */
    public enum State {
        /** An owner has the right to run the operation, or had it and vanished. */
        CLAIMED,
        /** The right was given back. */
        RELEASED,
        /** The operation has ended. */
        COMPLETED;

        private static final String CLAIMED_CODE = "C";
        private static final String RELEASED_CODE = "R";

        /** The state that stores write with that letter: any but those of the first two is that of a {@link Completion}. */
        public static State of(String code) {
            return switch (code) {
                case CLAIMED_CODE -> CLAIMED;
                case RELEASED_CODE -> RELEASED;
                default -> COMPLETED;
            };
        }
    }

    /** The decision about a request. */
    public sealed interface Decision {
        /** Write this record in place of the one that was read, and answer with the claim. */
        record Grant(KeyRecord next, Claim claim) implements Decision {
            /** The answer once it is written. */
            public ClaimResult result() {
                return new ClaimResult.Acquired(claim);
            }
        }

        /** Write nothing, and answer this. */
        record Answer(ClaimResult result) implements Decision {}
    }

    /**
     * Decides about a request.
     *
     * @param current what is kept for the key; null if nothing is
     */
    public static Decision claim(@Nullable KeyRecord current, ClaimRequest request, long now) {
        if (current == null) {
            return granted(request, now, 1, PriorRun.NONE, now, now);
        } else if (current.isOutlived(now)) {
            return granted(request, Math.max(current.token + 1, now), 1, PriorRun.NONE, now, now);
        } else if (current.conflictsWith(request)) {
            return new Decision.Answer(new ClaimResult.Conflict());
        }
        return switch (current.state) {
            case RELEASED -> current.next(request, now, current.priorRun);
            case CLAIMED -> current.claimRunning(request, now);
            case COMPLETED -> current.claimEnded(request, now);
        };
    }

    private Decision claimRunning(ClaimRequest request, long now) {
        if (owner.equals(request.owner())) {
            KeyRecord extended = extended(request.leaseFor(), request.timeToLive(), now);
            return new Decision.Grant(extended, extended.claimFor(request));
        } else if (leaseUntil >= now) {
            return new Decision.Answer(new ClaimResult.InProgress(Duration.ofMillis(leaseUntil - now)));
        } else if (priorRun == PriorRun.UNKNOWN) {
            // The owner was to find out, and has vanished: it is as unknown as it was.
            return request.reopensUnknown()
                    ? next(request, now, PriorRun.UNKNOWN)
                    : new Decision.Answer(new ClaimResult.Completed(Completion.unknown()));
        }
        return next(request, now, PriorRun.ABANDONED);
    }

    private Decision claimEnded(ClaimRequest request, long now) {
        Completion ended = ended();
        return ended.kind() == Completion.Kind.UNKNOWN && request.reopensUnknown()
                ? next(request, now, PriorRun.UNKNOWN)
                : new Decision.Answer(new ClaimResult.Completed(ended));
    }

    private Decision next(ClaimRequest request, long now, PriorRun prior) {
        return granted(request, Math.max(token + 1, now), attempts + 1, prior, firstAttemptAt, now);
    }

    private static Decision granted(
            ClaimRequest request, long token, int attempts, PriorRun prior, long firstAttemptAt, long now) {
        long leaseUntil = now + request.leaseFor().toMillis();
        KeyRecord next = new KeyRecord(
                State.CLAIMED,
                request.owner(),
                token,
                attempts,
                prior,
                firstAttemptAt,
                leaseUntil,
                leaseUntil + request.timeToLive().toMillis(),
                request.fingerprint(),
                null);
        return new Decision.Grant(next, next.claimFor(request));
    }

    private KeyRecord extended(Duration leaseFor, Duration timeToLive, long now) {
        long until = Math.max(leaseUntil, now + leaseFor.toMillis());
        return with(State.CLAIMED, attempts, priorRun, until, Math.max(expiresAt, until + timeToLive.toMillis()), null);
    }

    private KeyRecord with(
            State next, int count, PriorRun prior, long lease, long expires, @Nullable Completion completed) {
        return new KeyRecord(next, owner, token, count, prior, firstAttemptAt, lease, expires, fingerprint, completed);
    }

    /** The letter that stores write for the state: of a completed record that of its {@linkplain Completion#code completion}. */
    public String code() {
        return switch (state) {
            case CLAIMED -> State.CLAIMED_CODE;
            case RELEASED -> State.RELEASED_CODE;
            case COMPLETED -> ended().code();
        };
    }

    /** The claim that the record stands for, as the answer to that request. */
    public Claim claimFor(ClaimRequest request) {
        return new Claim(request, token, attempts, priorRun, Instant.ofEpochMilli(firstAttemptAt));
    }

    /** The record after a renewal; null if the claim is lost. */
    public @Nullable KeyRecord renewed(Claim claim, Duration leaseFor, long now) {
        return isHeldBy(claim, now) && state == State.CLAIMED
                ? extended(leaseFor, claim.request().timeToLive(), now)
                : null;
    }

    /** The record after a completion, which is this one if that was recorded before; null if the claim is lost. */
    public @Nullable KeyRecord completed(Claim claim, Completion completed, Duration timeToLive, long now) {
        if (!isHeldBy(claim, now) || state == State.RELEASED) {
            return null;
        } else if (state == State.COMPLETED) {
            return completed.equals(completion) ? this : null;
        }
        return with(State.COMPLETED, attempts, priorRun, leaseUntil, now + timeToLive.toMillis(), completed);
    }

    /** The record after a release, which is this one if it was released before; null if the claim is lost. */
    public @Nullable KeyRecord released(Claim claim, Release why, long now) {
        if (!isHeldBy(claim, now)) {
            return null;
        }
        boolean unknownAgain = why.leavesUnknown() && priorRun == PriorRun.UNKNOWN;
        if (state != State.CLAIMED) {
            boolean already = unknownAgain ? Completion.unknown().equals(completion) : state == State.RELEASED;
            return already ? this : null;
        }
        return with(
                unknownAgain ? State.COMPLETED : State.RELEASED,
                attempts - why.uncounted(),
                priorAfter(why),
                leaseUntil,
                now + claim.request().timeToLive().toMillis(),
                unknownAgain ? Completion.unknown() : null);
    }

    /** A claim to find out that ends with a run has found out; otherwise it is as unknown as before. */
    private PriorRun priorAfter(Release why) {
        if (priorRun == PriorRun.UNKNOWN) {
            return why.leavesUnknown() ? PriorRun.UNKNOWN : PriorRun.ABANDONED;
        }
        return why.mayBeDone() ? priorRun.worse(PriorRun.INTERRUPTED) : priorRun;
    }

    /** The record without a claim of that request; this one if it has none. */
    public KeyRecord withdrawn(ClaimRequest request, long now) {
        if (state != State.CLAIMED || isOutlived(now) || !owner.equals(request.owner())) {
            return this;
        }
        KeyRecord released = released(claimFor(request), Release.NOT_ATTEMPTED, now);
        return released == null ? this : released;
    }

    /** The record with its attempts counted from one again, if it is released or unknown; else this one. */
    public KeyRecord attemptsReset() {
        boolean isOpen = state == State.RELEASED || Completion.unknown().equals(completion);
        return isOpen ? with(state, 0, priorRun, leaseUntil, expiresAt, completion) : this;
    }

    /**
     * The record after it was found out by hand that the operation is done, or has failed for good. A later call of the last
     * owner has lost its claim.
     *
     * @param found how it ended; not {@link Completion.Kind#UNKNOWN}
     * @return null if the operation may be running, or has ended
     */
    public @Nullable KeyRecord resolved(Completion found, Duration timeToLive, long now) {
        return resolved(State.COMPLETED, priorRun, found, timeToLive, now);
    }

    /**
     * The record after it was found out by hand that the operation is not done: the next claim is given, as after runs that have
     * failed and done nothing. Attempts are kept. A later call of the last owner has lost its claim.
     *
     * @return null if the operation may be running, or has ended
     */
    public @Nullable KeyRecord resolvedAsNotDone(Duration timeToLive, long now) {
        return resolved(State.RELEASED, PriorRun.NONE, null, timeToLive, now);
    }

    private @Nullable KeyRecord resolved(
            State next, PriorRun prior, @Nullable Completion found, Duration timeToLive, long now) {
        if (isLeased(now) || isEnded()) {
            return null;
        }
        return new KeyRecord(
                next,
                BY_HAND,
                Math.max(token + 1, now),
                attempts,
                prior,
                firstAttemptAt,
                Math.min(leaseUntil, now),
                now + timeToLive.toMillis(),
                fingerprint,
                found);
    }

    /** Whether an owner holds the lease, so that the operation may be running. */
    public boolean isLeased(long now) {
        return state == State.CLAIMED && leaseUntil >= now;
    }

    /** Whether it is known how the operation ended. */
    public boolean isEnded() {
        return state == State.COMPLETED && ended().kind() != Completion.Kind.UNKNOWN;
    }

    /** The committed state of a claim. */
    public ClaimState stateOf(Claim claim, long now) {
        if (!isHeldBy(claim, now) || state == State.RELEASED) {
            return new ClaimState.Lost();
        }
        return state == State.CLAIMED ? new ClaimState.Held() : new ClaimState.Completed(ended());
    }

    /** Whether the record counts no longer. */
    public boolean isOutlived(long now) {
        return expiresAt < now;
    }

    /** Whether the last claim is this one, and the record still counts. */
    public boolean isHeldBy(Claim claim, long now) {
        return !isOutlived(now)
                && token == claim.token()
                && owner.equals(claim.request().owner());
    }

    /** After a release nothing has been done, so that the payload may be corrected; unless an earlier run may have done it. */
    private boolean conflictsWith(ClaimRequest request) {
        Fingerprint other = request.fingerprint();
        boolean bound = state != State.RELEASED || priorRun != PriorRun.NONE;
        return bound && fingerprint != null && other != null && fingerprint.conflictsWith(other);
    }

    private Completion ended() {
        if (completion == null) {
            throw new IllegalStateException("a record in the state " + state + " has no completion");
        }
        return completion;
    }
}
