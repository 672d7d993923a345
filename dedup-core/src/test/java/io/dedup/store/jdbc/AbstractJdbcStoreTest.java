// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.dedup.StoredOutcome;
import io.dedup.handler.SeamHarness;
import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.ClaimState;
import io.dedup.store.Completion;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.LeaseResult;
import io.dedup.store.Release;
import io.dedup.store.ScopedKey;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is true of a store in any database, beside the contract and {@linkplain AbstractJdbcBatchTest batches}. */
abstract class AbstractJdbcStoreTest extends AbstractJdbcBatchTest {
    private static final Completion COMPLETION = Completion.succeeded(StoredOutcome.of(new byte[] {1, 2}));
    private static final AtomicInteger TABLES = new AtomicInteger();

    /** The operations in it. */
    @Nested
    class OperationAdminTest extends AbstractJdbcOperationAdminTest {
        @Override
        DataSource dataSource() {
            return AbstractJdbcStoreTest.this.dataSource();
        }
    }

    // Time

    @Test
    void claim_withoutAnotherClock_takesTheDatabases() throws Exception {
        IdempotencyStore store = opened(JdbcIdempotencyStore.on(dataSource()));
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
                opened(JdbcIdempotencyStore.on(dataSource()).withTable(table()));
        Claim claim = acquired(store.claim(request(key())));
        assertThat(store.renew(claim, LEASE)).isEqualTo(new LeaseResult.Done());
        assertThat(store.complete(claim, COMPLETION, Duration.ofMillis(1))).isEqualTo(new LeaseResult.Done());
        Claim released = acquired(store.claim(request(key())));
        assertThat(store.release(released, Release.FAILED)).isEqualTo(new LeaseResult.Done());
        await().atMost(PATIENCE).until(() -> store.purge(10) == 1);
        assertThat(store.purge(10)).as("the released one lives").isZero();
    }

    // The transaction of somebody else

    @Test
    void joining_committed_effectAndOutcomeAreBothThere() throws Exception {
        // Given
        String ledger = ledger();
        JdbcIdempotencyStore store = opened(JdbcIdempotencyStore.on(dataSource()));
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
        JdbcIdempotencyStore store = opened(JdbcIdempotencyStore.on(dataSource()));
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
        JdbcIdempotencyStore store = opened(JdbcIdempotencyStore.on(dataSource()));
        ScopedKey key = key();
        try (Connection transaction = transaction()) {
            IdempotencyStore joined = store.joining(transaction);
            Claim claim = acquired(joined.claim(request(key)));
            // When
            CompletableFuture<ClaimResult> other = CompletableFuture.supplyAsync(() -> store.claim(request(key)));
            joined.complete(claim, COMPLETION, TTL);
            await().during(Duration.ofMillis(200)).atMost(PATIENCE).until(() -> !other.isDone());
            transaction.commit();
            // Then
            assertThat(other).succeedsWithin(PATIENCE).isEqualTo(new ClaimResult.Completed(COMPLETION));
        }
    }

    @Test
    void joining_claimedInTwoTransactionsAtOnce_theSecondWaitsAndThenSeesTheOutcome() throws Exception {
        // Given
        JdbcIdempotencyStore store = opened(JdbcIdempotencyStore.on(dataSource()));
        ScopedKey key = key();
        try (Connection transaction = transaction()) {
            IdempotencyStore joined = store.joining(transaction);
            Claim claim = acquired(joined.claim(request(key)));
            // When
            CompletableFuture<ClaimResult> other =
                    CompletableFuture.supplyAsync(() -> claimedInTransaction(store, key));
            joined.complete(claim, COMPLETION, TTL);
            await().during(Duration.ofMillis(200)).atMost(PATIENCE).until(() -> !other.isDone());
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
        JdbcIdempotencyStore store = opened(JdbcIdempotencyStore.on(dataSource()));
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
        JdbcIdempotencyStore store = opened(JdbcIdempotencyStore.on(dataSource()));
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
        JdbcIdempotencyStore store = opened(JdbcIdempotencyStore.on(dataSource()));
        try (Connection connection = dataSource().getConnection()) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> store.joining(connection))
                    .withMessageContaining("commits by itself");
        }
    }

    /** What an operation has noted counts when its transaction has been committed, and nobody waits for that. */
    @Test
    void joining_transactionStillOpen_isLockedForOthersAndNotWaitedFor() throws Exception {
        // Given
        JdbcIdempotencyStore store = opened(JdbcIdempotencyStore.on(dataSource()));
        Claim claim = acquired(store.claim(ClaimRequest.of(key(), null, Duration.ofMillis(1), TTL)));
        try (Connection transaction = transaction()) {
            store.joining(transaction).complete(claim, COMPLETION, TTL);
            // Then
            assertThat(store.inspect(claim)).isEqualTo(new ClaimState.Locked());
            assertThat(store.renew(claim, LEASE)).isEqualTo(new LeaseResult.Locked());
            await().atMost(PATIENCE)
                    .untilAsserted(
                            () -> assertThat(store.claim(request(claim.key()))).isEqualTo(new ClaimResult.Locked()));
            // When
            transaction.rollback();
        }
        // Then
        assertThat(store.inspect(claim)).isEqualTo(new ClaimState.Held());
        assertThat(store.renew(claim, LEASE)).isEqualTo(new LeaseResult.Done());
        // When
        try (Connection transaction = transaction()) {
            store.joining(transaction).complete(claim, COMPLETION, TTL);
            transaction.commit();
        }
        // Then
        assertThat(store.inspect(claim)).isEqualTo(new ClaimState.Completed(COMPLETION));
    }

    // Connections

    /** As Spring's proxy and the pools of JTA do: the thread that has a transaction gets its connection, whatever it asks for. */
    @Test
    void anyCall_dataSourceBindsConnectionsToThreads_transactionOfTheCallerIsLeftAlone() throws Exception {
        // Given
        String ledger = ledger();
        try (Connection transaction = transaction()) {
            Thread bound = Thread.currentThread();
            DataSource binding =
                    Faults.binding(dataSource(), () -> Thread.currentThread() == bound ? transaction : null);
            JdbcIdempotencyStore store = opened(JdbcIdempotencyStore.on(binding));
            // When
            execute(transaction, "INSERT INTO " + ledger + " VALUES (1)");
            Claim claim = acquired(store.claim(request(key())));
            LeaseResult renewed = store.renew(claim, LEASE);
            LeaseResult completed = store.complete(claim, COMPLETION, TTL);
            transaction.rollback();
            // Then
            assertThat(List.of(renewed, completed)).containsOnly(new LeaseResult.Done());
            assertThat(rows(ledger))
                    .as("the caller's row, after the caller's rollback")
                    .isZero();
            assertThat(store.claim(request(claim.key()))).isEqualTo(new ClaimResult.Completed(COMPLETION));
        }
    }

    @Test
    void open_oneConnectionForAllThreads_isRefused() throws Exception {
        try (Connection only = dataSource().getConnection()) {
            JdbcIdempotencyStore.Builder builder = JdbcIdempotencyStore.on((ConnectionSource) () -> only);
            assertThatIllegalStateException()
                    .isThrownBy(builder::open)
                    .withMessageContaining("one connection for all threads");
        }
    }

    /** Operations that hold every other connection of a shared pool keep nothing of the store waiting. */
    @Test
    void anyCall_operationsHoldAllOtherConnections_isAnswered() throws Exception {
        HikariConfig config = new HikariConfig();
        config.setDataSource(dataSource());
        config.setMaximumPoolSize(4 + 2);
        config.setConnectionTimeout(250);
        try (HikariDataSource shared = new HikariDataSource(config)) {
            JdbcIdempotencyStore store = opened(JdbcIdempotencyStore.on(shared));
            try (Connection first = shared.getConnection();
                    Connection second = shared.getConnection()) {
                assertThatExceptionOfType(SQLException.class).isThrownBy(shared::getConnection);
                Claim claim = acquired(store.claim(request(key())));
                assertThat(store.renew(claim, LEASE)).isEqualTo(new LeaseResult.Done());
                assertThat(store.complete(claim, COMPLETION, TTL)).isEqualTo(new LeaseResult.Done());
                assertThat(List.of(first.isClosed(), second.isClosed())).containsOnly(false);
            }
            store.close();
        }
    }

    @Test
    void open_poolTooSmall_isRefused() {
        HikariConfig config = new HikariConfig();
        config.setDataSource(dataSource());
        config.setMaximumPoolSize(3);
        config.setConnectionTimeout(250);
        try (HikariDataSource small = new HikariDataSource(config)) {
            assertThatExceptionOfType(SQLException.class)
                    .isThrownBy(() -> JdbcIdempotencyStore.on(small).open())
                    .withMessageContaining("4 connections");
        }
    }

    @Test
    void anyCall_threadIsInterrupted_isAnsweredAndStaysInterrupted() throws Exception {
        JdbcIdempotencyStore store = opened(JdbcIdempotencyStore.on(dataSource()));
        Thread.currentThread().interrupt();
        Claim claim = acquired(store.claim(request(key())));
        assertThat(store.complete(claim, COMPLETION, TTL)).isEqualTo(new LeaseResult.Done());
        assertThat(Thread.interrupted()).as("still interrupted").isTrue();
        assertThat(store.claim(request(claim.key()))).isEqualTo(new ClaimResult.Completed(COMPLETION));
    }

    @Test
    void anyCall_closed_isNotBegun() throws Exception {
        JdbcIdempotencyStore store = opened(JdbcIdempotencyStore.on(dataSource()));
        Claim claim = acquired(store.claim(request(key())));
        store.close();
        assertThat(store.claim(request(key()))).isInstanceOf(ClaimResult.Unavailable.class);
        assertThat(store.complete(claim, COMPLETION, TTL)).isInstanceOf(LeaseResult.Indeterminate.class);
    }

    @Test
    void claim_connectionsThatDoNotCommitByThemselves_isCommitted() throws Exception {
        JdbcIdempotencyStore store = opened(JdbcIdempotencyStore.on(Faults.withoutAutoCommit(dataSource())));
        Claim claim = acquired(store.claim(request(key())));
        assertThat(store.complete(claim, COMPLETION, TTL)).isEqualTo(new LeaseResult.Done());
        JdbcIdempotencyStore other = opened(JdbcIdempotencyStore.on(dataSource()));
        assertThat(other.claim(request(claim.key()))).isEqualTo(new ClaimResult.Completed(COMPLETION));
    }

    /** The answer was lost on its way, and the database has done it. */
    @Test
    void anyCall_connectionBreaksAfterwards_isIndeterminateAndCanBeRepeated() throws Exception {
        // Given
        Faults faults = new Faults(dataSource());
        JdbcIdempotencyStore store = opened(JdbcIdempotencyStore.on(faults.dataSource()));
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
        assertThat(store.release(released, Release.FAILED)).isInstanceOf(LeaseResult.Indeterminate.class);
        assertThat(store.release(released, Release.FAILED)).isEqualTo(new LeaseResult.Done());
        assertThat(faults.pending()).as("every fault has happened").isFalse();
    }

    @Test
    void anyCall_databaseCannotBeReached_saysSo() throws Exception {
        Faults faults = new Faults(dataSource());
        JdbcIdempotencyStore store = opened(JdbcIdempotencyStore.on(faults.dataSource()));
        Claim claim = acquired(store.claim(request(key())));
        faults.refuseConnections();
        await().atMost(PATIENCE)
                .until(() -> store.claim(request(key())) instanceof ClaimResult.Unavailable unavailable
                        && unavailable.reason().contains("cannot be reached"));
        assertThat(store.inspect(claim)).isInstanceOf(ClaimState.Indeterminate.class);
        assertThat(store.resetAttempts(claim.key())).isInstanceOf(LeaseResult.Indeterminate.class);
        assertThat(store.claim(request(key())))
                .isInstanceOfSatisfying(
                        ClaimResult.Unavailable.class,
                        unavailable -> assertThat(unavailable.reason()).contains("cannot be reached"));
        assertThat(store.renew(claim, LEASE)).isInstanceOf(LeaseResult.Indeterminate.class);
        assertThat(store.complete(claim, COMPLETION, TTL)).isInstanceOf(LeaseResult.Indeterminate.class);
        assertThat(store.release(claim, Release.FAILED)).isInstanceOf(LeaseResult.Indeterminate.class);
        assertThatIllegalStateException().isThrownBy(() -> store.purge(1)).withMessageContaining("Outlived");
    }

    // Handlers

    static List<Long> seeds() {
        return SeamHarness.seeds(2);
    }

    /** Handlers of several processes, against the truth. */
    @ParameterizedTest
    @MethodSource("seeds")
    @Timeout(value = 5, unit = TimeUnit.MINUTES)
    void handlers_anyHistory_everyOperationHasItsEffectOnce(long seed) throws Exception {
        try (LedgerDatabase ledger = new LedgerDatabase(dataSource())) {
            assertThat(new SeamHarness(seed, ledger::store, ledger).run()).isEmpty();
        }
    }

    // The table

    @Test
    void open_otherTable_isCreatedAndUsed() throws Exception {
        String table = table();
        JdbcIdempotencyStore store =
                opened(JdbcIdempotencyStore.on(dataSource()).withTable(table));
        acquired(store.claim(request(key())));
        assertThat(rows(table)).isEqualTo(1);
        JdbcIdempotencyStore checking =
                opened(JdbcIdempotencyStore.on(dataSource()).withTable(table).withSchema(SchemaPolicy.CHECK));
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
                opened(JdbcIdempotencyStore.on(dataSource()).withTable(table));
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
