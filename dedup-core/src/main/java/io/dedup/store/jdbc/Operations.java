// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import io.dedup.Fingerprint;
import io.dedup.StoredOutcome;
import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.Completion;
import io.dedup.store.LeaseResult;
import io.dedup.store.ScopedKey;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What a store does, on a connection whose transaction is somebody else's business. Thread-safe. */
final class Operations {
    private static final LeaseResult DONE = new LeaseResult.Done();
    private static final LeaseResult LOST = new LeaseResult.Lost();
    private static final String CLAIMED = "C";
    private static final String RELEASED = "R";

    private final Statements statements;
    private final int timeoutSeconds;
    private final boolean joined;

    Operations(Statements statements, int timeoutSeconds) {
        this(statements, timeoutSeconds, false);
    }

    private Operations(Statements statements, int timeoutSeconds, boolean joined) {
        this.statements = statements;
        this.timeoutSeconds = timeoutSeconds;
        this.joined = joined;
    }

    /** The same in transactions that may have read before: they read the row as it is now, and not as it was then. */
    Operations joined() {
        return new Operations(statements, timeoutSeconds, true);
    }

    /** The result; none if the row has changed between the claim and the look at who holds it. */
    Optional<ClaimResult> claim(Connection connection, ClaimRequest request) throws SQLException {
        long lease = request.leaseFor().toMillis();
        Fingerprint fingerprint = request.fingerprint();
        try (PreparedStatement claim = prepare(connection, statements.claim())) {
            claim.setBytes(1, request.key().bytes());
            claim.setString(2, request.owner().toString());
            claim.setLong(3, lease);
            claim.setLong(4, lease + request.timeToLive().toMillis());
            setBytes(claim, 5, fingerprint == null ? null : fingerprint.bytes());
            claim.setBoolean(6, request.reopensUnknown());
            if (!statements.claimReturnsRow()) {
                claim.executeUpdate();
            } else {
                try (ResultSet won = claim.executeQuery()) {
                    if (won.next()) {
                        return Optional.of(new ClaimResult.Acquired(
                                new Claim(request, won.getLong(1), won.getInt(2)), won.getBoolean(3)));
                    }
                }
            }
        }
        Row row = find(connection, request.key());
        if (row == null || row.isOutlived()) {
            return Optional.empty();
        }
        if (row.isOf(request)) {
            return Optional.of(
                    new ClaimResult.Acquired(new Claim(request, row.token(), row.attempts()), row.takenOver()));
        }
        if (row.state().equals(RELEASED)) {
            return Optional.empty();
        }
        if (row.fingerprint() != null
                && fingerprint != null
                && row.fingerprint().conflictsWith(fingerprint)) {
            return Optional.of(new ClaimResult.Conflict());
        }
        if (row.state().equals(CLAIMED)) {
            long left = row.leaseUntil() - row.now();
            return left < 0 ? Optional.empty() : Optional.of(new ClaimResult.InProgress(Duration.ofMillis(left)));
        }
        return Optional.of(new ClaimResult.Completed(row.completion()));
    }

    LeaseResult renew(Connection connection, Claim claim, long leaseMillis) throws SQLException {
        try (PreparedStatement renew = prepare(connection, statements.renew())) {
            renew.setLong(1, leaseMillis);
            renew.setLong(2, leaseMillis + claim.request().timeToLive().toMillis());
            setHolder(renew, 3, claim);
            return renew.executeUpdate() == 1 ? DONE : LOST;
        }
    }

    LeaseResult complete(Connection connection, Claim claim, Completion completion, long millis) throws SQLException {
        try (PreparedStatement complete = prepare(connection, statements.complete())) {
            complete.setString(1, code(completion.kind()));
            setBytes(complete, 2, completion.outcome().bytes());
            complete.setLong(3, millis);
            setHolder(complete, 4, claim);
            if (complete.executeUpdate() == 1) {
                return DONE;
            }
        }
        Row row = find(connection, claim.key());
        boolean already = row != null
                && row.isHeldBy(claim)
                && !row.state().equals(CLAIMED)
                && !row.state().equals(RELEASED)
                && row.completion().equals(completion);
        return already ? DONE : LOST;
    }

    LeaseResult release(Connection connection, Claim claim) throws SQLException {
        try (PreparedStatement release = prepare(connection, statements.release())) {
            release.setLong(1, claim.request().timeToLive().toMillis());
            setHolder(release, 2, claim);
            if (release.executeUpdate() == 1) {
                return DONE;
            }
        }
        Row row = find(connection, claim.key());
        return row != null && row.isHeldBy(claim) && row.state().equals(RELEASED) ? DONE : LOST;
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

    private static void setHolder(PreparedStatement statement, int from, Claim claim) throws SQLException {
        statement.setBytes(from, claim.key().bytes());
        statement.setString(from + 1, claim.request().owner().toString());
        statement.setLong(from + 2, claim.token());
    }

    private static void setBytes(PreparedStatement statement, int index, byte @Nullable [] bytes) throws SQLException {
        if (bytes == null) {
            statement.setNull(index, Types.VARBINARY);
        } else {
            statement.setBytes(index, bytes);
        }
    }

    private @Nullable Row find(Connection connection, ScopedKey key) throws SQLException {
        try (PreparedStatement find = prepare(connection, joined ? statements.findNow() : statements.find())) {
            find.setBytes(1, key.bytes());
            try (ResultSet row = find.executeQuery()) {
                if (!row.next()) {
                    return null;
                }
                byte[] fingerprint = row.getBytes("fingerprint");
                return new Row(
                        row.getString("state"),
                        row.getString("owner"),
                        row.getLong("token"),
                        row.getInt("attempts"),
                        row.getBoolean("taken_over"),
                        row.getLong("lease_until"),
                        row.getLong("expires_at"),
                        fingerprint == null ? null : Fingerprint.fromBytes(fingerprint),
                        StoredOutcome.of(row.getBytes("outcome")),
                        row.getLong("now"));
            }
        }
    }

    private static String code(Completion.Kind kind) {
        return switch (kind) {
            case SUCCEEDED -> "S";
            case FAILED -> "F";
            case UNKNOWN -> "U";
        };
    }

    private record Row(
            String state,
            String owner,
            long token,
            int attempts,
            boolean takenOver,
            long leaseUntil,
            long expiresAt,
            @Nullable Fingerprint fingerprint,
            StoredOutcome outcome,
            long now) {
        boolean isOutlived() {
            return expiresAt < now;
        }

        boolean isOf(ClaimRequest request) {
            return state.equals(CLAIMED) && owner.equals(request.owner().toString());
        }

        boolean isHeldBy(Claim claim) {
            return !isOutlived() && owner.equals(claim.request().owner().toString()) && token == claim.token();
        }

        Completion completion() {
            return switch (state) {
                case "S" -> Completion.succeeded(outcome);
                case "F" -> Completion.failed(outcome);
                case "U" -> new Completion(Completion.Kind.UNKNOWN, outcome);
                default -> throw new IllegalStateException("nothing is completed in the state " + state);
            };
        }
    }
}
