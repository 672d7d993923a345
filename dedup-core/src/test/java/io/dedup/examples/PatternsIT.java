// SPDX-License-Identifier: Apache-2.0
package io.dedup.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.handler.Call;
import io.dedup.handler.IdempotentHandler;
import io.dedup.handler.Outcome;
import io.dedup.handler.OutcomeCodec;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.jdbc.JdbcIdempotencyStore;
import io.dedup.store.redis.JedisDriver;
import io.dedup.store.redis.RedisIdempotencyStore;
import io.dedup.testing.TestServers;
import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.RedisClient;

/** The code of docs/patterns.md, run. */
class PatternsIT {
    private final AtomicInteger charges = new AtomicInteger();

    @Test
    void redisWithTtl_askedTwice_chargesOnce() throws Exception {
        try (TestServers.Redis server = TestServers.redis();
                RedisClient redis = RedisClient.create(server.host(), server.port())) {
            assertThat(redisWithTtl(redis, "order-42")).isInstanceOf(Outcome.Processed.class);
            assertThat(redisWithTtl(redis, "order-42")).isInstanceOf(Outcome.Replayed.class);
        }
        assertThat(charges).hasValue(1);
    }

    private Outcome<String> redisWithTtl(RedisClient redis, String orderId) throws IOException {
        try (IdempotencyStore store =
                        RedisIdempotencyStore.on(JedisDriver.of(redis)).open(); // once in an application
                IdempotentHandler<String> handler = IdempotentHandler.on(store, "charge", OutcomeCodec.string())
                        .withLease(Duration.ofSeconds(30)) // when another owner may begin it after a crash
                        .withTtl(Duration.ofHours(24)) // how long its outcome is replayed
                        .build()) {
            return handler.tryHandle(Call.of(orderId), execution -> charge(orderId, execution.downstreamKey("charge")));
        }
    }

    @Test
    void databaseRecordWithExpiry_askedTwice_booksOnce() throws Exception {
        DataSource database = database();
        assertThat(databaseRecordWithExpiry(database, "order-42")).isInstanceOf(Outcome.Processed.class);
        assertThat(databaseRecordWithExpiry(database, "order-42")).isInstanceOf(Outcome.Replayed.class);
        assertThat(booked(database)).isEqualTo(1);
    }

    private Outcome<String> databaseRecordWithExpiry(DataSource database, String orderId) throws SQLException {
        try (JdbcIdempotencyStore store = JdbcIdempotencyStore.on(database).open(); // once in an application
                IdempotentHandler<String> handler = IdempotentHandler.on(store, "book", OutcomeCodec.string())
                        .build()) {
            return handler.tryHandle(
                    Call.of(orderId),
                    execution -> execution.handleInTransaction(database, transaction -> {
                        try (Statement statement = transaction.createStatement()) {
                            statement.execute("INSERT INTO ledger VALUES (1999)");
                        }
                        return "booked"; // the entry and its outcome, or neither
                    }));
        }
    }

    @Test
    void lockWithSecondCheck_askedTwiceAtOnce_booksOnce() throws Exception {
        DataSource database = database();
        CompletableFuture<String> other =
                CompletableFuture.supplyAsync(() -> unchecked(() -> lockWithSecondCheck(database, "order-42")));
        String outcome = lockWithSecondCheck(database, "order-42");
        assertThat(other).succeedsWithin(Duration.ofSeconds(30)).isEqualTo(outcome);
        assertThat(booked(database)).isEqualTo(1);
    }

    private String lockWithSecondCheck(DataSource database, String orderId) throws SQLException {
        try (JdbcIdempotencyStore store = JdbcIdempotencyStore.on(database).open(); // once in an application
                IdempotentHandler<String> bookings = IdempotentHandler.on(store, "book", OutcomeCodec.string())
                        .build();
                Connection transaction = database.getConnection();
                Statement statement = transaction.createStatement()) {
            transaction.setAutoCommit(false);
            // The lock is the claim: a second caller waits here until the first has committed, and gets its outcome.
            String outcome = bookings.inTransaction(transaction).handle(orderId, null, execution -> {
                statement.execute("INSERT INTO ledger VALUES (1999)");
                return "booked";
            });
            transaction.commit(); // where anything is thrown: rollback()
            return outcome;
        }
    }

    private String charge(String orderId, String idempotencyKey) throws IOException {
        if (idempotencyKey.isEmpty()) {
            throw new IOException("the provider wants a key");
        }
        charges.incrementAndGet();
        return "receipt for " + orderId;
    }

    private static DataSource database() throws SQLException {
        JdbcDataSource database = new JdbcDataSource();
        database.setURL("jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1;LOCK_TIMEOUT=20000");
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE ledger (cents INTEGER)");
        }
        JdbcIdempotencyStore.on(database).open().close();
        return database;
    }

    private static long booked(DataSource database) throws SQLException {
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement();
                ResultSet count = statement.executeQuery("SELECT COUNT(*) FROM ledger")) {
            count.next();
            return count.getLong(1);
        }
    }

    private interface Failing<T> {
        T get() throws Exception;
    }

    private static <T> T unchecked(Failing<T> failing) {
        try {
            return failing.get();
        } catch (Exception failed) {
            throw new IllegalStateException(failed);
        }
    }
}
