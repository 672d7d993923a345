// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import io.dedup.store.admin.OperationState;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The text of the statements by which operations are looked at and repaired. Immutable but for the clock that tests put in. */
final class AdminStatements {
    private static final String NOW = "${now}";
    private static final String FIELDS =
            "id, state, owner, token, attempts, prior_run, begun_at, lease_until, expires_at, fingerprint";
    private static final String AS_READ =
            " WHERE id = ? AND state = ? AND token = ? AND attempts = ? AND lease_until = ? AND expires_at = ?";
    /** As {@link OperationState#of}. Takes the time. */
    private static final String STATUS = "CASE WHEN state = 'C' AND lease_until >= ? THEN 'IN_PROGRESS'"
            + " WHEN state = 'C' AND prior_run <> 3 THEN 'STUCK'"
            + " WHEN state = 'R' THEN 'RELEASED'"
            + " WHEN state = 'S' OR state = 'L' THEN 'SUCCEEDED'"
            + " WHEN state = 'F' OR state = 'M' THEN 'FAILED' ELSE 'UNKNOWN' END";

    private final @Nullable LongSupplier clock;
    private final String time;
    private final String find;
    private final String blockEnd;
    private final String list;
    private final String count;
    private final String replace;
    private final String delete;

    AdminStatements(Dialect dialect, String table, @Nullable LongSupplier clock) {
        this.clock = clock;
        UnaryOperator<String> text = template -> {
            String ofTable = template.replace("${table}", table);
            return clock == null ? ofTable.replace(NOW, dialect.now()) : ofTable;
        };
        this.time = text.apply("SELECT ${now} AS now");
        this.find = text.apply("SELECT " + FIELDS + ", outcome FROM ${table} WHERE id = ? AND expires_at >= ?");
        this.blockEnd = text.apply("SELECT id FROM ${table} WHERE id > ? AND id < ? ORDER BY id LIMIT 1 OFFSET ?");
        this.list = text.apply("SELECT " + FIELDS + ", OCTET_LENGTH(outcome) AS outcome_length FROM ${table}"
                + " WHERE id > ? AND id <= ? AND expires_at >= ? AND begun_at <= ?"
                + " AND (" + STATUS + ") IN (${states}) ORDER BY id LIMIT ?");
        this.count = text.apply("SELECT scope, status, COUNT(*) AS operations, MIN(begun_at) AS oldest FROM (SELECT "
                + scope(dialect) + " AS scope, " + STATUS + " AS status, begun_at FROM ${table}"
                + " WHERE id > ? AND id <= ? AND expires_at >= ?) k GROUP BY scope, status");
        this.replace = text.apply("UPDATE ${table} SET state = ?, owner = ?, token = ?, attempts = ?, prior_run = ?,"
                + " lease_until = ?, expires_at = ?, outcome = ?" + AS_READ);
        this.delete = text.apply("DELETE FROM ${table}" + AS_READ);
    }

    /** The part of the id before the first NUL. */
    private static String scope(Dialect dialect) {
        return switch (dialect) {
            case POSTGRESQL -> "SUBSTRING(id FROM 1 FOR POSITION('\\x00'::bytea IN id) - 1)";
            case MYSQL -> "SUBSTRING(id, 1, LOCATE(X'00', id) - 1)";
            case H2 ->
                "CAST(SUBSTRING(CAST(id AS VARCHAR), 1, LOCATE(CHAR(0), CAST(id AS VARCHAR)) - 1) AS VARBINARY(1024))";
        };
    }

    /** One row: the time. */
    String time() {
        return clock == null ? time : time.replace(NOW, Long.toString(clock.getAsLong()));
    }

    /** Takes the id and the time. */
    String find() {
        return find;
    }

    /** The last id of a block; no row where the block is the last one. Takes what ids are between, and how many to pass over. */
    String blockEnd() {
        return blockEnd;
    }

    /** Takes what ids are between, the time, when they were begun at the latest, the time again, and how many. */
    String list(Set<OperationState> states) {
        return list.replace(
                "${states}", states.stream().map(state -> "'" + state + "'").collect(Collectors.joining(", ")));
    }

    /** Takes the time, what ids are between, and the time again. */
    String count() {
        return count;
    }

    /** Takes the columns but id, beginning and fingerprint, and then the id and what must not have changed. */
    String replace() {
        return replace;
    }

    /** Takes the id and what must not have changed. */
    String delete() {
        return delete;
    }
}
