// SPDX-License-Identifier: Apache-2.0
package io.dedup.examples;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.IdempotencyKey;
import io.dedup.StoredOutcome;
import io.dedup.handler.IdempotentHandler;
import io.dedup.handler.Outcome;
import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.Completion;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.ScopedKey;
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

    private Outcome redisWithTtl(RedisClient redis, String orderId) throws IOException {
        try (IdempotencyStore store =
                        RedisIdempotencyStore.on(JedisDriver.of(redis)).open(); // once in an application
                IdempotentHandler handler = IdempotentHandler.on(store, "charge")
                        .withLease(Duration.ofSeconds(30)) // when another owner may begin it after a crash
                        .withTtl(Duration.ofHours(24)) // how long its outcome is replayed
                        .build()) {
            IdempotencyKey key = IdempotencyKey.of("header:idempotency-key", orderId.getBytes(UTF_8));
            return handler.handle(key, null, execution -> charge(orderId, execution.downstreamKey("charge")));
        }
    }

    @Test
    void databaseRecordWithExpiry_askedTwice_booksOnce() throws Exception {
        DataSource database = database();
        assertThat(databaseRecordWithExpiry(database, "order-42")).isInstanceOf(Outcome.Processed.class);
        assertThat(databaseRecordWithExpiry(database, "order-42")).isInstanceOf(Outcome.Replayed.class);
        assertThat(booked(database)).isEqualTo(1);
    }

    private Outcome databaseRecordWithExpiry(DataSource database, String orderId) throws SQLException {
        try (JdbcIdempotencyStore store = JdbcIdempotencyStore.on(database).open(); // once in an application
                IdempotentHandler handler = IdempotentHandler.on(store, "book").build()) {
            IdempotencyKey key = IdempotencyKey.of("header:idempotency-key", orderId.getBytes(UTF_8));
            return handler.handle(key, null, execution -> {
                try (Connection transaction = database.getConnection();
                        Statement statement = transaction.createStatement()) {
                    transaction.setAutoCommit(false);
                    try {
                        statement.execute("INSERT INTO ledger VALUES (1999)");
                        execution.complete(store.joining(transaction), "booked".getBytes(UTF_8));
                        transaction.commit(); // the entry and its outcome, or neither
                    } catch (SQLException | RuntimeException failed) {
                        transaction.rollback();
                        throw failed;
                    }
                }
                return null;
            });
        }
    }

    @Test
    void lockWithSecondCheck_askedTwiceAtOnce_booksOnce() throws Exception {
        DataSource database = database();
        CompletableFuture<StoredOutcome> other =
                CompletableFuture.supplyAsync(() -> unchecked(() -> lockWithSecondCheck(database, "order-42")));
        StoredOutcome outcome = lockWithSecondCheck(database, "order-42");
        assertThat(other).succeedsWithin(Duration.ofSeconds(30)).isEqualTo(outcome);
        assertThat(booked(database)).isEqualTo(1);
    }

    private StoredOutcome lockWithSecondCheck(DataSource database, String orderId) throws SQLException {
        ScopedKey key = new ScopedKey("book", IdempotencyKey.of("header:idempotency-key", orderId.getBytes(UTF_8)));
        try (JdbcIdempotencyStore store = JdbcIdempotencyStore.on(database).open(); // once in an application
                Connection transaction = database.getConnection();
                Statement statement = transaction.createStatement()) {
            transaction.setAutoCommit(false);
            IdempotencyStore joined = store.joining(transaction);
            // The lock: the second one waits here, in the database, until the first has committed or rolled back.
            ClaimResult result = joined.claim(ClaimRequest.of(key, null, Duration.ofMinutes(1), Duration.ofHours(24)));
            // The second check, which is the same statement: it was done meanwhile.
            if (result instanceof ClaimResult.Completed completed) {
                transaction.rollback();
                return completed.completion().outcome().orElse(StoredOutcome.of(null));
            } else if (!(result instanceof ClaimResult.Acquired)) {
                transaction.rollback();
                throw new SQLException("try again later: " + result);
            }
            Claim claim = ((ClaimResult.Acquired) result).claim();
            StoredOutcome outcome = StoredOutcome.of("booked".getBytes(UTF_8));
            try {
                statement.execute("INSERT INTO ledger VALUES (1999)");
                joined.complete(claim, Completion.succeeded(outcome), Duration.ofHours(24));
                transaction.commit();
            } catch (SQLException | RuntimeException failed) {
                transaction.rollback();
                throw failed;
            }
            return outcome;
        }
    }

    private byte[] charge(String orderId, String idempotencyKey) throws IOException {
        if (idempotencyKey.isEmpty()) {
            throw new IOException("the provider wants a key");
        }
        charges.incrementAndGet();
        return ("receipt for " + orderId).getBytes(UTF_8);
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
