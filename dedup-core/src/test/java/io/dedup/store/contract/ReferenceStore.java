// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.contract;

import io.dedup.Fingerprint;
import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.Completion;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.LeaseResult;
import io.dedup.store.ScopedKey;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The laws of a store in the fewest lines, for others to be held against. Confined to one thread. */
final class ReferenceStore implements IdempotencyStore {
    private record Row(
            Claim claim,
            boolean takenOver,
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
            return acquired(request, row == null ? 0 : row.claim.token(), 1, false);
        }
        Claim was = row.claim;
        if (row.released) {
            return acquired(request, was.token(), was.attempt() + 1, false);
        }
        Fingerprint fingerprint = was.request().fingerprint();
        if (fingerprint != null && request.fingerprint() != null && fingerprint.conflictsWith(request.fingerprint())) {
            return new ClaimResult.Conflict();
        }
        if (row.end != null) {
            boolean reopened = row.end.kind() == Completion.Kind.UNKNOWN && request.reopensUnknown();
            return reopened
                    ? acquired(request, was.token(), was.attempt() + 1, true)
                    : new ClaimResult.Completed(row.end);
        }
        if (was.request().owner().equals(request.owner())) {
            extend(row, request.leaseFor());
            return new ClaimResult.Acquired(new Claim(request, was.token(), was.attempt()), row.takenOver);
        }
        return row.leaseUntil < now
                ? acquired(request, was.token(), was.attempt() + 1, true)
                : new ClaimResult.InProgress(Duration.ofMillis(row.leaseUntil - now));
    }

    private ClaimResult acquired(ClaimRequest request, long lastToken, int attempt, boolean takenOver) {
        long leaseUntil = clock.millis() + request.leaseFor().toMillis();
        Claim claim = new Claim(request, Math.max(lastToken + 1, clock.millis()), attempt);
        long expiresAt = leaseUntil + request.timeToLive().toMillis();
        rows.put(request.key(), new Row(claim, takenOver, false, leaseUntil, expiresAt, null));
        return new ClaimResult.Acquired(claim, takenOver);
    }

    private void extend(Row row, Duration leaseFor) {
        long leaseUntil = Math.max(row.leaseUntil, clock.millis() + leaseFor.toMillis());
        long expiresAt = leaseUntil + row.claim.request().timeToLive().toMillis();
        rows.put(row.claim.key(), new Row(row.claim, row.takenOver, false, leaseUntil, expiresAt, null));
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
            rows.put(claim.key(), new Row(row.claim, row.takenOver, false, row.leaseUntil, expiresAt, completion));
        }
        return new LeaseResult.Done();
    }

    @Override
    public LeaseResult release(Claim claim) {
        Row row = heldBy(claim);
        if (row == null || row.end != null) {
            return new LeaseResult.Lost();
        }
        if (!row.released) {
            long expiresAt = clock.millis() + claim.request().timeToLive().toMillis();
            rows.put(claim.key(), new Row(row.claim, row.takenOver, true, row.leaseUntil, expiresAt, null));
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
