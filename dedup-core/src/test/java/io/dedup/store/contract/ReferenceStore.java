// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.contract;

import io.dedup.Fingerprint;
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
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The laws of a store in the fewest lines, for others to be held against. Confined to one thread. */
final class ReferenceStore implements IdempotencyStore {
    private record Row(
            Claim claim,
            boolean released,
            long leaseUntil,
            long expiresAt,
            @Nullable Completion end) {}

    private final Clock clock;
    private final Map<ScopedKey, Row> rows = new HashMap<>();

    ReferenceStore(Clock clock) {
        this.clock = clock;
    }

    @Override
    public ClaimResult claim(ClaimRequest request) {
        long now = clock.millis();
        Row row = rows.get(request.key());
        if (row == null || row.expiresAt < now) {
            long lastToken = row == null ? 0 : row.claim.token();
            return acquired(request, lastToken, 1, PriorRun.NONE, clock.instant());
        }
        Claim was = row.claim;
        Fingerprint fingerprint = was.request().fingerprint();
        boolean mayBeDone = !row.released || was.priorRun() != PriorRun.NONE;
        if (mayBeDone
                && fingerprint != null
                && request.fingerprint() != null
                && fingerprint.conflictsWith(request.fingerprint())) {
            return new ClaimResult.Conflict();
        }
        if (row.released) {
            return next(request, was, was.priorRun());
        }
        if (row.end != null) {
            return row.end.kind() == Completion.Kind.UNKNOWN && request.reopensUnknown()
                    ? next(request, was, PriorRun.UNKNOWN)
                    : new ClaimResult.Completed(row.end);
        }
        if (was.request().owner().equals(request.owner())) {
            extend(row, request.leaseFor());
            return new ClaimResult.Acquired(
                    new Claim(request, was.token(), was.attempt(), was.priorRun(), was.firstAttemptAt()));
        }
        if (row.leaseUntil >= now) {
            return new ClaimResult.InProgress(Duration.ofMillis(row.leaseUntil - now));
        }
        if (was.priorRun() != PriorRun.UNKNOWN) {
            return next(request, was, PriorRun.ABANDONED);
        }
        return request.reopensUnknown()
                ? next(request, was, PriorRun.UNKNOWN)
                : new ClaimResult.Completed(Completion.unknown());
    }

    private ClaimResult next(ClaimRequest request, Claim was, PriorRun prior) {
        return acquired(request, was.token(), was.attempt() + 1, prior, was.firstAttemptAt());
    }

    private ClaimResult acquired(
            ClaimRequest request, long lastToken, int attempt, PriorRun prior, Instant firstAttemptAt) {
        long leaseUntil = clock.millis() + request.leaseFor().toMillis();
        Claim claim = new Claim(request, Math.max(lastToken + 1, clock.millis()), attempt, prior, firstAttemptAt);
        long expiresAt = leaseUntil + request.timeToLive().toMillis();
        rows.put(request.key(), new Row(claim, false, leaseUntil, expiresAt, null));
        return new ClaimResult.Acquired(claim);
    }

    private void extend(Row row, Duration leaseFor) {
        long leaseUntil = Math.max(row.leaseUntil, clock.millis() + leaseFor.toMillis());
        long expiresAt = leaseUntil + row.claim.request().timeToLive().toMillis();
        rows.put(row.claim.key(), new Row(row.claim, false, leaseUntil, Math.max(row.expiresAt, expiresAt), null));
    }

    private @Nullable Row heldBy(Claim claim) {
        Row row = rows.get(claim.key());
        boolean held = row != null
                && row.expiresAt >= clock.millis()
                && row.claim.token() == claim.token()
                && row.claim.request().owner().equals(claim.request().owner());
        return held ? row : null;
    }

    @Override
    public LeaseResult renew(Claim claim, Duration leaseFor) {
        Row row = heldBy(claim);
        if (row == null || row.released || row.end != null) {
            return new LeaseResult.Lost();
        }
        extend(row, leaseFor);
        return new LeaseResult.Done();
    }

    @Override
    public LeaseResult complete(Claim claim, Completion completion, Duration timeToLive) {
        Row row = heldBy(claim);
        if (row == null || row.released || (row.end != null && !row.end.equals(completion))) {
            return new LeaseResult.Lost();
        }
        if (row.end == null) {
            long expiresAt = clock.millis() + timeToLive.toMillis();
            rows.put(claim.key(), new Row(row.claim, false, row.leaseUntil, expiresAt, completion));
        }
        return new LeaseResult.Done();
    }

    @Override
    public LeaseResult release(Claim claim, Release why) {
        Row row = heldBy(claim);
        if (row == null) {
            return new LeaseResult.Lost();
        }
        Claim was = row.claim;
        boolean uncounted = why == Release.CANCELLED || why == Release.NOT_ATTEMPTED;
        boolean interrupted = why == Release.CANCELLED || why == Release.INTERRUPTED;
        boolean unknownAgain = was.priorRun() == PriorRun.UNKNOWN && uncounted;
        if (row.released || row.end != null) {
            boolean already = unknownAgain ? Completion.unknown().equals(row.end) : row.released;
            return already ? new LeaseResult.Done() : new LeaseResult.Lost();
        }
        PriorRun prior = was.priorRun();
        if (prior == PriorRun.UNKNOWN && !unknownAgain) {
            prior = PriorRun.ABANDONED;
        } else if (prior == PriorRun.NONE && interrupted) {
            prior = PriorRun.INTERRUPTED;
        }
        int attempts = uncounted ? was.attempt() - 1 : was.attempt();
        Claim released = new Claim(was.request(), was.token(), attempts, prior, was.firstAttemptAt());
        long expiresAt = clock.millis() + claim.request().timeToLive().toMillis();
        rows.put(
                claim.key(),
                new Row(
                        released,
                        !unknownAgain,
                        row.leaseUntil,
                        expiresAt,
                        unknownAgain ? Completion.unknown() : null));
        return new LeaseResult.Done();
    }

    @Override
    public LeaseResult withdraw(ClaimRequest request) {
        Row row = rows.get(request.key());
        if (row != null
                && !row.released
                && row.end == null
                && row.expiresAt >= clock.millis()
                && row.claim.request().owner().equals(request.owner())) {
            release(row.claim, Release.NOT_ATTEMPTED);
        }
        return new LeaseResult.Done();
    }

    @Override
    public ClaimState inspect(Claim claim) {
        Row row = heldBy(claim);
        if (row == null || row.released) {
            return new ClaimState.Lost();
        }
        return row.end == null ? new ClaimState.Held() : new ClaimState.Completed(row.end);
    }

    @Override
    public LeaseResult resetAttempts(ScopedKey key) {
        Row row = rows.get(key);
        if (row != null && (row.released || Completion.unknown().equals(row.end))) {
            Claim was = row.claim;
            Claim reset = new Claim(was.request(), was.token(), 0, was.priorRun(), was.firstAttemptAt());
            rows.put(key, new Row(reset, row.released, row.leaseUntil, row.expiresAt, row.end));
        }
        return new LeaseResult.Done();
    }

    @Override
    public int purge(int atMost) {
        int before = rows.size();
        rows.values().removeIf(row -> row.expiresAt < clock.millis());
        return before - rows.size();
    }
}
