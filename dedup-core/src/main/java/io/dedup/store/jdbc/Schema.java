// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.stream.Stream;

/** The table of a store. */
final class Schema {
    private static final List<String> COLUMNS = List.of(
            "id",
            "state",
            "owner",
            "token",
            "attempts",
            "taken_over",
            "lease_until",
            "expires_at",
            "fingerprint",
            "outcome");

    private static final List<String> MYSQL_COLUMNS =
            Stream.concat(COLUMNS.stream(), Stream.of("claimed")).toList();

    private final Dialect dialect;
    private final String table;

    Schema(Dialect dialect, String table) {
        this.dialect = dialect;
        this.table = table;
    }

    void create(Connection connection) throws SQLException {
        for (String sql : dialect.schema()) {
            // An index is named without the schema that its table is in.
            String named = sql.replace("INDEX IF NOT EXISTS ${table}", "INDEX IF NOT EXISTS " + simpleName())
                    .replace("INDEX ${table}", "INDEX " + simpleName())
                    .replace("${table}", table);
            try (Statement statement = connection.createStatement()) {
                statement.execute(named);
                commit(connection);
            } catch (SQLException failed) {
                rollback(connection, failed);
                // Two who create it at once fail in ways that differ; it is there all the same.
                if (!isThere(connection)) {
                    throw new IllegalStateException(
                            "The table " + table + " cannot be created: " + failed.getMessage(), failed);
                }
            }
        }
    }

    void check(Connection connection) throws SQLException {
        if (dialect == Dialect.MYSQL) {
            checkAssignments(connection);
        }
        for (String column : dialect == Dialect.MYSQL ? MYSQL_COLUMNS : COLUMNS) {
            try (Statement statement = connection.createStatement();
                    ResultSet none = statement.executeQuery("SELECT " + column + " FROM " + table + " WHERE 1 = 0")) {
                none.next();
                commit(connection);
            } catch (SQLException missing) {
                rollback(connection, missing);
                throw new IllegalStateException(
                        "The table " + table + " is not there, or has no column " + column + ": create it as in "
                                + Schema.class.getPackageName().replace('.', '/') + "/" + dialect.file()
                                + " in the jar, or open the store with SchemaPolicy.CREATE",
                        missing);
            }
        }
    }

    /** The claim assigns from left to right, which a mode of MariaDB turns off. */
    private static void checkAssignments(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet modes = statement.executeQuery("SELECT @@sql_mode")) {
            modes.next();
            if (modes.getString(1).contains("SIMULTANEOUS_ASSIGNMENT")) {
                throw new IllegalStateException(
                        "With the sql_mode SIMULTANEOUS_ASSIGNMENT, which is part of ORACLE, claims"
                                + " would be given twice: remove it from the sql_mode of the store's connections");
            }
        }
        commit(connection);
    }

    private boolean isThere(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet none = statement.executeQuery("SELECT id FROM " + table + " WHERE 1 = 0")) {
            none.next();
            commit(connection);
            return true;
        } catch (SQLException missing) {
            rollback(connection, missing);
            return false;
        }
    }

    private String simpleName() {
        return table.substring(table.indexOf('.') + 1);
    }

    private static void commit(Connection connection) throws SQLException {
        if (!connection.getAutoCommit()) {
            connection.commit();
        }
    }

    private static void rollback(Connection connection, SQLException failed) {
        try {
            if (!connection.getAutoCommit()) {
                connection.rollback();
            }
        } catch (SQLException gone) {
            failed.addSuppressed(gone);
        }
    }
}
