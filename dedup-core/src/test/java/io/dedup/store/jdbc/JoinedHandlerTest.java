// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.dedup.IdempotencyKey;
import io.dedup.StoredOutcome;
import io.dedup.handler.Execution;
import io.dedup.handler.IdempotentHandler;
import io.dedup.handler.OnFailure;
import io.dedup.handler.Outcome;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.UUID;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Operations whose effect and outcome are in one transaction. */
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
        try (IdempotentHandler handler = IdempotentHandler.on(store, "test").build()) {
            assertThat(handler.handle(KEY, null, execution -> charge(execution, true)))
                    .isEqualTo(new Outcome.Processed(StoredOutcome.of(BYTES), false));
            assertThat(handler.handle(KEY, null, execution -> charge(execution, true)))
                    .isEqualTo(new Outcome.Replayed(StoredOutcome.of(BYTES), false));
        }
        assertThat(charges()).isEqualTo(1);
    }

    @Test
    void handle_rolledBack_nothingHasHappenedAndTheRetryRuns() throws Exception {
        try (IdempotentHandler handler = IdempotentHandler.on(store, "test").build()) {
            assertThatExceptionOfType(SQLException.class)
                    .isThrownBy(() -> handler.handle(KEY, null, execution -> charge(execution, false)));
            assertThat(charges()).isZero();
            assertThat(handler.handle(KEY, null, execution -> charge(execution, true)))
                    .isInstanceOf(Outcome.Processed.class);
        }
        assertThat(charges()).isEqualTo(1);
    }

    /** The answer to the commit was lost: the caller gets the failure, and the retry the outcome. */
    @Test
    void handle_committedAndThenFailed_isReplayed() throws Exception {
        for (OnFailure then : new OnFailure[] {OnFailure.release(), OnFailure.keep()}) {
            IdempotencyKey key = IdempotencyKey.of(
                    "header:idempotency-key", UUID.randomUUID().toString().getBytes(UTF_8));
            try (IdempotentHandler handler = IdempotentHandler.on(store, "test")
                    .withFailure(SQLException.class, then)
                    .build()) {
                assertThatExceptionOfType(SQLException.class)
                        .isThrownBy(() -> handler.handle(key, null, execution -> {
                            charge(execution, true);
                            throw new SQLException("connection reset", "08006");
                        }))
                        .withMessage("connection reset");
                assertThat(handler.handle(key, null, execution -> charge(execution, true)))
                        .isEqualTo(new Outcome.Replayed(StoredOutcome.of(BYTES), false));
            }
        }
        assertThat(charges()).isEqualTo(2);
    }

    /** Its lease was not renewed any more, since there was nothing left to renew. */
    @Test
    void handle_committedAndStillBusy_isNotTakenForLost() throws Exception {
        try (IdempotentHandler handler = IdempotentHandler.on(store, "test")
                .withLease(Duration.ofMillis(100))
                .build()) {
            Outcome outcome = handler.handle(KEY, null, execution -> {
                byte[] bytes = charge(execution, true);
                await().during(Duration.ofMillis(400)).until(() -> !execution.isLeaseLost());
                return bytes;
            });
            assertThat(outcome).isEqualTo(new Outcome.Processed(StoredOutcome.of(BYTES), false));
        }
        assertThat(charges()).isEqualTo(1);
    }

    private byte[] charge(Execution execution, boolean commits) throws SQLException {
        try (Connection transaction = database.getConnection();
                Statement statement = transaction.createStatement()) {
            transaction.setAutoCommit(false);
            statement.execute("INSERT INTO ledger VALUES (1)");
            execution.complete(store.joining(transaction), BYTES);
            if (!commits) {
                transaction.rollback();
                throw new SQLException("rolled back");
            }
            transaction.commit();
        }
        return new byte[0];
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
