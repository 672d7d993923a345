// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.dedup.handler.Call;
import io.dedup.handler.HandlerBuilder;
import io.dedup.handler.IdempotencyConflictException;
import io.dedup.handler.IdempotentHandler;
import io.dedup.handler.OnFailure;
import io.dedup.handler.OperationDeclinedException;
import io.dedup.handler.OperationHandler;
import io.dedup.handler.OperationRejectedException;
import io.dedup.handler.Outcome;
import io.dedup.handler.OutcomeCodec;
import io.dedup.handler.Reconciler;
import io.dedup.store.memory.MemoryIdempotencyStore;
import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Claim, effect and outcome in one transaction of the caller. */
@Timeout(60)
class TransactionHandlerTest {
    private final List<IdempotentHandler<?>> handlers = new ArrayList<>();
    private DataSource database = new JdbcDataSource();

    @SuppressWarnings("NullAway.Init")
    private JdbcIdempotencyStore store;

    @BeforeEach
    void open() throws SQLException {
        JdbcDataSource h2 = new JdbcDataSource();
        h2.setUrl("jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1;LOCK_TIMEOUT=20000");
        database = h2;
        store = JdbcIdempotencyStore.on(database).open();
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE ledger (entry VARCHAR)");
        }
    }

    @AfterEach
    void close() {
        handlers.forEach(IdempotentHandler::close);
        store.close();
    }

    @Test
    void handle_committed_effectIsThereOnceAndTheOutcomeReplayed() throws Exception {
        IdempotentHandler<String> bookings = built(bookings());
        for (int i = 0; i < 2; i++) {
            try (Connection transaction = begun()) {
                String outcome = bookings.inTransaction(transaction)
                        .handle("order-1", "1999", execution -> book(transaction, "order-1"));
                assertThat(outcome).isEqualTo("booked order-1");
                transaction.commit();
            }
        }
        assertThat(booked()).isEqualTo(1);
        assertThat(bookings.handle("order-1", "1999", execution -> "another"))
                .as("outside of a transaction too")
                .isEqualTo("booked order-1");
    }

    @Test
    void handle_rolledBack_nothingIsThereAndTheRetryRuns() throws Exception {
        IdempotentHandler<String> bookings = built(bookings());
        try (Connection transaction = begun()) {
            bookings.inTransaction(transaction).handle("order-1", null, execution -> book(transaction, "order-1"));
            transaction.rollback();
        }
        assertThat(booked()).isZero();
        assertThat(bookings.tryHandle(Call.of("order-1"), execution -> "later"))
                .as("no lease is left behind")
                .isEqualTo(new Outcome.Processed<>("later"));
    }

    @Test
    void handle_askedTwiceAtOnce_secondWaitsForTheLockAndReplays() throws Exception {
        IdempotentHandler<String> bookings = built(bookings());
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        CompletableFuture<String> first = CompletableFuture.supplyAsync(() -> inTransaction(bookings, transaction -> {
            begun.countDown();
            await(goOn);
            return book(transaction, "order-1");
        }));
        await(begun);
        CompletableFuture<String> second = CompletableFuture.supplyAsync(
                () -> inTransaction(bookings, transaction -> book(transaction, "order-1")));
        org.awaitility.Awaitility.await()
                .during(Duration.ofMillis(300))
                .atMost(Duration.ofSeconds(5))
                .until(() -> !second.isDone());
        goOn.countDown();
        assertThat(first).succeedsWithin(Duration.ofSeconds(30)).isEqualTo("booked order-1");
        assertThat(second).succeedsWithin(Duration.ofSeconds(30)).isEqualTo("booked order-1");
        assertThat(booked()).isEqualTo(1);
    }

    @Test
    void handle_failureAndTheCallerCommitsAllTheSame_keyIsFreeAtOnce() throws Exception {
        IdempotentHandler<String> bookings = built(bookings());
        try (Connection transaction = begun()) {
            assertThatExceptionOfType(IllegalStateException.class)
                    .isThrownBy(() -> bookings.inTransaction(transaction).handle("order-1", null, execution -> {
                        throw new IllegalStateException("no");
                    }))
                    .withMessage("no");
            transaction.commit();
        }
        assertThat(bookings.handle(
                        Call.of("order-1").withWait(Duration.ZERO), execution -> "attempt " + execution.attempt()))
                .isEqualTo("attempt 2");
    }

    @Test
    void tryHandle_rejectionThatIsCommitted_isReplayed() throws Exception {
        IdempotentHandler<String> bookings =
                built(bookings().withFailure(IllegalStateException.class, OnFailure.reject("full")));
        try (Connection transaction = begun()) {
            assertThat(bookings.inTransaction(transaction).tryHandle(Call.of("order-1"), execution -> {
                        throw new IllegalStateException("no seat");
                    }))
                    .isEqualTo(new Outcome.Rejected<>("full", "no seat", false));
            transaction.commit();
        }
        assertThat(bookings.tryHandle(Call.of("order-1"), execution -> "booked"))
                .isEqualTo(new Outcome.Rejected<>("full", "no seat", true));
    }

    @Test
    void handle_rejectionThatIsRolledBack_isNotKept() throws Exception {
        IdempotentHandler<String> bookings =
                built(bookings().withFailure(IllegalStateException.class, OnFailure.reject("full")));
        try (Connection transaction = begun()) {
            assertThatExceptionOfType(OperationRejectedException.class)
                    .isThrownBy(() -> bookings.inTransaction(transaction).handle("order-1", null, execution -> {
                        throw new IllegalStateException("no seat");
                    }));
            transaction.rollback();
        }
        assertThat(bookings.handle("order-1", null, execution -> "booked")).isEqualTo("booked");
    }

    @Test
    void handle_anotherPayload_isAConflict() throws Exception {
        IdempotentHandler<String> bookings = built(bookings());
        inTransaction(bookings, "1999", transaction -> "booked");
        try (Connection transaction = begun()) {
            assertThatExceptionOfType(IdempotencyConflictException.class)
                    .isThrownBy(
                            () -> bookings.inTransaction(transaction).handle("order-1", "2999", execution -> "booked"));
            transaction.rollback();
        }
    }

    /** The lease of an owner outside of transactions: waiting here would hold its row, and it could never end. */
    @Test
    void tryHandle_anOwnerHasALease_isInProgressAtOnceAndDisturbsNothing() throws Exception {
        IdempotentHandler<String> bookings = built(bookings());
        String outcome = bookings.handle("order-1", null, execution -> {
            try (Connection transaction = begun()) {
                assertThat(bookings.inTransaction(transaction).tryHandle(Call.of("order-1"), other -> "twice"))
                        .isInstanceOf(Outcome.InProgress.class);
                transaction.rollback();
            }
            return "once";
        });
        assertThat(outcome).isEqualTo("once");
    }

    @Test
    void tryHandle_outcomeIsUnknown_reconcilerIsAskedInTheTransaction() throws Exception {
        IdempotentHandler<String> unknowing =
                built(bookings().withFailure(IllegalStateException.class, OnFailure.unknown()));
        assertThatExceptionOfType(IllegalStateException.class)
                .isThrownBy(() -> unknowing.handle("order-1", null, execution -> {
                    throw new IllegalStateException("no answer");
                }));
        try (Connection transaction = begun()) {
            assertThat(unknowing.inTransaction(transaction).tryHandle(Call.of("order-1"), execution -> "twice"))
                    .isEqualTo(new Outcome.Unknown<>());
            transaction.rollback();
        }
        IdempotentHandler<String> asking =
                built(bookings().withReconciler(execution -> new Reconciler.Done<>("found")));
        try (Connection transaction = begun()) {
            assertThat(asking.inTransaction(transaction).tryHandle(Call.of("order-1"), execution -> "twice"))
                    .isEqualTo(new Outcome.Replayed<>("found"));
            transaction.commit();
        }
        assertThat(unknowing.handle("order-1", null, execution -> "twice")).isEqualTo("found");
    }

    @Test
    void inTransaction_connectionThatCommitsByItselfOrStoreElsewhere_isRefused() throws Exception {
        IdempotentHandler<String> bookings = built(bookings());
        IdempotentHandler<String> elsewhere =
                built(IdempotentHandler.on(MemoryIdempotencyStore.holding(10), "book", OutcomeCodec.string()));
        try (Connection connection = database.getConnection()) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> bookings.inTransaction(connection))
                    .withMessageContaining("auto-commit");
            assertThatIllegalStateException()
                    .isThrownBy(() -> elsewhere.inTransaction(connection))
                    .withMessageContaining("JdbcIdempotencyStore");
        }
    }

    // The transaction of an operation

    @Test
    void handleInTransaction_committed_isTheOutcome() {
        IdempotentHandler<String> bookings = built(bookings());
        for (int i = 0; i < 2; i++) {
            String outcome = uncheckedHandle(
                    bookings,
                    execution -> execution.handleInTransaction(database, transaction -> book(transaction, "order-1")));
            assertThat(outcome).isEqualTo("booked order-1");
        }
        assertThat(booked()).isEqualTo(1);
    }

    @Test
    void handleInTransaction_workFails_isRolledBackAndRunAgain() {
        IdempotentHandler<String> bookings = built(bookings());
        assertThatIllegalStateException()
                .isThrownBy(() -> uncheckedHandle(
                        bookings,
                        execution -> execution.handleInTransaction(database, transaction -> {
                            book(transaction, "order-1");
                            throw new IllegalStateException("after the effect");
                        })))
                .withMessage("after the effect");
        assertThat(booked()).isZero();
        uncheckedHandle(
                bookings,
                execution -> execution.handleInTransaction(database, transaction -> book(transaction, "order-1")));
        assertThat(booked()).isEqualTo(1);
    }

    @Test
    void handleInTransaction_inATransactionAlready_isRefused() throws Exception {
        IdempotentHandler<String> bookings = built(bookings());
        try (Connection transaction = begun()) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> bookings.inTransaction(transaction)
                            .handle(
                                    "order-1",
                                    null,
                                    execution -> execution.handleInTransaction(database, nested -> "never")))
                    .withMessageContaining("in no transaction yet");
            transaction.rollback();
        }
    }

    /** The commit has succeeded, and its answer was lost: what the operation then tries again must not happen twice. */
    @Test
    void handleInTransaction_answerToTheCommitIsLostAndTriedAgain_isBookedOnce() {
        IdempotentHandler<String> bookings = built(bookings());
        Faults faults = new Faults(database);
        faults.breakAfterNextCommit();
        String outcome = uncheckedHandle(bookings, execution -> {
            try {
                return execution.handleInTransaction(faults.dataSource(), connection -> book(connection, "order-1"));
            } catch (SQLException lost) {
                return execution.handleInTransaction(faults.dataSource(), connection -> book(connection, "order-1"));
            }
        });
        assertThat(outcome).isEqualTo("booked order-1");
        assertThat(faults.pending()).isFalse();
        assertThat(booked()).isEqualTo(1);
    }

    @Test
    void complete_outcomeIsCommittedAlready_isRefusedSoThatTheSecondEffectIsRolledBack() {
        IdempotentHandler<String> bookings = built(bookings());
        String outcome = uncheckedHandle(bookings, execution -> {
            for (int i = 0; i < 2; i++) {
                try (Connection transaction = begun()) {
                    book(transaction, "order-1");
                    execution.complete(store.joining(transaction), "booked");
                    transaction.commit();
                }
            }
            return "twice";
        });
        assertThat(outcome).isEqualTo("booked");
        assertThat(booked()).isEqualTo(1);
    }

    /** A duplicate that is asked for in a transaction, which then stays open, must not cost the owner its lease. */
    @Test
    void tryHandle_duplicateOfALeaseOwnerStaysOpen_ownerRenewsAndCompletes() throws Exception {
        IdempotentHandler<String> bookings = built(bookings().withLease(Duration.ofMillis(300)));
        try (Connection transaction = begun()) {
            String outcome = bookings.handle("order-1", null, execution -> {
                assertThat(bookings.inTransaction(transaction).tryHandle(Call.of("order-1"), other -> "twice"))
                        .isInstanceOf(Outcome.InProgress.class);
                org.awaitility.Awaitility.await()
                        .during(Duration.ofMillis(900))
                        .atMost(Duration.ofSeconds(10))
                        .until(() -> !execution.isLeaseLost());
                return "once";
            });
            assertThat(outcome).isEqualTo("once");
            transaction.rollback();
        }
    }

    // Failures in transactions that are committed all the same

    @Test
    void handle_failureThatIsUnknownAndCommitted_isUnknown() throws Exception {
        IdempotentHandler<String> bookings =
                built(bookings().withFailure(IllegalStateException.class, OnFailure.unknown()));
        failAndCommit(bookings, new IllegalStateException("no answer"));
        assertThat(bookings.tryHandle(Call.of("order-1"), execution -> "twice")).isEqualTo(new Outcome.Unknown<>());
    }

    @Test
    void handle_declinedAndCommitted_doesNotCountAsAnAttempt() throws Exception {
        IdempotentHandler<String> bookings = built(bookings());
        failAndCommit(bookings, new OperationDeclinedException("too busy"));
        assertThat(bookings.handle("order-1", null, execution -> "attempt " + execution.attempt()))
                .isEqualTo("attempt 1");
    }

    @Test
    void handle_rejectionCannotBeMade_isStillARejection() throws Exception {
        IdempotentHandler<String> bookings =
                built(bookings().withFailure(IOException.class, OnFailure.rejecting(failure -> {
                    throw new IllegalArgumentException("no code for it");
                })));
        try (Connection transaction = begun()) {
            assertThat(bookings.inTransaction(transaction).tryHandle(Call.of("order-1"), execution -> {
                        throw new IOException("full");
                    }))
                    .isEqualTo(new Outcome.Rejected<>("java.io.IOException", "full", false));
            transaction.commit();
        }
    }

    @Test
    void handle_operationHasNotedItsOutcome_isThatAndNotWhatItReturns() throws Exception {
        IdempotentHandler<String> bookings = built(bookings());
        try (Connection transaction = begun()) {
            assertThat(bookings.inTransaction(transaction).handle("order-1", null, execution -> {
                        execution.complete(store.joining(transaction), "noted");
                        return "returned";
                    }))
                    .isEqualTo("noted");
            transaction.commit();
        }
        assertThat(bookings.handle("order-1", null, execution -> "twice")).isEqualTo("noted");
    }

    private void failAndCommit(IdempotentHandler<String> bookings, RuntimeException failure) throws SQLException {
        try (Connection transaction = begun()) {
            assertThatExceptionOfType(failure.getClass())
                    .isThrownBy(() -> bookings.inTransaction(transaction).handle("order-1", null, execution -> {
                        throw failure;
                    }));
            transaction.commit();
        }
    }

    private interface Work {
        String in(Connection transaction) throws SQLException;
    }

    private String inTransaction(IdempotentHandler<String> bookings, Work work) {
        return inTransaction(bookings, null, work);
    }

    private String inTransaction(IdempotentHandler<String> bookings, @Nullable Object payload, Work work) {
        try (Connection transaction = begun()) {
            OperationHandler<String> joined = bookings.inTransaction(transaction);
            String outcome = joined.handle("order-1", payload, execution -> work.in(transaction));
            transaction.commit();
            return String.valueOf(outcome);
        } catch (SQLException failed) {
            throw new IllegalStateException(failed);
        }
    }

    private static String uncheckedHandle(
            IdempotentHandler<String> handler, io.dedup.handler.Operation<String, SQLException> operation) {
        try {
            return String.valueOf(handler.handle("order-1", null, operation));
        } catch (SQLException failed) {
            throw new AssertionError(failed);
        }
    }

    private Connection begun() throws SQLException {
        Connection connection = database.getConnection();
        connection.setAutoCommit(false);
        return connection;
    }

    private static String book(Connection transaction, String order) throws SQLException {
        try (Statement statement = transaction.createStatement()) {
            statement.execute("INSERT INTO ledger VALUES ('" + order + "')");
        }
        return "booked " + order;
    }

    private int booked() {
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement();
                ResultSet count = statement.executeQuery("SELECT COUNT(*) FROM ledger")) {
            count.next();
            return count.getInt(1);
        } catch (SQLException failed) {
            throw new IllegalStateException(failed);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(interrupted);
        }
    }

    private HandlerBuilder<String> bookings() {
        return IdempotentHandler.on(store, "book", OutcomeCodec.string());
    }

    private IdempotentHandler<String> built(HandlerBuilder<String> builder) {
        IdempotentHandler<String> handler = builder.build();
        handlers.add(handler);
        return handler;
    }
}
