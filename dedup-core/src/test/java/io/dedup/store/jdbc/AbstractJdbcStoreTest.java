// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import io.dedup.IdempotencyKey;
import io.dedup.StoredOutcome;
import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.Completion;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.LeaseResult;
import io.dedup.store.ScopedKey;
import io.dedup.store.contract.AbstractIdempotencyStoreTest;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

/** What is true of a store in any database, beside the contract. */
abstract class AbstractJdbcStoreTest extends AbstractIdempotencyStoreTest {
    private static final Duration LEASE = Duration.ofMinutes(1);
    private static final Duration TTL = Duration.ofHours(1);
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Completion COMPLETION = Completion.succeeded(StoredOutcome.of(new byte[] {1, 2}));
    private static final AtomicInteger TABLES = new AtomicInteger();

    abstract DataSource dataSource();

    @Override
    protected IdempotencyStore open(Clock time) throws Exception {
        return JdbcIdempotencyStore.on(dataSource()).withClock(time::millis).open();
    }

    // Time

    @Test
    void claim_withoutAnotherClock_takesTheDatabases() throws Exception {
        IdempotencyStore store = JdbcIdempotencyStore.on(dataSource()).open();
        ScopedKey key = key();
        Claim first = acquired(store.claim(ClaimRequest.of(key, null, Duration.ofMillis(300), TTL)));
        assertThat(first.token()).isCloseTo(System.currentTimeMillis(), within(60_000L));
        assertThat(store.claim(ClaimRequest.of(key, null, LEASE, TTL))).isInstanceOf(ClaimResult.InProgress.class);
        await().atMost(PATIENCE)
                .until(() -> store.claim(ClaimRequest.of(key, null, LEASE, TTL)) instanceof ClaimResult.Acquired);
    }

    /** The statements as they are without a test's clock. */
    @Test
    void everyCall_onTheDatabasesClock_isAnswered() throws Exception {
        JdbcIdempotencyStore store =
                JdbcIdempotencyStore.on(dataSource()).withTable(table()).open();
        Claim claim = acquired(store.claim(request(key())));
        assertThat(store.renew(claim, LEASE)).isEqualTo(new LeaseResult.Done());
        assertThat(store.complete(claim, COMPLETION, Duration.ofMillis(1))).isEqualTo(new LeaseResult.Done());
        Claim released = acquired(store.claim(request(key())));
        assertThat(store.release(released)).isEqualTo(new LeaseResult.Done());
        await().atMost(PATIENCE).until(() -> store.purge(10) == 1);
        assertThat(store.purge(10)).as("the released one lives").isZero();
    }

    // The transaction of somebody else

    @Test
    void joining_committed_effectAndOutcomeAreBothThere() throws Exception {
        // Given
        String ledger = ledger();
        JdbcIdempotencyStore store = JdbcIdempotencyStore.on(dataSource()).open();
        Claim claim = acquired(store.claim(request(key())));
        // When
        try (Connection transaction = transaction()) {
            execute(transaction, "INSERT INTO " + ledger + " VALUES (1)");
            LeaseResult result = store.joining(transaction).complete(claim, COMPLETION, TTL);
            assertThat(result).isEqualTo(new LeaseResult.Done());
            transaction.commit();
        }
        // Then
        assertThat(rows(ledger)).isEqualTo(1);
        assertThat(store.claim(request(claim.key()))).isEqualTo(new ClaimResult.Completed(COMPLETION));
    }

    @Test
    void joining_rolledBack_neitherIsThere() throws Exception {
        // Given
        String ledger = ledger();
        JdbcIdempotencyStore store = JdbcIdempotencyStore.on(dataSource()).open();
        Claim claim = acquired(store.claim(request(key())));
        // When
        try (Connection transaction = transaction()) {
            execute(transaction, "INSERT INTO " + ledger + " VALUES (1)");
            store.joining(transaction).complete(claim, COMPLETION, TTL);
            transaction.rollback();
        }
        // Then
        assertThat(rows(ledger)).isZero();
        assertThat(store.claim(request(claim.key()))).isInstanceOf(ClaimResult.InProgress.class);
        assertThat(store.renew(claim, LEASE)).isEqualTo(new LeaseResult.Done());
    }

    /** Claim, effect and outcome in one transaction: a concurrent duplicate waits for it in the database. */
    @Test
    void joining_claimedInTheTransaction_anotherWaitsAndThenSeesTheOutcome() throws Exception {
        // Given
        JdbcIdempotencyStore store = JdbcIdempotencyStore.on(dataSource()).open();
        ScopedKey key = key();
        try (Connection transaction = transaction()) {
            IdempotencyStore joined = store.joining(transaction);
            Claim claim = acquired(joined.claim(request(key)));
            // When
            CompletableFuture<ClaimResult> other = CompletableFuture.supplyAsync(() -> store.claim(request(key)));
            joined.complete(claim, COMPLETION, TTL);
            assertThat(other).as("before the commit").isNotDone();
            transaction.commit();
            // Then
            assertThat(other).succeedsWithin(PATIENCE).isEqualTo(new ClaimResult.Completed(COMPLETION));
        }
    }

    @Test
    void joining_claimedInTwoTransactionsAtOnce_theSecondWaitsAndThenSeesTheOutcome() throws Exception {
        // Given
        JdbcIdempotencyStore store = JdbcIdempotencyStore.on(dataSource()).open();
        ScopedKey key = key();
        try (Connection transaction = transaction()) {
            IdempotencyStore joined = store.joining(transaction);
            Claim claim = acquired(joined.claim(request(key)));
            // When
            CompletableFuture<ClaimResult> other =
                    CompletableFuture.supplyAsync(() -> claimedInTransaction(store, key));
            joined.complete(claim, COMPLETION, TTL);
            assertThat(other).as("before the commit").isNotDone();
            transaction.commit();
            // Then
            assertThat(other).succeedsWithin(PATIENCE).isEqualTo(new ClaimResult.Completed(COMPLETION));
        }
    }

    private ClaimResult claimedInTransaction(JdbcIdempotencyStore store, ScopedKey key) {
        try (Connection transaction = transaction()) {
            ClaimResult result = store.joining(transaction).claim(request(key));
            transaction.rollback();
            return result;
        } catch (SQLException failed) {
            throw new IllegalStateException(failed);
        }
    }

    /** What a transaction has read before must not hide what others have committed since. */
    @Test
    void joining_transactionThatHasReadBefore_seesWhatWasCompletedSince() throws Exception {
        JdbcIdempotencyStore store = JdbcIdempotencyStore.on(dataSource()).open();
        ScopedKey key = key();
        try (Connection transaction = transaction()) {
            execute(transaction, "SELECT COUNT(*) FROM " + JdbcIdempotencyStore.DEFAULT_TABLE);
            store.complete(acquired(store.claim(request(key))), COMPLETION, TTL);
            assertThat(store.joining(transaction).claim(request(key))).isEqualTo(new ClaimResult.Completed(COMPLETION));
            transaction.rollback();
        }
    }

    @Test
    void joining_takenOverMeanwhile_isLostAndTheEffectIsRolledBack() throws Exception {
        // Given
        String ledger = ledger();
        JdbcIdempotencyStore store = JdbcIdempotencyStore.on(dataSource()).open();
        ScopedKey key = key();
        Claim zombie = acquired(store.claim(ClaimRequest.of(key, null, Duration.ofMillis(1), TTL)));
        await().atMost(PATIENCE).until(() -> store.claim(request(key)) instanceof ClaimResult.Acquired);
        // When
        LeaseResult result;
        try (Connection transaction = transaction()) {
            execute(transaction, "INSERT INTO " + ledger + " VALUES (1)");
            result = store.joining(transaction).complete(zombie, COMPLETION, TTL);
            transaction.rollback();
        }
        // Then
        assertThat(result).isEqualTo(new LeaseResult.Lost());
        assertThat(rows(ledger)).isZero();
    }

    @Test
    void joining_connectionThatCommitsByItself_isRefused() throws Exception {
        JdbcIdempotencyStore store = JdbcIdempotencyStore.on(dataSource()).open();
        try (Connection connection = dataSource().getConnection()) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> store.joining(connection))
                    .withMessageContaining("commits by itself");
        }
    }

    // Connections

    @Test
    void claim_connectionsThatDoNotCommitByThemselves_isCommitted() throws Exception {
        JdbcIdempotencyStore store =
                JdbcIdempotencyStore.on(Faults.withoutAutoCommit(dataSource())).open();
        Claim claim = acquired(store.claim(request(key())));
        assertThat(store.complete(claim, COMPLETION, TTL)).isEqualTo(new LeaseResult.Done());
        JdbcIdempotencyStore other = JdbcIdempotencyStore.on(dataSource()).open();
        assertThat(other.claim(request(claim.key()))).isEqualTo(new ClaimResult.Completed(COMPLETION));
    }

    /** The answer was lost on its way, and the database has done it. */
    @Test
    void anyCall_connectionBreaksAfterwards_isIndeterminateAndCanBeRepeated() throws Exception {
        // Given
        Faults faults = new Faults(dataSource());
        JdbcIdempotencyStore store =
                JdbcIdempotencyStore.on(faults.dataSource()).open();
        ClaimRequest request = request(key());
        // When
        faults.breakAfterNextUpdate();
        ClaimResult claimed = store.claim(request);
        // Then
        assertThat(claimed).isInstanceOf(ClaimResult.Indeterminate.class);
        Claim claim = acquired(store.claim(request));
        assertThat(claim.attempt()).as("the first call was done").isEqualTo(1);
        // When
        faults.breakAfterNextUpdate();
        LeaseResult completed = store.complete(claim, COMPLETION, TTL);
        // Then
        assertThat(completed).isInstanceOf(LeaseResult.Indeterminate.class);
        assertThat(store.complete(claim, COMPLETION, TTL)).isEqualTo(new LeaseResult.Done());
        // When
        Claim released = acquired(store.claim(request(key())));
        faults.breakAfterNextUpdate();
        // Then
        assertThat(store.release(released)).isInstanceOf(LeaseResult.Indeterminate.class);
        assertThat(store.release(released)).isEqualTo(new LeaseResult.Done());
        assertThat(faults.pending()).as("every fault has happened").isFalse();
    }

    @Test
    void anyCall_databaseCannotBeReached_saysSo() throws Exception {
        Faults faults = new Faults(dataSource());
        JdbcIdempotencyStore store =
                JdbcIdempotencyStore.on(faults.dataSource()).open();
        Claim claim = acquired(store.claim(request(key())));
        faults.refuseConnections();
        assertThat(store.claim(request(key())))
                .isInstanceOfSatisfying(
                        ClaimResult.Unavailable.class,
                        unavailable -> assertThat(unavailable.reason()).contains("cannot be reached"));
        assertThat(store.renew(claim, LEASE)).isInstanceOf(LeaseResult.Indeterminate.class);
        assertThat(store.complete(claim, COMPLETION, TTL)).isInstanceOf(LeaseResult.Indeterminate.class);
        assertThat(store.release(claim)).isInstanceOf(LeaseResult.Indeterminate.class);
        assertThatIllegalStateException().isThrownBy(() -> store.purge(1)).withMessageContaining("Outlived");
    }

    // The table

    @Test
    void open_otherTable_isCreatedAndUsed() throws Exception {
        String table = table();
        JdbcIdempotencyStore store =
                JdbcIdempotencyStore.on(dataSource()).withTable(table).open();
        acquired(store.claim(request(key())));
        assertThat(rows(table)).isEqualTo(1);
        JdbcIdempotencyStore checking = JdbcIdempotencyStore.on(dataSource())
                .withTable(table)
                .withSchema(SchemaPolicy.CHECK)
                .open();
        assertThat(checking.claim(request(key()))).isInstanceOf(ClaimResult.Acquired.class);
    }

    @Test
    void open_tableMissingAndOnlyChecked_saysWhatToDo() {
        String table = table();
        JdbcIdempotencyStore.Builder builder =
                JdbcIdempotencyStore.on(dataSource()).withTable(table).withSchema(SchemaPolicy.CHECK);
        assertThatIllegalStateException()
                .isThrownBy(builder::open)
                .withMessageContaining(table)
                .withMessageContaining(".sql")
                .withMessageContaining("SchemaPolicy.CREATE");
    }

    @Test
    void open_tableOfSomethingElse_namesTheColumn() throws Exception {
        String table = table();
        try (Connection connection = dataSource().getConnection()) {
            execute(connection, "CREATE TABLE " + table + " (id INTEGER, state INTEGER)");
        }
        JdbcIdempotencyStore.Builder builder =
                JdbcIdempotencyStore.on(dataSource()).withTable(table).withSchema(SchemaPolicy.CHECK);
        assertThatIllegalStateException().isThrownBy(builder::open).withMessageContaining("owner");
    }

    @Test
    void claim_tableHasGone_isUnavailable() throws Exception {
        String table = table();
        JdbcIdempotencyStore store =
                JdbcIdempotencyStore.on(dataSource()).withTable(table).open();
        try (Connection connection = dataSource().getConnection()) {
            execute(connection, "DROP TABLE " + table);
        }
        assertThat(store.claim(request(key()))).isInstanceOf(ClaimResult.Unavailable.class);
    }

    @Test
    void withTable_whatIsNoName_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> JdbcIdempotencyStore.on(dataSource()).withTable("operations; DROP TABLE ledger"));
    }

    // What tests are made of

    private static ScopedKey key() {
        return new ScopedKey(
                "jdbc",
                IdempotencyKey.of("header:id", UUID.randomUUID().toString().getBytes(UTF_8)));
    }

    private static ClaimRequest request(ScopedKey key) {
        return ClaimRequest.of(key, null, LEASE, TTL);
    }

    private static Claim acquired(ClaimResult result) {
        assertThat(result).isInstanceOf(ClaimResult.Acquired.class);
        return ((ClaimResult.Acquired) result).claim();
    }

    private static String table() {
        return "operations_" + TABLES.incrementAndGet();
    }

    private String ledger() throws SQLException {
        String ledger = "ledger_" + TABLES.incrementAndGet();
        try (Connection connection = dataSource().getConnection()) {
            execute(connection, "CREATE TABLE " + ledger + " (amount INTEGER)");
        }
        return ledger;
    }

    private Connection transaction() throws SQLException {
        Connection connection = dataSource().getConnection();
        connection.setAutoCommit(false);
        return connection;
    }

    private long rows(String table) throws SQLException {
        try (Connection connection = dataSource().getConnection();
                Statement statement = connection.createStatement();
                ResultSet count = statement.executeQuery("SELECT COUNT(*) FROM " + table)) {
            count.next();
            return count.getLong(1);
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
