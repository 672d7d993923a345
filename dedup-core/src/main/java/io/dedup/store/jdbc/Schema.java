// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;

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
        for (String column : COLUMNS) {
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
