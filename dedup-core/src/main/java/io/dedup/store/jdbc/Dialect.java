// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * The statements of a database. They take the same parameters in the same order everywhere, and {@code ${now}} in them stands
 * for the database's own time in milliseconds since 1970.
 *
 * <p>A claim takes: id, owner, milliseconds of the lease, milliseconds until it expires, fingerprint, whether it reopens.
 */
enum Dialect {
    /** Its {@code now()} is the start of the transaction, which may be long ago: the clock is asked. */
    POSTGRESQL("postgresql.sql", "(EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::BIGINT", """
            INSERT INTO ${table} AS k
              (id, state, owner, token, attempts, taken_over, lease_until, expires_at, fingerprint, outcome)
            SELECT ?, 'C', ?, c.now, 1, FALSE, c.now + ?, c.now + ?, ?, NULL
            FROM (SELECT ${now} AS now) c
            ON CONFLICT (id) DO UPDATE SET
              token = CASE WHEN ${mine} THEN k.token ELSE GREATEST(k.token + 1, ${new}token) END,
              attempts = CASE WHEN ${mine} THEN k.attempts WHEN ${outlived} THEN 1 ELSE k.attempts + 1 END,
              taken_over = CASE WHEN ${mine} THEN k.taken_over ELSE NOT ${outlived} AND k.state <> 'R' END,
              lease_until = CASE WHEN ${mine} THEN GREATEST(k.lease_until, ${new}lease_until) ELSE ${new}lease_until END,
              expires_at = CASE WHEN ${mine} THEN GREATEST(k.expires_at, ${new}expires_at) ELSE ${new}expires_at END,
              state = 'C', owner = ${new}owner, fingerprint = ${new}fingerprint, outcome = NULL
            WHERE ${claimable}
            RETURNING token, attempts, taken_over
            """, "EXCLUDED.", """
            DELETE FROM ${table} WHERE id IN (SELECT id FROM ${table}
              WHERE expires_at < (SELECT ${now}) ORDER BY expires_at LIMIT ? FOR UPDATE SKIP LOCKED)
            """),

    /**
     * Also MariaDB. Both assign from left to right and see what they have just assigned, so that the first assignment notes
     * whether there is a claim at all.
     */
    MYSQL(
            "mysql.sql",
            "(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) DIV 1000)",
            """
            INSERT INTO ${table}
              (id, state, owner, token, attempts, taken_over, lease_until, expires_at, fingerprint, outcome, claimed)
            SELECT ?, 'C', ?, c.now, 1, FALSE, c.now + ?, c.now + ?, ?, NULL, TRUE
            FROM (SELECT ${now} AS now) c
            ON DUPLICATE KEY UPDATE
              claimed = ${claimable},
              token = IF(NOT k.claimed OR ${mine}, k.token, GREATEST(k.token + 1, VALUES(token))),
              attempts = IF(NOT k.claimed OR ${mine}, k.attempts, IF(${outlived}, 1, k.attempts + 1)),
              taken_over = IF(NOT k.claimed OR ${mine}, k.taken_over, NOT ${outlived} AND k.state <> 'R'),
              outcome = IF(k.claimed, NULL, k.outcome),
              fingerprint = IF(k.claimed, VALUES(fingerprint), k.fingerprint),
              lease_until = IF(k.claimed,
                IF(${mine}, GREATEST(k.lease_until, VALUES(lease_until)), VALUES(lease_until)), k.lease_until),
              expires_at = IF(k.claimed,
                IF(${mine}, GREATEST(k.expires_at, VALUES(expires_at)), VALUES(expires_at)), k.expires_at),
              owner = IF(k.claimed, VALUES(owner), k.owner),
              state = IF(k.claimed, 'C', k.state)
            """,
            "",
            "DELETE FROM ${table} WHERE expires_at < ${now} ORDER BY expires_at LIMIT ?"),

    /** Its time is that of the start of the transaction. */
    H2(
            "h2.sql",
            "CAST(EXTRACT(EPOCH FROM CURRENT_TIMESTAMP) * 1000 AS BIGINT)",
            """
            MERGE INTO ${table} k USING (
              SELECT CAST(? AS VARBINARY) AS id, CAST(? AS CHAR(36)) AS owner, c.now AS token, c.now + ? AS lease_until,
                c.now + ? AS expires_at, CAST(? AS VARBINARY) AS fingerprint
              FROM (SELECT ${now} AS now) c) n
            ON k.id = n.id
            WHEN MATCHED AND (${claimable}) THEN UPDATE SET
              token = CASE WHEN ${mine} THEN k.token ELSE GREATEST(k.token + 1, ${new}token) END,
              attempts = CASE WHEN ${mine} THEN k.attempts WHEN ${outlived} THEN 1 ELSE k.attempts + 1 END,
              taken_over = CASE WHEN ${mine} THEN k.taken_over ELSE NOT ${outlived} AND k.state <> 'R' END,
              lease_until = CASE WHEN ${mine} THEN GREATEST(k.lease_until, ${new}lease_until) ELSE ${new}lease_until END,
              expires_at = CASE WHEN ${mine} THEN GREATEST(k.expires_at, ${new}expires_at) ELSE ${new}expires_at END,
              state = 'C', owner = ${new}owner, fingerprint = ${new}fingerprint, outcome = NULL
            WHEN NOT MATCHED THEN
              INSERT (id, state, owner, token, attempts, taken_over, lease_until, expires_at, fingerprint, outcome)
              VALUES (n.id, 'C', n.owner, n.token, 1, FALSE, n.lease_until, n.expires_at, n.fingerprint, NULL)
            """,
            "n.",
            "DELETE FROM ${table} WHERE expires_at < ${now} FETCH FIRST ? ROWS ONLY");

    /** The new row's token is the time at which it was made. */
    private static final String OUTLIVED = "(k.expires_at < ${new}token)";

    private static final String MINE = "(k.state = 'C' AND k.owner = ${new}owner AND k.expires_at >= ${new}token)";
    private static final String SAME_PAYLOAD = "(k.fingerprint IS NULL OR ${new}fingerprint IS NULL"
            + " OR k.fingerprint = ${new}fingerprint"
            + " OR SUBSTRING(k.fingerprint FROM 1 FOR 4) <> SUBSTRING(${new}fingerprint FROM 1 FOR 4))";
    private static final String CLAIMABLE = "(${outlived} OR k.state = 'R' OR (" + SAME_PAYLOAD
            + " AND ((k.state = 'C' AND (k.lease_until < ${new}token OR k.owner = ${new}owner))"
            + " OR (k.state = 'U' AND ?))))";

    private final String schema;
    private final String now;
    private final String claim;
    private final String fresh;
    private final String purge;

    Dialect(String schema, String now, String claim, String fresh, String purge) {
        this.schema = schema;
        this.now = now;
        this.claim = claim;
        this.fresh = fresh;
        this.purge = purge;
    }

    /**
     * The dialect of the database of that name.
     *
     * @throws IllegalArgumentException if there is none
     */
    static Dialect of(String product) {
        return switch (product.toLowerCase(Locale.ROOT)) {
            case "postgresql" -> POSTGRESQL;
            case "mysql", "mariadb" -> MYSQL;
            case "h2" -> H2;
            default ->
                throw new IllegalArgumentException("There is no dialect for the database " + product
                        + "; there are those of PostgreSQL, MySQL, MariaDB and H2");
        };
    }

    /** The name of the file with the table, beside this class. */
    String file() {
        return schema;
    }

    String now() {
        return now;
    }

    String claim() {
        String sql = claim.replace("${claimable}", CLAIMABLE)
                .replace("${mine}", MINE)
                .replace("${outlived}", OUTLIVED);
        return this == MYSQL
                ? sql.replaceAll("\\$\\{new}(\\w+)", "VALUES($1)").replace("k.", "${table}.")
                : sql.replace("${new}", fresh);
    }

    String purge() {
        return purge;
    }

    /** The statements that create the table. */
    List<String> schema() {
        try (InputStream file = Dialect.class.getResourceAsStream(schema)) {
            if (file == null) {
                throw new IllegalStateException(schema + " is not in the jar");
            }
            String statements =
                    new String(file.readAllBytes(), UTF_8).replace(JdbcIdempotencyStore.DEFAULT_TABLE, "${table}");
            return Arrays.stream(statements.split(";", -1))
                    .map(String::strip)
                    .filter(statement -> !statement.isEmpty())
                    .toList();
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }
}
