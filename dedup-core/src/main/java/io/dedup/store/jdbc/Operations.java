// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.ClaimState;
import io.dedup.store.Completion;
import io.dedup.store.KeyRecord;
import io.dedup.store.LeaseResult;
import io.dedup.store.Release;
import io.dedup.store.ScopedKey;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The operations of a store on a connection. {@link KeyRecord} decides about a claim; here its answer is written, on condition
 * that the row is still the one that was read. Thread-safe.
 */
final class Operations {
    private static final LeaseResult DONE = new LeaseResult.Done();
    private static final LeaseResult LOST = new LeaseResult.Lost();
    private static final LeaseResult LOCKED = new LeaseResult.Locked();

    private static final int PROBES = 5;
    private static final long PAUSE_NANOS = 1_000_000;

    private final Statements statements;
    private final int timeoutSeconds;

    Operations(Statements statements, int timeoutSeconds) {
        this.statements = statements;
        this.timeoutSeconds = timeoutSeconds;
    }

    /**
     * Claims on a connection that commits by itself. Reads first, so that the many who only ask lock nothing.
     *
     * @return none if the row has changed meanwhile: to be tried again
     */
    Optional<ClaimResult> claim(Connection connection, ClaimRequest request) throws SQLException {
        Rows.Found found =
                statements.insertsOrFinds() ? insertOrFind(connection, request) : find(connection, request.key());
        if (found.inserted() && found.row() != null) {
            return Optional.of(new ClaimResult.Acquired(found.row().claimFor(request)));
        }
        KeyRecord.Decision decision = KeyRecord.claim(found.row(), request, found.now());
        if (decision instanceof KeyRecord.Decision.Grant grant) {
            if (found.row() != null && isLocked(connection, request.key())) {
                // By a transaction that completes it, or claims it: not for this call to wait for.
                return Optional.of(new ClaimResult.Locked());
            }
            return write(connection, request.key(), found.row(), grant);
        }
        return Optional.of(((KeyRecord.Decision.Answer) decision).result());
    }

    /** Claims in a transaction of the caller, and waits for another one that holds the key. */
    Optional<ClaimResult> claimJoined(Connection connection, ClaimRequest request) throws SQLException {
        Rows.Found seen = find(connection, request.key());
        if (KeyRecord.claim(seen.row(), request, seen.now()) instanceof KeyRecord.Decision.Answer answer) {
            // Without a lock, which would keep an owner elsewhere from renewing its lease and from completing.
            return Optional.of(answer.result());
        }
        try (PreparedStatement insert = prepare(connection, statements.insertIfAbsent())) {
            Rows.setNew(insert, request);
            insert.executeUpdate();
        }
        Rows.Found found = find(connection, statements.findNow(), request.key());
        if (found == null) {
            return Optional.empty();
        }
        KeyRecord.Decision decision = KeyRecord.claim(found.row(), request, found.now());
        return decision instanceof KeyRecord.Decision.Grant grant
                ? write(connection, request.key(), found.row(), grant)
                : Optional.of(((KeyRecord.Decision.Answer) decision).result());
    }

    private Optional<ClaimResult> write(
            Connection connection, ScopedKey key, @Nullable KeyRecord current, KeyRecord.Decision.Grant grant)
            throws SQLException {
        KeyRecord next = grant.next();
        if (next.equals(current)) {
            return Optional.of(grant.result());
        }
        try (PreparedStatement statement =
                prepare(connection, current == null ? statements.insert() : statements.replace())) {
            if (current == null) {
                Rows.setClaimed(statement, key, next);
            } else {
                Rows.setReplaced(statement, key, current, next);
            }
            return statement.executeUpdate() == 1 ? Optional.of(grant.result()) : Optional.empty();
        }
    }

    /**
     * Whether a transaction that has not ended holds the key, or the key is not there. A single statement of another
     * connection holds it for a moment, and is waited for.
     */
    boolean isLocked(Connection connection, ScopedKey key) throws SQLException {
        try (PreparedStatement probe = prepare(connection, statements.probeLock())) {
            probe.setBytes(1, key.bytes());
            for (int i = 0; i < PROBES; i++) {
                try (ResultSet row = probe.executeQuery()) {
                    if (row.next()) {
                        return false;
                    }
                }
                LockSupport.parkNanos(PAUSE_NANOS);
            }
            return true;
        }
    }

    /**
     * Renews, unless a transaction holds the key: that of the operation, as long as the committed row is still its own. A row
     * that was found free is held until it is renewed.
     */
    LeaseResult renewUnlessLocked(Connection connection, Claim claim, long leaseMillis) throws SQLException {
        return Transaction.within(connection, transaction -> {
            if (isLocked(transaction, claim.key())) {
                return stateOf(transaction, claim) instanceof ClaimState.Held ? LOCKED : LOST;
            }
            return renew(transaction, claim, leaseMillis);
        });
    }

    LeaseResult renew(Connection connection, Claim claim, long leaseMillis) throws SQLException {
        try (PreparedStatement renew = prepare(connection, statements.renew())) {
            renew.setLong(1, leaseMillis);
            renew.setLong(2, leaseMillis + claim.request().timeToLive().toMillis());
            Rows.setHolder(renew, 3, claim);
            if (renew.executeUpdate() == 1) {
                return DONE;
            }
        }
        // A driver may count only rows that have changed, and the lease may be as long already.
        return stateOf(connection, claim) instanceof ClaimState.Held ? DONE : LOST;
    }

    LeaseResult complete(Connection connection, Claim claim, Completion completion, long millis) throws SQLException {
        try (PreparedStatement complete = prepare(connection, statements.complete())) {
            Rows.setCompletion(complete, claim, completion, millis);
            if (complete.executeUpdate() == 1) {
                return DONE;
            }
        }
        ClaimState state = stateOf(connection, claim);
        return state.equals(new ClaimState.Completed(completion)) ? DONE : LOST;
    }

    LeaseResult release(Connection connection, Claim claim, Release why) throws SQLException {
        try (PreparedStatement release = prepare(connection, statements.release())) {
            release.setInt(1, why.leavesUnknown() ? 1 : 0);
            release.setInt(2, why.leavesUnknown() ? 0 : 1);
            release.setInt(3, why.mayBeDone() ? 1 : 0);
            release.setInt(4, why.uncounted());
            release.setLong(5, claim.request().timeToLive().toMillis());
            Rows.setHolder(release, 6, claim);
            if (release.executeUpdate() == 1) {
                return DONE;
            }
        }
        Rows.Found found = find(connection, claim.key());
        KeyRecord row = found.row();
        boolean already =
                row != null && row.state() != KeyRecord.State.CLAIMED && row.released(claim, why, found.now()) != null;
        return already ? DONE : LOST;
    }

    /** Probes the lock first: what it did not hold then is committed by the time the row is read. */
    ClaimState inspect(Connection connection, Claim claim) throws SQLException {
        boolean locked = isLocked(connection, claim.key());
        ClaimState state = stateOf(connection, claim);
        return locked && state instanceof ClaimState.Held ? new ClaimState.Locked() : state;
    }

    private ClaimState stateOf(Connection connection, Claim claim) throws SQLException {
        Rows.Found found = find(connection, claim.key());
        return found.row() == null ? new ClaimState.Lost() : found.row().stateOf(claim, found.now());
    }

    LeaseResult withdraw(Connection connection, ClaimRequest request) throws SQLException {
        try (PreparedStatement withdraw = prepare(connection, statements.withdraw())) {
            withdraw.setLong(1, request.timeToLive().toMillis());
            withdraw.setBytes(2, request.key().bytes());
            withdraw.setString(3, request.owner().toString());
            withdraw.executeUpdate();
            return DONE;
        }
    }

    LeaseResult resetAttempts(Connection connection, ScopedKey key) throws SQLException {
        try (PreparedStatement reset = prepare(connection, statements.resetAttempts())) {
            reset.setBytes(1, key.bytes());
            reset.executeUpdate();
            return DONE;
        }
    }

    int purge(Connection connection, int atMost) throws SQLException {
        try (PreparedStatement purge = prepare(connection, statements.purge())) {
            purge.setInt(1, atMost);
            return purge.executeUpdate();
        }
    }

    private PreparedStatement prepare(Connection connection, String sql) throws SQLException {
        PreparedStatement statement = connection.prepareStatement(sql);
        statement.setQueryTimeout(timeoutSeconds);
        return statement;
    }

    private Rows.Found insertOrFind(Connection connection, ClaimRequest request) throws SQLException {
        try (PreparedStatement find = prepare(connection, statements.insertOrFind())) {
            Rows.setNew(find, request);
            find.setBytes(6, request.key().bytes());
            try (ResultSet row = find.executeQuery()) {
                row.next();
                return Rows.found(row);
            }
        }
    }

    private Rows.Found find(Connection connection, ScopedKey key) throws SQLException {
        Rows.Found found = find(connection, statements.find(), key);
        if (found == null) {
            throw new SQLException("a query for the time has no row");
        }
        return found;
    }

    private Rows.@Nullable Found find(Connection connection, String sql, ScopedKey key) throws SQLException {
        try (PreparedStatement find = prepare(connection, sql)) {
            find.setBytes(1, key.bytes());
            try (ResultSet row = find.executeQuery()) {
                return row.next() ? Rows.found(row) : null;
            }
        }
    }
}
