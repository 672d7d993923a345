// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.ClaimState;
import io.dedup.store.Completion;
import io.dedup.store.CompletionRequest;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.LeaseResult;
import io.dedup.store.Release;
import io.dedup.store.ScopedKey;
import io.dedup.store.TransactionalStore;
import io.dedup.store.admin.OperationAdmin;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.SQLTimeoutException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * A store in one table of PostgreSQL 9.5, MySQL 8, MariaDB 10.6 or H2 2.2, or later ones of them.
 *
 * <p>A claim is won by one statement. Its time is the database's. What is committed is remembered as well as the database
 * remembers anything, so this is the store for effects that must not happen twice; and where the effect is in the same
 * database, {@link #joining} records the outcome in the transaction of the effect, which makes both happen exactly once.
 *
 * <p>The store keeps a few connections of its own, and uses them on threads of its own. So it never commits a transaction of the
 * application, also if its data source binds connections to threads, and operations that use up a shared pool do not starve it. The
 * application may use all other connections of that pool. Open one store and share it.
 *
 * <p>The isolation level of the connections is left as it is, and {@code READ COMMITTED} is enough.
 *
 * <p>Thread-safe.
 */
public final class JdbcIdempotencyStore implements TransactionalStore {
    /** The name of the table unless configured otherwise. */
    public static final String DEFAULT_TABLE = "dedup_operations";

    private static final Pattern TABLE = Pattern.compile("\\w{1,40}(\\.\\w{1,40})?", Pattern.UNICODE_CHARACTER_CLASS);
    private static final int DEFAULT_CONNECTIONS = 4;
    private static final int ATTEMPTS = 10;
    private static final int PURGED_AT_ONCE = 1000;
    private static final String SYNTAX_OR_ACCESS = "42";
    private static final String ROLLED_BACK = "40";
    private static final String CONSTRAINT = "23";
    private static final String LATE =
            "The rest of the batch has taken the time there was, and the database has not been asked about this one";

    /** How often a batch may take the time of a statement before nothing more of it is begun. */
    private static final int BATCH_TIMEOUTS = 4;

    private final Operations operations;
    private final OperationAdmin admin;
    private final BatchOperations batches;
    private final Duration timeout;
    /** For claims, which may wait in the database for a transaction that claims the same key. */
    private final ConnectionLane claims;
    /** For how operations end, which no claim keeps waiting. */
    private final ConnectionLane ends;
    /** For renewals alone. */
    private final ConnectionLane renewals;

    private JdbcIdempotencyStore(
            Statements statements, AdminStatements adminStatements, Duration timeout, List<ConnectionLane> lanes) {
        int seconds = Math.toIntExact(timeout.toSeconds());
        this.operations = new Operations(statements, seconds);
        this.batches = new BatchOperations(statements, seconds);
        this.admin = new JdbcOperationAdmin(lanes.get(0), operations, adminStatements, seconds);
        this.timeout = timeout;
        this.claims = lanes.get(0);
        this.ends = lanes.get(1);
        this.renewals = lanes.get(2);
    }

    /** A store in the database of that data source, to be configured and {@linkplain Builder#open opened}. */
    public static Builder on(DataSource dataSource) {
        return new Builder(dataSource::getConnection);
    }

    /** A store in the database that those connections lead to, to be configured and {@linkplain Builder#open opened}. */
    public static Builder on(ConnectionSource connections) {
        return new Builder(connections);
    }

    /**
     * A store in the database at that address, by {@link DriverManager}.
     *
     * @param url as for the driver: {@code jdbc:postgresql://localhost/orders}
     * @param user null if the address says it
     * @param password null if the address says it, or there is none
     */
    public static Builder connectingTo(String url, @Nullable String user, @Nullable String password) {
        return new Builder(new DriverConnections(url, user, password));
    }

    /** The settings of a store. Not thread-safe. */
    public static final class Builder {
        private final ConnectionSource source;
        private String table = DEFAULT_TABLE;
        private SchemaPolicy schema = SchemaPolicy.CREATE;
        private Duration timeout = Duration.ofSeconds(10);
        private int connections = DEFAULT_CONNECTIONS;
        private @Nullable LongSupplier clock;

        private Builder(ConnectionSource source) {
            this.source = source;
        }

        /**
         * Another table than {@value #DEFAULT_TABLE}, in another schema if need be: {@code billing.operations}.
         *
         * @throws IllegalArgumentException if it is not one or two words of letters, digits and underscores
         */
        public Builder withTable(String name) {
            if (!TABLE.matcher(name).matches()) {
                throw new IllegalArgumentException(
                        "name must be letters, digits and underscores, as in billing.operations: " + name);
            }
            table = name;
            return this;
        }

        /** What is done about the table when the store is opened; {@link SchemaPolicy#CREATE} unless configured. */
        public Builder withSchema(SchemaPolicy policy) {
            schema = policy;
            return this;
        }

        /**
         * How long the database may take for one statement; 10 s unless configured. A call takes twice that at most,
         * and one for many keys six times.
         *
         * @param atMost a second or more
         */
        public Builder withTimeout(Duration atMost) {
            if (atMost.toSeconds() < 1) {
                throw new IllegalArgumentException("atMost must be at least PT1S: " + atMost);
            }
            timeout = atMost;
            return this;
        }

        /**
         * How many connections the store keeps; 4 unless configured. One of them is for renewals alone, one for how operations
         * end, and the rest for claims. A pool that the application shares with the store needs as many more, and takes them
         * for leaks if it looks for such.
         *
         * @param count at least 3
         */
        public Builder withConnections(int count) {
            if (count < 3) {
                throw new IllegalArgumentException("count must be at least 3: " + count);
            }
            connections = count;
            return this;
        }

        /** Milliseconds since 1970 in place of the database's clock, for tests. */
        Builder withClock(LongSupplier millis) {
            clock = millis;
            return this;
        }

        /**
         * Opens the connections, and creates or checks the table.
         *
         * @throws IllegalArgumentException if there is no dialect for the database
         * @throws IllegalStateException if the table is not there, lacks a column, or cannot be created, or if all threads get
         *     the same connection
         * @throws SQLException if the database cannot be reached, or has too few connections
         */
        public JdbcIdempotencyStore open() throws SQLException {
            List<ConnectionLane> lanes = new ArrayList<>();
            try {
                for (int size : new int[] {connections - 2, 1, 1}) {
                    lanes.add(lane(size));
                }
                ConnectionLane.requireDistinct(lanes);
                Dialect dialect = lanes.get(0).call(this::prepared);
                return new JdbcIdempotencyStore(
                        new Statements(dialect, table, clock),
                        new AdminStatements(dialect, table, clock),
                        timeout,
                        lanes);
            } catch (SQLException | RuntimeException failed) {
                lanes.forEach(ConnectionLane::close);
                throw failed;
            }
        }

        private ConnectionLane lane(int size) throws SQLException {
            try {
                return ConnectionLane.open(source, size, timeout);
            } catch (SQLException failed) {
                throw new SQLException(
                        "The store keeps " + connections + " connections of its own, and one of them cannot be opened: "
                                + failed.getMessage(),
                        failed.getSQLState(),
                        failed);
            }
        }

        private Dialect prepared(Connection connection) throws SQLException {
            Dialect dialect = Dialect.of(connection.getMetaData().getDatabaseProductName());
            Schema tables = new Schema(dialect, table);
            if (schema == SchemaPolicy.CREATE) {
                tables.create(connection);
            }
            tables.check(connection);
            return dialect;
        }
    }

    @Override
    public IdempotencyStore joining(Connection connection) throws SQLException {
        if (connection.getAutoCommit()) {
            throw new IllegalArgumentException(
                    "connection must have auto-commit off: it has no transaction to join, as it commits by itself");
        }
        return new JoiningStore(connection, operations, batches);
    }

    @Override
    public ClaimResult claim(ClaimRequest request) {
        try {
            return claims.call(connection -> claim(connection, request));
        } catch (SQLException failed) {
            return notClaimed(failed);
        }
    }

    private static ClaimResult notClaimed(SQLException failed) {
        if (failed instanceof SQLTransientConnectionException notBegun) {
            return new ClaimResult.Unavailable(String.valueOf(notBegun.getMessage()), notBegun);
        }
        return stateOf(failed).startsWith(SYNTAX_OR_ACCESS)
                ? new ClaimResult.Unavailable("The database refuses the claim: " + failed.getMessage(), failed)
                : new ClaimResult.Indeterminate(failed);
    }

    /**
     * {@inheritDoc}
     *
     * <p>Keys that are absent are claimed in transactions of up to 500, and are locked until their transaction ends. What is not
     * begun within four times the {@linkplain Builder#withTimeout timeout} is {@link ClaimResult.Unavailable Unavailable}.
     */
    @Override
    public List<ClaimResult> claimAll(List<ClaimRequest> requests) {
        IdempotencyStore.requireBatch(requests);
        return new BatchCall<>(this::claimTogether, this::claimOfBatch, () -> new ClaimResult.Unavailable(LATE, null))
                .run(requests, timeout.multipliedBy(BATCH_TIMEOUTS));
    }

    private List<Optional<ClaimResult>> claimTogether(List<ClaimRequest> requests) {
        try {
            return claims.call(connection -> batches.claim(connection, requests));
        } catch (SQLException failed) {
            return Collections.nCopies(requests.size(), Optional.of(notClaimed(failed)));
        }
    }

    private ClaimResult claimOfBatch(ClaimRequest request) {
        if (!batches.canWaitBriefly()) {
            return claim(request);
        }
        try {
            return claims.call(connection -> batches.claimBriefly(connection, request, operations))
                    .orElseGet(() -> claim(request));
        } catch (SQLException failed) {
            return notClaimed(failed);
        }
    }

    private ClaimResult claim(Connection connection, ClaimRequest request) throws SQLException {
        for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
            try {
                Optional<ClaimResult> result = operations.claim(connection, request);
                if (result.isPresent()) {
                    return result.get();
                }
            } catch (SQLException failed) {
                if (!isRetried(failed)) {
                    throw failed;
                }
            }
        }
        return new ClaimResult.Unavailable(
                "The key has been changed " + ATTEMPTS + " times meanwhile; try again", null);
    }

    @Override
    public LeaseResult renew(Claim claim, Duration leaseFor) {
        long millis = ClaimRequest.millis("leaseFor", leaseFor);
        return changed(renewals, connection -> operations.renewUnlessLocked(connection, claim, millis));
    }

    @Override
    public LeaseResult complete(Claim claim, Completion completion, Duration timeToLive) {
        long millis = ClaimRequest.millis("timeToLive", timeToLive);
        return changed(ends, connection -> operations.complete(connection, claim, completion, millis));
    }

    /**
     * {@inheritDoc}
     *
     * <p>They are completed in transactions of up to 500. What is not begun within four times the {@linkplain Builder#withTimeout
     * timeout} is {@link LeaseResult.Indeterminate Indeterminate}.
     */
    @Override
    public List<LeaseResult> completeAll(List<CompletionRequest> requests) {
        IdempotencyStore.requireBatch(requests);
        return new BatchCall<CompletionRequest, LeaseResult>(
                        this::completeTogether,
                        request -> complete(request.claim(), request.completion(), request.timeToLive()),
                        () -> new LeaseResult.Indeterminate(new SQLTimeoutException(LATE)))
                .run(requests, timeout.multipliedBy(BATCH_TIMEOUTS));
    }

    private List<Optional<LeaseResult>> completeTogether(List<CompletionRequest> requests) {
        try {
            return ends.call(connection -> batches.complete(connection, requests));
        } catch (SQLException failed) {
            return Collections.nCopies(requests.size(), Optional.of(new LeaseResult.Indeterminate(failed)));
        }
    }

    @Override
    public LeaseResult release(Claim claim, Release why) {
        return changed(ends, connection -> operations.release(connection, claim, why));
    }

    @Override
    public LeaseResult withdraw(ClaimRequest request) {
        return changed(ends, connection -> operations.withdraw(connection, request));
    }

    @Override
    public ClaimState inspect(Claim claim) {
        try {
            return ends.call(connection -> operations.inspect(connection, claim));
        } catch (SQLException failed) {
            return new ClaimState.Indeterminate(failed);
        }
    }

    @Override
    public LeaseResult resetAttempts(ScopedKey key) {
        return changed(ends, connection -> operations.resetAttempts(connection, key));
    }

    @Override
    public int purge(int atMost) {
        int purged = 0;
        while (purged < atMost) {
            int wanted = Math.min(PURGED_AT_ONCE, atMost - purged);
            int now;
            try {
                now = claims.call(connection -> operations.purge(connection, wanted));
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

    /** Shows what the store holds, and repairs it, on the connections for claims. */
    public OperationAdmin operations() {
        return admin;
    }

    /** Closes the store's connections, after what is being done on them. */
    @Override
    public void close() {
        renewals.close();
        claims.close();
        ends.close();
    }

    private static LeaseResult changed(ConnectionLane lane, ConnectionLane.Work<LeaseResult> work) {
        try {
            return lane.call(connection -> retried(connection, work));
        } catch (SQLException failed) {
            return new LeaseResult.Indeterminate(failed);
        }
    }

    private static LeaseResult retried(Connection connection, ConnectionLane.Work<LeaseResult> work)
            throws SQLException {
        for (int attempt = 1; ; attempt++) {
            try {
                return work.on(connection);
            } catch (SQLException failed) {
                if (attempt == ATTEMPTS || !isRetried(failed)) {
                    throw failed;
                }
            }
        }
    }

    /** Deadlocks, failed serialisations, and two insertions of the same row: all have been rolled back. */
    private static boolean isRetried(SQLException failed) {
        return stateOf(failed).startsWith(ROLLED_BACK) || isOfConstraint(failed);
    }

    static boolean isOfConstraint(SQLException failed) {
        return stateOf(failed).startsWith(CONSTRAINT);
    }

    private static String stateOf(SQLException failed) {
        return failed.getSQLState() == null ? "" : failed.getSQLState();
    }
}
