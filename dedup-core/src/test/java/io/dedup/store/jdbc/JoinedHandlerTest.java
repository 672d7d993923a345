// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.dedup.IdempotencyKey;
import io.dedup.StoredOutcome;
import io.dedup.handler.Call;
import io.dedup.handler.Execution;
import io.dedup.handler.IdempotentHandler;
import io.dedup.handler.LeaseLostException;
import io.dedup.handler.OnFailure;
import io.dedup.handler.Outcome;
import io.dedup.handler.OutcomeNotCommittedException;
import io.dedup.handler.RawCodec;
import io.dedup.handler.StoreUnavailableException;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.ScopedKey;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Operations whose effect and outcome are in one transaction. */
@Timeout(60)
class JoinedHandlerTest {
    private static final IdempotencyKey KEY = IdempotencyKey.of("header:idempotency-key", "42".getBytes(UTF_8));
    private static final byte[] BYTES = {7};

    private final JdbcDataSource database = new JdbcDataSource();

    @SuppressWarnings("NullAway.Init") // opened before each test
    private JdbcIdempotencyStore store;

    @BeforeEach
    void open() throws SQLException {
        database.setURL("jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1");
        store = JdbcIdempotencyStore.on(database).open();
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE ledger (amount INTEGER)");
        }
    }

    @Test
    void handle_committed_effectIsThereOnceAndTheOutcomeReplayed() throws Exception {
        try (IdempotentHandler<StoredOutcome> handler =
                IdempotentHandler.on(store, "test", RawCodec.RAW).build()) {
            assertThat(handler.tryHandle(Call.of(KEY), execution -> charge(execution, true)))
                    .isEqualTo(new Outcome.Processed<>(StoredOutcome.of(BYTES)));
            assertThat(handler.tryHandle(Call.of(KEY), execution -> charge(execution, true)))
                    .isEqualTo(new Outcome.Replayed<>(StoredOutcome.of(BYTES)));
        }
        assertThat(charges()).isEqualTo(1);
    }

    @Test
    void handle_rolledBack_nothingHasHappenedAndTheRetryRuns() throws Exception {
        try (IdempotentHandler<StoredOutcome> handler =
                IdempotentHandler.on(store, "test", RawCodec.RAW).build()) {
            assertThatExceptionOfType(SQLException.class)
                    .isThrownBy(() -> handler.tryHandle(Call.of(KEY), execution -> charge(execution, false)));
            assertThat(charges()).isZero();
            assertThat(handler.tryHandle(Call.of(KEY), execution -> charge(execution, true)))
                    .isInstanceOf(Outcome.Processed.class);
        }
        assertThat(charges()).isEqualTo(1);
    }

    /** The answer to the commit was lost, or what followed it has failed: the store is asked, and the operation was done. */
    @Test
    void handle_committedAndThenFailed_isProcessed() throws Exception {
        for (OnFailure then : new OnFailure[] {OnFailure.release(), OnFailure.unknown()}) {
            IdempotencyKey key = IdempotencyKey.of(
                    "header:idempotency-key", UUID.randomUUID().toString().getBytes(UTF_8));
            try (IdempotentHandler<StoredOutcome> handler = IdempotentHandler.on(store, "test", RawCodec.RAW)
                    .withFailure(SQLException.class, then)
                    .build()) {
                Outcome<StoredOutcome> outcome = handler.tryHandle(Call.of(key), execution -> {
                    charge(execution, true);
                    throw new SQLException("connection reset", "08006");
                });
                assertThat(outcome).isEqualTo(new Outcome.Processed<>(StoredOutcome.of(BYTES)));
                assertThat(handler.tryHandle(Call.of(key), execution -> charge(execution, true)))
                        .isEqualTo(new Outcome.Replayed<>(StoredOutcome.of(BYTES)));
            }
        }
        assertThat(charges()).isEqualTo(2);
    }

    /** As where the commit fails and the failure is swallowed. */
    @Test
    void handle_rolledBackAndReturned_isAFailureAndTheRetryRuns() throws Exception {
        try (IdempotentHandler<StoredOutcome> handler =
                IdempotentHandler.on(store, "test", RawCodec.RAW).build()) {
            assertThatExceptionOfType(OutcomeNotCommittedException.class)
                    .isThrownBy(() -> handler.tryHandle(Call.of(KEY), execution -> {
                        assertThatExceptionOfType(SQLException.class).isThrownBy(() -> charge(execution, false));
                        return StoredOutcome.of(BYTES);
                    }));
            assertThat(charges()).isZero();
            assertThat(handler.tryHandle(Call.of(KEY), execution -> charge(execution, true)))
                    .isInstanceOf(Outcome.Processed.class);
        }
        assertThat(charges()).isEqualTo(1);
    }

    /** An operation that tries its transaction again keeps its lease, and is the only one. */
    @Test
    void handle_rolledBackAndStillBusy_keepsItsLeaseAndMayNoteAgain() throws Exception {
        ScopedKey key = new ScopedKey("test", KEY);
        try (IdempotentHandler<StoredOutcome> handler = IdempotentHandler.on(store, "test", RawCodec.RAW)
                .withLease(Duration.ofMillis(600))
                .build()) {
            Outcome<StoredOutcome> outcome = handler.tryHandle(Call.of(KEY), execution -> {
                assertThatExceptionOfType(SQLException.class).isThrownBy(() -> charge(execution, false));
                await().during(Duration.ofMillis(1500))
                        .until(() -> store.claim(ClaimRequest.of(key, null, Duration.ofMinutes(1), Duration.ofHours(1)))
                                instanceof ClaimResult.InProgress);
                execution.throwIfLeaseLost();
                return charge(execution, true);
            });
            assertThat(outcome).isEqualTo(new Outcome.Processed<>(StoredOutcome.of(BYTES)));
        }
        assertThat(charges()).isEqualTo(1);
    }

    @Test
    void handle_rolledBackAndThenSuperseded_isTold() throws Exception {
        try (IdempotentHandler<StoredOutcome> handler = IdempotentHandler.on(store, "test", RawCodec.RAW)
                .withLease(Duration.ofMillis(300))
                .build()) {
            assertThatExceptionOfType(LeaseLostException.class)
                    .isThrownBy(() -> handler.tryHandle(Call.of(KEY), execution -> {
                        assertThatExceptionOfType(SQLException.class).isThrownBy(() -> charge(execution, false));
                        try (Connection connection = database.getConnection();
                                Statement statement = connection.createStatement()) {
                            statement.execute("UPDATE dedup_operations SET token = token + 1");
                        }
                        new CountDownLatch(1).await();
                        return StoredOutcome.of(BYTES);
                    }));
        }
        assertThat(charges()).isZero();
    }

    /** A transaction that is longer than the lease is not interrupted: while it is open nobody else can have the key. */
    @Test
    void handle_transactionLongerThanTheLease_isNotInterrupted() throws Exception {
        try (IdempotentHandler<StoredOutcome> handler = IdempotentHandler.on(store, "test", RawCodec.RAW)
                .withLease(Duration.ofMillis(300))
                .build()) {
            Outcome<StoredOutcome> outcome = handler.tryHandle(Call.of(KEY), execution -> {
                try (Connection transaction = database.getConnection()) {
                    transaction.setAutoCommit(false);
                    execution.complete(store.joining(transaction), StoredOutcome.of(BYTES));
                    await().during(Duration.ofMillis(1200)).until(() -> !execution.isLeaseLost());
                    transaction.commit();
                }
                return null;
            });
            assertThat(outcome).isEqualTo(new Outcome.Processed<>(StoredOutcome.of(BYTES)));
        }
    }

    /** As in a transaction that begins before the handler and ends after it. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void handle_transactionStillOpenAtTheEnd_isNotKnownYetAndThenAsItEnded(boolean commits) throws Exception {
        try (IdempotentHandler<StoredOutcome> handler = IdempotentHandler.on(store, "test", RawCodec.RAW)
                        .withPatience(Duration.ofMillis(100))
                        .build();
                Connection transaction = database.getConnection();
                Statement statement = transaction.createStatement()) {
            transaction.setAutoCommit(false);
            assertThatExceptionOfType(StoreUnavailableException.class)
                    .isThrownBy(() -> handler.tryHandle(Call.of(KEY), execution -> {
                        statement.execute("INSERT INTO ledger VALUES (1)");
                        execution.complete(store.joining(transaction), StoredOutcome.of(BYTES));
                        return null;
                    }))
                    .satisfies(unknown -> assertThat(unknown.operationRan()).isTrue());
            if (commits) {
                transaction.commit();
            } else {
                transaction.rollback();
            }
            Outcome<StoredOutcome> outcome = handler.tryHandle(Call.of(KEY), execution -> charge(execution, true));
            assertThat(outcome).isInstanceOf(commits ? Outcome.Replayed.class : Outcome.Processed.class);
        }
        assertThat(charges()).isEqualTo(1);
    }

    /** Its lease was not renewed any more, since there was nothing left to renew. */
    @Test
    void handle_committedAndStillBusy_isNotTakenForLost() throws Exception {
        try (IdempotentHandler<StoredOutcome> handler = IdempotentHandler.on(store, "test", RawCodec.RAW)
                .withLease(Duration.ofMillis(100))
                .build()) {
            Outcome<StoredOutcome> outcome = handler.tryHandle(Call.of(KEY), execution -> {
                StoredOutcome outcomeOfCharge = charge(execution, true);
                await().during(Duration.ofMillis(400)).until(() -> !execution.isLeaseLost());
                return outcomeOfCharge;
            });
            assertThat(outcome).isEqualTo(new Outcome.Processed<>(StoredOutcome.of(BYTES)));
        }
        assertThat(charges()).isEqualTo(1);
    }

    @AfterEach
    void close() {
        store.close();
    }

    private StoredOutcome charge(Execution<StoredOutcome> execution, boolean commits) throws SQLException {
        try (Connection transaction = database.getConnection();
                Statement statement = transaction.createStatement()) {
            transaction.setAutoCommit(false);
            statement.execute("INSERT INTO ledger VALUES (1)");
            execution.complete(store.joining(transaction), StoredOutcome.of(BYTES));
            if (!commits) {
                transaction.rollback();
                throw new SQLException("rolled back");
            }
            transaction.commit();
        }
        return StoredOutcome.of(new byte[0]);
    }

    private long charges() throws SQLException {
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement();
                ResultSet count = statement.executeQuery("SELECT COUNT(*) FROM ledger")) {
            count.next();
            return count.getLong(1);
        }
    }
}
