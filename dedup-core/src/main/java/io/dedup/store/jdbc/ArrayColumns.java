// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.stream.Stream;

/** The parameters of a statement that takes each column of many rows as an array, one after the other. Confined to one thread. */
final class ArrayColumns {
    private final Connection connection;
    private final PreparedStatement statement;
    private int at;

    ArrayColumns(Connection connection, PreparedStatement statement) {
        this.connection = connection;
        this.statement = statement;
    }

    /** May hold nulls. */
    void bytes(Stream<byte[]> column) throws SQLException {
        set("bytea", column.toArray(byte[][]::new));
    }

    void texts(Stream<String> column) throws SQLException {
        set("text", column.toArray(String[]::new));
    }

    void longs(Stream<Long> column) throws SQLException {
        set("int8", column.toArray(Long[]::new));
    }

    private void set(String type, Object[] column) throws SQLException {
        statement.setArray(++at, connection.createArrayOf(type, column));
    }
}
