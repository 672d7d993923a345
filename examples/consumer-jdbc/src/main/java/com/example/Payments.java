package com.example;

import io.dedup.consumer.IdempotentConsumer;
import io.dedup.handler.Execution;
import io.dedup.handler.IdempotentHandler;
import io.dedup.store.jdbc.JdbcIdempotencyStore;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import javax.sql.DataSource;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.h2.jdbcx.JdbcConnectionPool;

/** Books payments. The entry and the note that its payment is done are one transaction, so it is booked exactly once. */
public final class Payments implements AutoCloseable {
    private final DataSource database;
    private final JdbcIdempotencyStore store;
    private final IdempotentHandler<Void> handler;
    private final IdempotentConsumer consumer;

    Payments(DataSource database, String bootstrapServers) throws SQLException {
        this.database = database;
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE IF NOT EXISTS ledger (payment VARCHAR, amount VARCHAR)");
        }
        store = JdbcIdempotencyStore.on(database).open();
        handler = IdempotentHandler.on(store, "book").withWait(Duration.ZERO).build();
        consumer = IdempotentConsumer.subscribing(
                        Map.of(
                                "bootstrap.servers", bootstrapServers,
                                "group.id", "payments-app",
                                "auto.offset.reset", "earliest"),
                        "payments")
                .withDeserializers(new StringDeserializer(), new StringDeserializer())
                .withDeadLetters("payments-dead-letter")
                .start(handler, this::book);
    }

    public static void main(String[] args) throws SQLException {
        DataSource database = JdbcConnectionPool.create("jdbc:h2:async:./ledger", "sa", "");
        Payments payments = new Payments(database, args.length > 0 ? args[0] : "localhost:9092");
        Runtime.getRuntime().addShutdownHook(new Thread(payments::close));
        payments.awaitFailure();
        System.exit(1);
    }

    /** Returns once the consumer has stopped, which it does by itself only if it has failed; the log says why. */
    private void awaitFailure() {
        while (!consumer.awaitEnd(Duration.ofHours(1))) {
            // It goes on.
        }
    }

    private void book(ConsumerRecord<String, String> payment, Execution<?> execution) throws SQLException {
        execution.runInTransaction(database, transaction -> {
            try (PreparedStatement insert = transaction.prepareStatement("INSERT INTO ledger VALUES (?, ?)")) {
                insert.setString(1, payment.key());
                insert.setString(2, payment.value());
                insert.execute();
            }
        });
    }

    @Override
    public void close() {
        consumer.close();
        handler.close();
        store.close();
    }
}
