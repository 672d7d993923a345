// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.Completion;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.LeaseResult;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * A store in one table of PostgreSQL, MySQL, MariaDB or H2.
 *
 * <p>A claim is won by one statement. Its time is the database's. What is committed is remembered as well as the database
 * remembers anything, so this is the store for effects that must not happen twice; and where the effect is in the same
 * database, {@link #joining} records the outcome in the transaction of the effect, which makes both happen exactly once.
 *
 * <p>Connections come from the data source for one call each, so put a pool in front of it. They may be in auto-commit mode
 * or not; the isolation level is left as it is, and {@code READ COMMITTED} is enough.
 *
 * <p>Thread-safe. {@link #close} closes the pool that {@link #connectingTo} has made; any other data source is its owner's.
 */
public final class JdbcIdempotencyStore implements IdempotencyStore {
    /** The name of the table unless another is asked for. */
    public static final String DEFAULT_TABLE = "dedup_operations";

    private static final Pattern TABLE = Pattern.compile("\\w{1,40}(\\.\\w{1,40})?", Pattern.UNICODE_CHARACTER_CLASS);
    private static final int POOL_SIZE = 4;
    private static final int ATTEMPTS = 10;
    private static final int PURGED_AT_ONCE = 1000;
    private static final String SYNTAX_OR_ACCESS = "42";
    private static final String ROLLED_BACK = "40";
    private static final String CONSTRAINT = "23";

    private final DataSource dataSource;
    private final Operations operations;
    private final @Nullable HikariDataSource owned;

    private JdbcIdempotencyStore(DataSource dataSource, Operations operations, @Nullable HikariDataSource owned) {
        this.dataSource = dataSource;
        this.operations = operations;
        this.owned = owned;
    }

    /** A store in the database of that data source, to be configured and {@linkplain Builder#open opened}. */
    public static Builder on(DataSource dataSource) {
        return new Builder(dataSource);
    }

    /**
     * A store in the database at that address, with a pool of its own; HikariCP has to be on the class path.
     *
     * @param url as for the driver: {@code jdbc:postgresql://localhost/orders}
     * @param user null if the address says it
     * @param password null if the address says it, or there is none
     * @throws com.zaxxer.hikari.pool.HikariPool.PoolInitializationException if the database cannot be reached
     */
    public static Builder connectingTo(String url, @Nullable String user, @Nullable String password) {
        HikariConfig config = new HikariConfig();
        config.setPoolName("dedup");
        config.setJdbcUrl(url);
        config.setMaximumPoolSize(POOL_SIZE);
        if (user != null) {
            config.setUsername(user);
        }
        if (password != null) {
            config.setPassword(password);
        }
        HikariDataSource pool = new HikariDataSource(config);
        Builder builder = new Builder(pool);
        builder.owned = pool;
        return builder;
    }

    /** How a store is to be. Not thread-safe. */
    public static final class Builder {
        private final DataSource dataSource;
        private @Nullable HikariDataSource owned;
        private String table = DEFAULT_TABLE;
        private SchemaPolicy schema = SchemaPolicy.CREATE;
        private Duration timeout = Duration.ofSeconds(10);
        private @Nullable LongSupplier clock;

        private Builder(DataSource dataSource) {
            this.dataSource = dataSource;
        }

        /**
         * Another table than {@value #DEFAULT_TABLE}, in another schema if need be: {@code billing.operations}.
         *
         * @throws IllegalArgumentException if it is not one or two words of letters, digits and underscores
         */
        public Builder withTable(String name) {
            if (!TABLE.matcher(name).matches()) {
                throw new IllegalArgumentException("'" + name
                        + "' cannot be the table: use letters, digits and underscores, as in billing.operations");
            }
            table = name;
            return this;
        }

        /** What is done about the table at the start; {@link SchemaPolicy#CREATE} unless something else is asked for. */
        public Builder withSchema(SchemaPolicy policy) {
            schema = policy;
            return this;
        }

        /**
         * How long the database may take for one statement; 10 s unless something else is asked for. Give the driver a
         * socket timeout too: a database that is gone does not answer that it is late.
         *
         * @param atMost a second or more
         */
        public Builder withTimeout(Duration atMost) {
            if (atMost.toSeconds() < 1) {
                throw new IllegalArgumentException(
                        "A statement cannot be limited to " + atMost + ", only to a second or more");
            }
            timeout = atMost;
            return this;
        }

        /** Milliseconds since 1970 in place of the database's clock, for tests. */
        Builder withClock(LongSupplier millis) {
            clock = millis;
            return this;
        }

        /**
         * The store, after its table has been created or checked.
         *
         * @throws IllegalArgumentException if there is no dialect for the database
         * @throws IllegalStateException if the table is not there, lacks a column, or cannot be created
         * @throws SQLException if the database cannot be asked
         */
        public JdbcIdempotencyStore open() throws SQLException {
            try {
                return opened();
            } catch (SQLException | RuntimeException failed) {
                if (owned != null) {
                    owned.close();
                }
                throw failed;
            }
        }

        private JdbcIdempotencyStore opened() throws SQLException {
            try (Connection connection = dataSource.getConnection()) {
                Dialect dialect = Dialect.of(connection.getMetaData().getDatabaseProductName());
                Schema tables = new Schema(dialect, table);
                if (schema == SchemaPolicy.CREATE) {
                    tables.create(connection);
                }
                tables.check(connection);
                Statements statements = new Statements(dialect, table, clock);
                return new JdbcIdempotencyStore(
                        dataSource, new Operations(statements, (int) timeout.toSeconds()), owned);
            }
        }
    }

    /**
     * The same store for the length of a transaction of the caller: what is called on it becomes true when that transaction
     * commits, and never was if it rolls back. So the effect of an operation and its outcome are one.
     *
     * <p>Anything but {@link LeaseResult.Done} or {@link ClaimResult.Acquired} is a reason to roll back. Others who want the
     * key wait in the database until the transaction is over, and leases are not renewed meanwhile.
     *
     * @param connection with auto-commit off; neither committed nor closed here
     * @throws IllegalArgumentException if auto-commit is on
     * @throws SQLException if the connection cannot say
     */
    public IdempotencyStore joining(Connection connection) throws SQLException {
        if (connection.getAutoCommit()) {
            throw new IllegalArgumentException("The connection has no transaction to join: it commits by itself");
        }
        return new JoiningStore(connection, operations.joined());
    }

    @Override
    public ClaimResult claim(ClaimRequest request) {
        Connection connection;
        try {
            connection = dataSource.getConnection();
        } catch (SQLException unreachable) {
            return new ClaimResult.Unavailable(
                    "The database cannot be reached: " + unreachable.getMessage(), unreachable);
        }
        try (connection) {
            for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
                try {
                    Optional<ClaimResult> result = committed(connection, () -> operations.claim(connection, request));
                    if (result.isPresent()) {
                        return result.get();
                    }
                } catch (SQLException failed) {
                    if (!isRetried(failed)) {
                        throw failed;
                    }
                }
            }
            return new ClaimResult.Unavailable("Others have been quicker " + ATTEMPTS + " times; try again", null);
        } catch (SQLException failed) {
            return stateOf(failed).startsWith(SYNTAX_OR_ACCESS)
                    ? new ClaimResult.Unavailable("The database refuses the claim: " + failed.getMessage(), failed)
                    : new ClaimResult.Indeterminate(failed);
        }
    }

    @Override
    public LeaseResult renew(Claim claim, Duration leaseFor) {
        long millis = ClaimRequest.millis("leaseFor", leaseFor);
        return changed(connection -> operations.renew(connection, claim, millis));
    }

    @Override
    public LeaseResult complete(Claim claim, Completion completion, Duration timeToLive) {
        long millis = ClaimRequest.millis("timeToLive", timeToLive);
        return changed(connection -> operations.complete(connection, claim, completion, millis));
    }

    @Override
    public LeaseResult release(Claim claim) {
        return changed(connection -> operations.release(connection, claim));
    }

    @Override
    public int purge(int atMost) {
        int purged = 0;
        while (purged < atMost) {
            int wanted = Math.min(PURGED_AT_ONCE, atMost - purged);
            int now;
            try (Connection connection = dataSource.getConnection()) {
                now = committed(connection, () -> operations.purge(connection, wanted));
            } catch (SQLException failed) {
                // Room is left to be made, and is made at the next call.
                throw new IllegalStateException("Outlived keys could not be deleted: " + failed.getMessage(), failed);
            }
            purged += now;
            if (now < wanted) {
                break;
            }
        }
        return purged;
    }

    @Override
    public void close() {
        if (owned != null) {
            owned.close();
        }
    }

    private LeaseResult changed(Call call) {
        try (Connection connection = dataSource.getConnection()) {
            for (int attempt = 1; ; attempt++) {
                try {
                    return committed(connection, () -> call.on(connection));
                } catch (SQLException failed) {
                    if (attempt == ATTEMPTS || !isRetried(failed)) {
                        throw failed;
                    }
                }
            }
        } catch (SQLException failed) {
            return new LeaseResult.Indeterminate(failed);
        }
    }

    /** Deadlocks, failed serialisations, and two who insert the same row: all have been rolled back. */
    private static boolean isRetried(SQLException failed) {
        return stateOf(failed).startsWith(ROLLED_BACK) || isOfConstraint(failed);
    }

    static boolean isOfConstraint(SQLException failed) {
        return stateOf(failed).startsWith(CONSTRAINT);
    }

    private static String stateOf(SQLException failed) {
        return failed.getSQLState() == null ? "" : failed.getSQLState();
    }

    private static <T> T committed(Connection connection, Work<T> work) throws SQLException {
        if (connection.getAutoCommit()) {
            return work.run();
        }
        try {
            T result = work.run();
            connection.commit();
            return result;
        } catch (SQLException failed) {
            try {
                connection.rollback();
            } catch (SQLException gone) {
                failed.addSuppressed(gone);
            }
            throw failed;
        }
    }

    private interface Work<T> {
        T run() throws SQLException;
    }

    private interface Call {
        LeaseResult on(Connection connection) throws SQLException;
    }
}
