// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.mode;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Objects;

/** A row in a database for each key, inserted unless it is there; one transaction for each poll. */
record JdbcFilter(Connection connection, PreparedStatement insert) implements KeyFilter {
    static KeyFilter open(Task task) throws SQLException {
        Connection connection = DriverManager.getConnection(Objects.requireNonNull(task.jdbc(), "no database"));
        try (Statement create = connection.createStatement()) {
            create.execute("CREATE TABLE seen (key VARCHAR(255) PRIMARY KEY, at TIMESTAMPTZ NOT NULL DEFAULT now())");
        }
        connection.setAutoCommit(false);
        return new JdbcFilter(
                connection,
                connection.prepareStatement("INSERT INTO seen (key) VALUES (?) ON CONFLICT (key) DO NOTHING"));
    }

    @Override
    public boolean isFirst(String key) throws SQLException {
        insert.setString(1, key);
        return insert.executeUpdate() == 1;
    }

    @Override
    public void commit() throws SQLException {
        connection.commit();
    }

    @Override
    public void close() throws SQLException {
        insert.close();
        connection.close();
    }
}
