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
 * The statements in which databases differ. {@code ${now}} in them stands for the database's own time in milliseconds since
 * 1970, {@code ${new}} for a row that {@link #NEW} makes of that time.
 */
enum Dialect {
    /**
     * Its {@code now()} is the start of the transaction, which may be long ago: the clock is asked. An insertion that meets a
     * row which a transaction is changing waits for that transaction, so it looks for the row first.
     */
    POSTGRESQL(
            "postgresql.sql",
            "(EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::BIGINT",
            "INSERT INTO ${table} (${columns}) SELECT * FROM (${new}) n"
                    + " WHERE NOT EXISTS (SELECT 1 FROM ${table} k WHERE k.id = n.id) ON CONFLICT (id) DO NOTHING",
            """
            DELETE FROM ${table} WHERE id IN (SELECT id FROM ${table}
              WHERE expires_at < (SELECT ${now}) ORDER BY expires_at LIMIT ? FOR UPDATE SKIP LOCKED)
            """),

    /** Also MariaDB. Where the row is there, the assignment of nothing waits for the transaction that holds it, and locks it. */
    MYSQL(
            "mysql.sql",
            "(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) DIV 1000)",
            "INSERT INTO ${table} (${columns}) ${new} ON DUPLICATE KEY UPDATE id = ${table}.id",
            "DELETE FROM ${table} WHERE expires_at < ${now} ORDER BY expires_at LIMIT ?"),

    /** Its time is that of the start of the transaction. */
    H2(
            "h2.sql",
            "CAST(EXTRACT(EPOCH FROM CURRENT_TIMESTAMP) * 1000 AS BIGINT)",
            "INSERT INTO ${table} (${columns}) SELECT * FROM (${new}) n"
                    + " WHERE NOT EXISTS (SELECT 1 FROM ${table} k WHERE k.id = n.id)",
            "DELETE FROM ${table} WHERE expires_at < ${now} FETCH FIRST ? ROWS ONLY");

    /** The row of a key that is claimed for the first time. Takes id, owner, lease, what follows it, and fingerprint. */
    private static final String NEW = "SELECT CAST(? AS ${binary}) AS id, 'C' AS state, CAST(? AS CHAR(36)) AS owner,"
            + " c.now AS token, 1 AS attempts, 0 AS prior_run, c.now AS begun_at, c.now + ? AS lease_until,"
            + " c.now + ? AS expires_at, CAST(? AS ${binary}) AS fingerprint, CAST(NULL AS ${binary}) AS outcome"
            + " FROM (SELECT ${now} AS now) c";

    private final String schema;
    private final String now;
    private final String insertIfAbsent;
    private final String purge;

    Dialect(String schema, String now, String insertIfAbsent, String purge) {
        this.schema = schema;
        this.now = now;
        this.insertIfAbsent = insertIfAbsent;
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
                throw new IllegalArgumentException("product must be PostgreSQL, MySQL, MariaDB or H2: " + product);
        };
    }

    /** The name of the file with the table, beside this class. */
    String file() {
        return schema;
    }

    String now() {
        return now;
    }

    /** Inserts a row for a key that is not there, and waits for a transaction that has inserted or locked it. */
    String insertIfAbsent() {
        return insertIfAbsent.replace("${new}", NEW).replace("${binary}", binary());
    }

    /** Whether one statement can insert the row of a key that is not there, and else find the one that is. */
    boolean insertsOrFinds() {
        return this == POSTGRESQL;
    }

    /**
     * As that insertion of all columns, but that a row which is there is no failure. Not so in H2, where it is one: rows that
     * come in between are rare.
     */
    String insertNew(String insert) {
        return switch (this) {
            case POSTGRESQL -> insert + " ON CONFLICT (id) DO NOTHING";
            case MYSQL -> insert + " ON DUPLICATE KEY UPDATE id = id";
            case H2 -> insert;
        };
    }

    /** Whether it counts one row if it has inserted it, and else none. MySQL's drivers may count those that they have found. */
    boolean countsInsertions() {
        return this != MYSQL;
    }

    /** Whether a statement can take a column of many rows as an array. */
    boolean writesArrays() {
        return this == POSTGRESQL;
    }

    private String binary() {
        return switch (this) {
            case POSTGRESQL -> "BYTEA";
            case MYSQL -> "BINARY";
            case H2 -> "VARBINARY";
        };
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
