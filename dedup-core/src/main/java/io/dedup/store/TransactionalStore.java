// SPDX-License-Identifier: Apache-2.0
package io.dedup.store;

import java.sql.Connection;
import java.sql.SQLException;

/** A store in a database, whose calls can be part of a transaction of the caller. */
public interface TransactionalStore extends IdempotencyStore {
    /**
     * The same store for the length of a transaction of the caller: what is called on it becomes true when that transaction
     * commits, and never was if it rolls back. So the effect of an operation and its outcome are one.
     *
     * <p>Any answer but {@link LeaseResult.Done} or {@link ClaimResult.Acquired} is a reason to roll back. Another transaction
     * that claims the key waits in the database until this one ends.
     *
     * @param connection with auto-commit off; neither committed nor closed here
     * @throws IllegalArgumentException if auto-commit is on
     * @throws SQLException if the connection cannot say
     */
    IdempotencyStore joining(Connection connection) throws SQLException;
}
