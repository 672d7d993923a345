// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/** Connections of {@link DriverManager}, without the address in what is thrown, which may hold a password. */
record DriverConnections(
        String url, @Nullable String user, @Nullable String password) implements ConnectionSource {
    @Override
    public Connection open() throws SQLException {
        Properties properties = new Properties();
        if (user != null) {
            properties.put("user", user);
        }
        if (password != null) {
            properties.put("password", password);
        }
        try {
            return DriverManager.getConnection(url, properties);
        } catch (SQLException failed) {
            String message = String.valueOf(failed.getMessage());
            if (!message.contains(url)) {
                throw failed;
            }
            SQLException redacted = new SQLException(
                    message.replace(url, "the address (is the driver on the class path?)"),
                    failed.getSQLState(),
                    failed.getErrorCode());
            redacted.setStackTrace(failed.getStackTrace());
            throw redacted;
        }
    }

    @Override
    public String toString() {
        return "DriverConnections";
    }
}
