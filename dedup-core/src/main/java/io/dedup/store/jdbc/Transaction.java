// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import java.sql.Connection;
import java.sql.SQLException;

/** A transaction on a connection that otherwise commits by itself. */
final class Transaction {
    private Transaction() {}

    /** What was done in a transaction has failed, and has been rolled back: the database answers, and nothing has changed. */
    static final class RolledBackException extends SQLException {
        private static final long serialVersionUID = 1L;

        RolledBackException(SQLException failed) {
            super(failed.getMessage(), failed.getSQLState(), failed.getErrorCode(), failed);
        }
    }

    /**
     * Does something in a transaction, and commits it.
     *
     * @throws RolledBackException if it has failed
     * @throws SQLException if it has failed and cannot be rolled back, or cannot be committed: nothing is known
     */
    static <T> T within(Connection connection, ConnectionLane.Work<T> work) throws SQLException {
        connection.setAutoCommit(false);
        T result;
        try {
            result = work.on(connection);
        } catch (SQLException failed) {
            if (isRolledBack(connection, failed)) {
                throw new RolledBackException(failed);
            }
            throw failed;
        } catch (RuntimeException | Error failed) {
            isRolledBack(connection, failed);
            throw failed;
        }
        try {
            connection.commit();
        } catch (SQLException failed) {
            isRolledBack(connection, failed);
            throw failed;
        }
        connection.setAutoCommit(true);
        return result;
    }

    /** If it cannot be rolled back, auto-commit stays off: to switch it on would commit. The connection is not used any more. */
    private static boolean isRolledBack(Connection connection, Throwable failed) {
        try {
            connection.rollback();
            connection.setAutoCommit(true);
            return true;
        } catch (SQLException gone) {
            failed.addSuppressed(gone);
            return false;
        }
    }
}
