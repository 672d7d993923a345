// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dedup.handler.IdempotentHandler;
import io.dedup.handler.OperationDeclinedException;
import io.dedup.handler.OperationRejectedException;
import io.dedup.store.jdbc.JdbcIdempotencyStore;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.h2.jdbcx.JdbcConnectionPool;
import org.junit.jupiter.api.Test;

/** The consumers of docs/handlers.md, run, and what the page says of records that are refused. */
class DocumentedConsumerIT extends ConsumerFixture {
    /** The example itself. */
    static final class Ledger {
        public static void main(String[] args) throws SQLException {
            DataSource database = JdbcConnectionPool.create(args[1], "sa", "");
            Map<String, Object> properties =
                    Map.of("bootstrap.servers", args[0], "group.id", "orders", "auto.offset.reset", "earliest");
            try (JdbcIdempotencyStore store = JdbcIdempotencyStore.on(database).open();
                    IdempotentHandler<Void> bookings = IdempotentHandler.on(store, "book")
                            .withWait(Duration.ZERO)
                            .build();
                    IdempotentConsumer consumer = IdempotentConsumer.subscribing(properties, "orders")
                            .withDeserializers(new StringDeserializer(), new StringDeserializer())
                            .start(
                                    bookings,
                                    (record, execution) -> execution.runInTransaction(database, connection -> {
                                        try (PreparedStatement insert =
                                                connection.prepareStatement("INSERT INTO ledger VALUES (?)")) {
                                            insert.setString(1, record.value());
                                            insert.execute();
                                        }
                                    }))) {
                consumer.awaitEnd(Duration.ofDays(1000));
            }
        }
    }

    @Test
    void smallestConsumer_duplicatesAndThenARecordWithoutAKey_booksOnceAndThenStops() throws Exception {
        // Given
        topic("orders", 1);
        String url = "jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1";
        try (Connection connection = DriverManager.getConnection(url, "sa", "");
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE ledger (entry VARCHAR)");
            send("orders", 0, "k", "order-17", "book 17");
            send("orders", 0, "k", "order-17", "book 17");
            send("orders", 0, "k", "order-18", "book 18");
            // When
            CompletableFuture<Void> main = CompletableFuture.runAsync(() -> runLedger(url));
            await().atMost(PATIENCE).until(() -> committed("orders", 1) == 3);
            send("orders", 0, "k", null, "which one?");
            // Then
            assertThat(main).succeedsWithin(PATIENCE);
            List<String> booked = new ArrayList<>();
            try (ResultSet entries = statement.executeQuery("SELECT entry FROM ledger ORDER BY entry")) {
                while (entries.next()) {
                    booked.add(entries.getString(1));
                }
            }
            assertThat(booked).containsExactly("book 17", "book 18");
            assertThat(committed("orders", 1)).as("not beyond it").isEqualTo(3);
        }
    }

    private static void runLedger(String url) {
        try {
            Ledger.main(new String[] {BROKER.bootstrapServers(), url});
        } catch (SQLException failed) {
            throw new IllegalStateException(failed);
        }
    }

    @Test
    void consumerInBatches_duplicates_sendsEachMailOnce() throws Exception {
        // Given
        topic("mails", 2);
        for (int i = 0; i < 200; i++) {
            send("mails", i % 2, "k" + i % 50, "mail-" + i % 50, "mail " + i % 50);
        }
        // When
        opened(inBatches(configs("mails"), handler()));
        awaitCommitted("mails", 2, 200);
        // Then
        assertThat(done).hasSize(50).doesNotHaveDuplicates();
    }

    private IdempotentConsumer inBatches(Map<String, Object> properties, IdempotentHandler<Void> mails) {
        IdempotentConsumer consumer = IdempotentConsumer.subscribing(properties, "mails")
                .withDeserializersBy(StringDeserializer::new, StringDeserializer::new)
                .withThreads(2, ProcessingOrder.KEY)
                .withDeadLetters("mails-dead")
                .startInBatches(mails, (record, execution) -> send(record.value(), execution.downstreamKey("mail")));
        return consumer;
    }

    @Test
    void start_declinedMoreOftenThanThereAreAttempts_isTriedAgainAndDoneAtTheFirst() throws Exception {
        // Given
        String topic = topic("declined", 1);
        send(topic, 0, "k", "id-1", "v1");
        AtomicInteger declined = new AtomicInteger();
        List<Integer> attempts = new CopyOnWriteArrayList<>();
        // When
        started(consuming(topic), handler(), (record, execution) -> {
            if (declined.incrementAndGet() <= 2 * QUICK.attempts()) {
                throw new OperationDeclinedException("the circuit is open");
            }
            attempts.add(execution.attempt());
        });
        awaitCommitted(topic, 1, 1);
        // Then
        assertThat(attempts).containsExactly(1);
        assertThat(read(topic + "-dead")).isEmpty();
    }

    @Test
    void start_rejected_isDoneWithAndNoDeadLetter() throws Exception {
        // Given
        String topic = topic("rejected", 1);
        send(topic, 0, "k", "id-1", "v1");
        send(topic, 0, "k", "id-1", "v1");
        AtomicInteger rejected = new AtomicInteger();
        // When
        started(consuming(topic), handler(), (record, execution) -> {
            rejected.incrementAndGet();
            throw new OperationRejectedException("card_declined", "no funds");
        });
        awaitCommitted(topic, 1, 2);
        // Then
        assertThat(rejected).hasValue(1);
        assertThat(read(topic + "-dead")).isEmpty();
    }

    private CompletionStage<?> send(String mail, String idempotencyKey) {
        assertThat(idempotencyKey).hasSize(64);
        return CompletableFuture.runAsync(() -> done.add(mail));
    }
}
