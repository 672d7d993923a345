// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import java.sql.Connection;
import java.sql.SQLException;

/**
 * Opens the connections of a store.
 *
 * <p>A store commits what it does at once, so its connections must take part in no transaction of the application. It calls
 * this on threads of its own, which never run application code: a {@link javax.sql.DataSource} that binds connections to
 * transactions by thread, as Spring's {@code TransactionAwareDataSourceProxy} and the pools of JTA do, gives them independent
 * ones there. An implementation of one's own is for what else it takes: another data source, a tenant, credentials.
 *
 * <p>Implementations are thread-safe.
 */
@FunctionalInterface
public interface ConnectionSource {
    /**
     * Opens a connection. The store switches it to auto-commit, keeps it for minutes, and closes it.
     *
     * @throws SQLException if there is none
     */
    Connection open() throws SQLException;
}
