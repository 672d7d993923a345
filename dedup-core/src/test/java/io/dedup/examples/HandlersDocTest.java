// SPDX-License-Identifier: Apache-2.0
package io.dedup.examples;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.dedup.IdempotencyKey;
import io.dedup.handler.Call;
import io.dedup.handler.IdempotentHandler;
import io.dedup.handler.OnFailure;
import io.dedup.handler.OperationRejectedException;
import io.dedup.handler.Outcome;
import io.dedup.handler.OutcomeCodec;
import io.dedup.handler.OutcomeUnknownException;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.jdbc.JdbcIdempotencyStore;
import io.dedup.store.memory.MemoryIdempotencyStore;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.http.HttpTimeoutException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The code of docs/handlers.md, run; that of consumers is run by {@code DocumentedConsumerIT}. */
@Timeout(60)
class HandlersDocTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final IdempotencyStore store = MemoryIdempotencyStore.holding(1000);
    private final List<AutoCloseable> opened = new ArrayList<>();
    private final AtomicInteger charges = new AtomicInteger();
    private final Provider provider = new Provider();

    record Payment(String id, int cents) {}

    record Receipt(String id, int cents) {}

    /** A payment provider that answers later. */
    private final class Provider {
        CompletionStage<Receipt> charge(Payment payment, String idempotencyKey) {
            assertThat(idempotencyKey).hasSize(64);
            return CompletableFuture.supplyAsync(() -> charged(payment));
        }
    }

    private static final class CardDeclinedException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        CardDeclinedException() {
            super("no funds");
        }
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable open : opened) {
            open.close();
        }
    }

    @Test
    void firstExample_runAsItIs_printsTheSameReceiptTwice() {
        // Given
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        PrintStream before = System.out;
        System.setOut(new PrintStream(printed, true, UTF_8));
        // When
        try {
            FirstHandler.main(new String[0]);
        } finally {
            System.setOut(before);
        }
        // Then
        List<String> receipts = printed.toString(UTF_8)
                .lines()
                .filter(line -> line.startsWith("Receipt[id=ch_"))
                .toList();
        assertThat(receipts).hasSize(2);
        assertThat(receipts.get(1)).isEqualTo(receipts.get(0));
    }

    @Test
    void failures_declinedOrNotAnswered_areRejectedOrUnknown() {
        // Given
        IdempotentHandler<Receipt> payments = rejecting();
        // When
        assertThatExceptionOfType(HttpTimeoutException.class)
                .isThrownBy(() -> payments.handle("order-18", null, execution -> {
                    throw new HttpTimeoutException("no answer");
                }));
        // Then
        for (boolean replayed : new boolean[] {false, true}) {
            assertThatExceptionOfType(OperationRejectedException.class)
                    .isThrownBy(() -> payments.handle("order-17", null, execution -> {
                        throw new CardDeclinedException();
                    }))
                    .withMessage("no funds")
                    .matches(rejected -> rejected.code().equals("card_declined"))
                    .matches(rejected -> rejected.isReplayed() == replayed);
        }
        assertThatExceptionOfType(OutcomeUnknownException.class)
                .isThrownBy(() -> payments.handle("order-18", null, execution -> charged(new Payment("p", 1))));
        assertThat(charges).hasValue(0);
    }

    private IdempotentHandler<Receipt> rejecting() {
        IdempotentHandler<Receipt> payments = IdempotentHandler.on(store, "payments", Receipt.class)
                .withFailure(CardDeclinedException.class, OnFailure.reject("card_declined"))
                .withFailure(HttpTimeoutException.class, OnFailure.unknown())
                .build();
        return opened(payments);
    }

    @Test
    void versions_outcomeOfTheFirst_isReadAsOneOfTheSecond() {
        // Given
        record InEuros(String id, int euros) {}
        opened(IdempotentHandler.on(store, "payments", InEuros.class).build())
                .handle("order-17", null, execution -> new InEuros("ch_1", 19));
        // When
        IdempotentHandler<Receipt> payments = inCents();
        // Then
        assertThat(payments.handle("order-17", null, execution -> charged(new Payment("p", 1))))
                .isEqualTo(new Receipt("ch_1", 1900));
        assertThat(payments.handle("order-18", null, execution -> new Receipt("ch_2", 1999)))
                .isEqualTo(new Receipt("ch_2", 1999))
                .isEqualTo(payments.handle("order-18", null, execution -> charged(new Payment("p", 1))));
    }

    private IdempotentHandler<Receipt> inCents() {
        OutcomeCodec<Receipt> receipts = OutcomeCodec.json(Receipt.class)
                .withVersion(
                        2,
                        (json, version) -> new String(json, UTF_8)
                                .replaceFirst("\"euros\":(\\d+)", "\"cents\":$100")
                                .getBytes(UTF_8));
        return opened(IdempotentHandler.on(store, "payments", receipts).build());
    }

    @Test
    void call_sameKeyOfTwoTenants_isTwoOperations() {
        // Given
        IdempotentHandler<Receipt> payments = payments();
        Payment payment = new Payment("order-17", 1999);
        // When
        payments.handle(call("k-1", "blue", payment), execution -> charged(payment));
        payments.handle(call("k-1", "green", payment), execution -> charged(payment));
        payments.handle(call("k-1", "green", payment), execution -> charged(payment));
        // Then
        assertThat(charges).hasValue(2);
        assertThat(payments.tryHandle(call("k-1", "blue", new Payment("order-17", 1)), execution -> charged(payment)))
                .isEqualTo(new Outcome.Conflict<>());
    }

    private static Call call(String header, String tenant, Payment payment) {
        Call call = Call.of(IdempotencyKey.ofHeader("idempotency-key", header))
                .withPayload(payment) // another one under this key is a conflict
                .withinScope(tenant)
                .withTtl(Duration.ofDays(7))
                .withWait(Duration.ZERO);
        return call;
    }

    @Test
    void transactionOfTheCaller_failsAndIsThenAskedTwice_booksOnce() throws SQLException {
        // Given
        DataSource database = database();
        JdbcIdempotencyStore inDatabase =
                opened(JdbcIdempotencyStore.on(database).open());
        IdempotentHandler<Receipt> bookings =
                opened(IdempotentHandler.on(inDatabase, "book", Receipt.class).build());
        Payment tooMuch = new Payment("order-17", 1_000_000);
        Payment payment = new Payment("order-17", 1999);
        // When
        assertThatIllegalStateException()
                .isThrownBy(() -> inTransaction(database, bookings, tooMuch))
                .withMessage("over the limit");
        Receipt first = inTransaction(database, bookings, payment);
        Receipt second = inTransaction(database, bookings, payment);
        // Then
        assertThat(first).isEqualTo(second);
        assertThat(entries(database)).isEqualTo(1);
    }

    private static @Nullable Receipt inTransaction(
            DataSource database, IdempotentHandler<Receipt> bookings, Payment payment) throws SQLException {
        try (Connection transaction = database.getConnection()) {
            transaction.setAutoCommit(false);
            try {
                Receipt receipt = bookings.inTransaction(transaction)
                        .handle("order-17", payment, execution -> book(transaction, payment));
                transaction.commit(); // claim, entry and receipt
                return receipt;
            } catch (SQLException | RuntimeException failed) {
                transaction.rollback();
                throw failed;
            }
        }
    }

    private static Receipt book(Connection transaction, Payment payment) throws SQLException {
        try (PreparedStatement insert = transaction.prepareStatement("INSERT INTO ledger VALUES (?, ?)")) {
            insert.setString(1, payment.id());
            insert.setInt(2, payment.cents());
            insert.execute();
        }
        if (payment.cents() > 100_000) {
            throw new IllegalStateException("over the limit");
        }
        return new Receipt("booked " + UUID.randomUUID(), payment.cents());
    }

    @Test
    void withoutAThread_askedTwice_chargesOnce() {
        // Given
        IdempotentHandler<Receipt> payments = payments();
        Payment payment = new Payment("order-17", 1999);
        // When
        CompletionStage<Receipt> first = later(payments, payment);
        CompletionStage<Receipt> second = later(payments, payment);
        // Then
        assertThat(first.toCompletableFuture()).succeedsWithin(PATIENCE).isEqualTo(new Receipt("ch_1", 1999));
        assertThat(second.toCompletableFuture()).succeedsWithin(PATIENCE).isEqualTo(new Receipt("ch_1", 1999));
        assertThat(charges).hasValue(1);
    }

    private CompletionStage<Receipt> later(IdempotentHandler<Receipt> payments, Payment payment) {
        CompletionStage<Receipt> receipt = payments.handleAsync(
                Call.of("order-17").withPayload(payment),
                execution -> provider.charge(payment, execution.downstreamKey("charge")));
        return receipt;
    }

    @Test
    void batch_someAreDoneAlready_eachHasItsAnswer() {
        // Given
        IdempotentHandler<Receipt> payments = payments();
        Payment done = new Payment("order-17", 1999);
        payments.handle(done.id(), done, execution -> new Receipt("ch_0", done.cents()));
        // When
        List<CompletionStage<Outcome<Receipt>>> answers = all(payments, List.of(done, new Payment("order-18", 2999)));
        // Then
        assertThat(answers.get(0).toCompletableFuture())
                .succeedsWithin(PATIENCE)
                .isEqualTo(new Outcome.Replayed<>(new Receipt("ch_0", 1999)));
        assertThat(answers.get(1).toCompletableFuture())
                .succeedsWithin(PATIENCE)
                .isEqualTo(new Outcome.Processed<>(new Receipt("ch_1", 2999)));
    }

    private List<CompletionStage<Outcome<Receipt>>> all(IdempotentHandler<Receipt> payments, List<Payment> requests) {
        List<CompletionStage<Outcome<Receipt>>> answers = payments.tryHandleAll(
                requests,
                request -> Call.of(request.id()).withPayload(request),
                (request, execution) -> provider.charge(request, execution.downstreamKey("charge")));
        return answers;
    }

    private IdempotentHandler<Receipt> payments() {
        return opened(IdempotentHandler.on(store, "payments", Receipt.class).build());
    }

    private Receipt charged(Payment payment) {
        return new Receipt("ch_" + charges.incrementAndGet(), payment.cents());
    }

    private static DataSource database() throws SQLException {
        JdbcDataSource database = new JdbcDataSource();
        database.setURL("jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1");
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE ledger (payment VARCHAR, cents INTEGER)");
        }
        return database;
    }

    private static int entries(DataSource database) throws SQLException {
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement();
                ResultSet count = statement.executeQuery("SELECT COUNT(*) FROM ledger")) {
            count.next();
            return count.getInt(1);
        }
    }

    private <T extends AutoCloseable> T opened(T closeable) {
        opened.add(0, closeable);
        return closeable;
    }
}
