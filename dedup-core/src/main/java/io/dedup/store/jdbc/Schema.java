// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** The table of a store, seen through a connection that commits by itself. */
final class Schema {
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
            } catch (SQLException failed) {
                // Where two stores create it at once, one of them fails, in a way that depends on the database.
                if (!isThere(connection)) {
                    throw new IllegalStateException(
                            "The table " + table + " cannot be created: " + failed.getMessage(), failed);
                }
            }
        }
    }

    void check(Connection connection) throws SQLException {
        for (String column : Statements.COLUMNS) {
            try (Statement statement = connection.createStatement();
                    ResultSet none = statement.executeQuery("SELECT " + column + " FROM " + table + " WHERE 1 = 0")) {
                none.next();
            } catch (SQLException missing) {
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
            return true;
        } catch (SQLException missing) {
            return false;
        }
    }

    private String simpleName() {
        return table.substring(table.indexOf('.') + 1);
    }
}
