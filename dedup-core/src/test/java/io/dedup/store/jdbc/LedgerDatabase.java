// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import io.dedup.StoredOutcome;
import io.dedup.handler.Execution;
import io.dedup.handler.SeamHarness;
import io.dedup.store.IdempotencyStore;
import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import javax.sql.DataSource;

/** A ledger beside the table of a store, in a database whose connections are bound to threads with a transaction. */
final class LedgerDatabase implements SeamHarness.Transactions, AutoCloseable {
    private static final AtomicInteger NUMBERS = new AtomicInteger();

    /** The connection of the transaction that a thread is in. */
    private static final ThreadLocal<Connection> BOUND = new ThreadLocal<>();

    private final DataSource database;

    private final String table = "seam_" + NUMBERS.incrementAndGet();
    private final JdbcIdempotencyStore joining;

    LedgerDatabase(DataSource database) throws SQLException {
        this.database = database;
        update("CREATE TABLE " + table + "_ledger (id VARCHAR(200) NOT NULL)");
        update("CREATE TABLE " + table + "_callers (id INTEGER NOT NULL)");
        this.joining = JdbcIdempotencyStore.on(database)
                .withTable(table)
                .withConnections(3)
                .open();
    }

    /** A store of a process. */
    IdempotencyStore store() {
        try {
            return JdbcIdempotencyStore.on(Faults.binding(database, BOUND::get))
                    .withTable(table)
                    .withConnections(3)
                    .open();
        } catch (SQLException failed) {
            throw new IllegalStateException(failed);
        }
    }

    @Override
    public void book(String id, Execution<StoredOutcome> execution, StoredOutcome outcome, Supplier<Boolean> then)
            throws IOException {
        try (Connection transaction = database.getConnection();
                PreparedStatement insert =
                        transaction.prepareStatement("INSERT INTO " + table + "_ledger VALUES (?)")) {
            transaction.setAutoCommit(false);
            boolean committed = false;
            try {
                insert.setString(1, id);
                insert.executeUpdate();
                execution.complete(joining.joining(transaction), outcome);
                if (then.get()) {
                    transaction.commit();
                    committed = true;
                }
            } finally {
                if (!committed) {
                    transaction.rollback();
                }
                transaction.setAutoCommit(true);
            }
        } catch (SQLException failed) {
            throw new IOException(failed);
        }
    }

    @Override
    public int booked(String id) {
        try (Connection connection = database.getConnection();
                PreparedStatement count =
                        connection.prepareStatement("SELECT COUNT(*) FROM " + table + "_ledger WHERE id = ?")) {
            count.setString(1, id);
            try (ResultSet row = count.executeQuery()) {
                row.next();
                return row.getInt(1);
            }
        } catch (SQLException failed) {
            throw new IllegalStateException(failed);
        }
    }

    @Override
    public void withinTransaction(Runnable call) {
        try (Connection transaction = database.getConnection();
                Statement statement = transaction.createStatement()) {
            transaction.setAutoCommit(false);
            try {
                statement.execute("INSERT INTO " + table + "_callers VALUES (1)");
                BOUND.set(transaction);
                call.run();
            } finally {
                BOUND.remove();
                transaction.rollback();
                transaction.setAutoCommit(true);
            }
        } catch (SQLException failed) {
            throw new IllegalStateException(failed);
        }
    }

    @Override
    public int rowsOfCallers() {
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT COUNT(*) FROM " + table + "_callers")) {
            row.next();
            return row.getInt(1);
        } catch (SQLException failed) {
            throw new IllegalStateException(failed);
        }
    }

    private void update(String sql) throws SQLException {
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    @Override
    public void close() {
        joining.close();
    }
}
