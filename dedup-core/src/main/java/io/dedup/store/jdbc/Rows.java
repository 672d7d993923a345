// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import io.dedup.Fingerprint;
import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.Completion;
import io.dedup.store.KeyRecord;
import io.dedup.store.PriorRun;
import io.dedup.store.ScopedKey;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** {@link KeyRecord}s as rows of the table, read from results and written to the parameters of {@link Statements}. */
final class Rows {
    private Rows() {}

    /**
     * A row that was read, with the database's time.
     *
     * @param row null if there is none
     */
    record Found(@Nullable KeyRecord row, long now, boolean inserted) {}

    static Found found(ResultSet result) throws SQLException {
        long now = result.getLong("now");
        String state = result.getString("state");
        if (state == null) {
            return new Found(null, now, false);
        }
        return new Found(record(result, state, result.getBytes("outcome")), now, result.getBoolean("inserted"));
    }

    /**
     * The record in a row.
     *
     * @param state as the row has it, or is to be taken for
     * @param outcome as the row has it; null if it has none, or none was read
     */
    static KeyRecord record(ResultSet result, String state, byte @Nullable [] outcome) throws SQLException {
        byte[] fingerprint = result.getBytes("fingerprint");
        KeyRecord.State is = KeyRecord.State.of(state);
        return new KeyRecord(
                is,
                UUID.fromString(result.getString("owner")),
                result.getLong("token"),
                result.getInt("attempts"),
                PriorRun.of(result.getInt("prior_run")),
                result.getLong("begun_at"),
                result.getLong("lease_until"),
                result.getLong("expires_at"),
                fingerprint == null ? null : Fingerprint.fromBytes(fingerprint),
                is == KeyRecord.State.COMPLETED ? Completion.of(state, outcome) : null);
    }

    /** The parameters by which a repair replaces or deletes a record, if it is still the one that was read. */
    static void setRepaired(PreparedStatement statement, ScopedKey key, KeyRecord current, @Nullable KeyRecord next)
            throws SQLException {
        int at = 1;
        if (next != null) {
            statement.setString(at++, next.code());
            statement.setString(at++, next.owner().toString());
            statement.setLong(at++, next.token());
            statement.setInt(at++, next.attempts());
            statement.setInt(at++, next.priorRun().code());
            statement.setLong(at++, next.leaseUntil());
            statement.setLong(at++, next.expiresAt());
            Completion completion = next.completion();
            setBytes(statement, at++, completion == null ? null : completion.outcomeBytes());
        }
        setUnchanged(statement, at, key, current);
    }

    /** The parameters of {@link Statements#insertIfAbsent}. */
    static void setNew(PreparedStatement statement, ClaimRequest request) throws SQLException {
        long lease = request.leaseFor().toMillis();
        statement.setBytes(1, request.key().bytes());
        statement.setString(2, request.owner().toString());
        statement.setLong(3, lease);
        statement.setLong(4, lease + request.timeToLive().toMillis());
        setBytes(statement, 5, bytes(request.fingerprint()));
    }

    /** All columns of a claim, which has no outcome. */
    static void setClaimed(PreparedStatement statement, ScopedKey key, KeyRecord claimed) throws SQLException {
        statement.setBytes(1, key.bytes());
        setClaimed(statement, 2, claimed);
    }

    /** All columns of a claim but the id, and then the id and what must not have changed. */
    static void setReplaced(PreparedStatement statement, ScopedKey key, KeyRecord current, KeyRecord claimed)
            throws SQLException {
        setUnchanged(statement, setClaimed(statement, 1, claimed), key, current);
    }

    /** The id, and what must not have changed. */
    private static void setUnchanged(PreparedStatement statement, int from, ScopedKey key, KeyRecord current)
            throws SQLException {
        int at = from;
        statement.setBytes(at++, key.bytes());
        statement.setString(at++, current.code());
        statement.setLong(at++, current.token());
        statement.setInt(at++, current.attempts());
        statement.setLong(at++, current.leaseUntil());
        statement.setLong(at, current.expiresAt());
    }

    private static int setClaimed(PreparedStatement statement, int from, KeyRecord claimed) throws SQLException {
        int at = from;
        statement.setString(at++, claimed.code());
        statement.setString(at++, claimed.owner().toString());
        statement.setLong(at++, claimed.token());
        statement.setInt(at++, claimed.attempts());
        statement.setInt(at++, claimed.priorRun().code());
        statement.setLong(at++, claimed.firstAttemptAt());
        statement.setLong(at++, claimed.leaseUntil());
        statement.setLong(at++, claimed.expiresAt());
        setBytes(statement, at++, bytes(claimed.fingerprint()));
        setBytes(statement, at++, null);
        return at;
    }

    /** The parameters of {@link Statements#complete}. */
    static void setCompletion(PreparedStatement statement, Claim claim, Completion completion, long millis)
            throws SQLException {
        statement.setString(1, completion.code());
        setBytes(statement, 2, completion.outcomeBytes());
        statement.setLong(3, millis);
        setHolder(statement, 4, claim);
    }

    static void setHolder(PreparedStatement statement, int from, Claim claim) throws SQLException {
        statement.setBytes(from, claim.key().bytes());
        statement.setString(from + 1, claim.request().owner().toString());
        statement.setLong(from + 2, claim.token());
    }

    static byte @Nullable [] bytes(@Nullable Fingerprint fingerprint) {
        return fingerprint == null ? null : fingerprint.bytes();
    }

    private static void setBytes(PreparedStatement statement, int index, byte @Nullable [] bytes) throws SQLException {
        if (bytes == null) {
            statement.setNull(index, Types.VARBINARY);
        } else {
            statement.setBytes(index, bytes);
        }
    }
}
