// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dedup.IdempotencyKey;
import io.dedup.StoredOutcome;
import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.Completion;
import io.dedup.store.LeaseResult;
import io.dedup.store.ScopedKey;
import io.dedup.store.jdbc.JdbcIdempotencyStore;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

/** A store in a database in memory, with operations that were begun some time ago. */
final class OperationsFixture implements AutoCloseable {
    static final String SOURCE = "header:idempotency-key";

    private static final AtomicInteger DATABASES = new AtomicInteger();
    private static final Duration LEASE = Duration.ofHours(3);
    private static final Duration TTL = Duration.ofDays(7);

    private final String url;
    private final JdbcIdempotencyStore store;

    OperationsFixture() throws SQLException {
        this("jdbc:h2:mem:operations-" + DATABASES.incrementAndGet() + ";DB_CLOSE_DELAY=-1");
    }

    OperationsFixture(String url) throws SQLException {
        this.url = url;
        this.store = JdbcIdempotencyStore.connectingTo(url, null, null).open();
    }

    String url() {
        return url;
    }

    JdbcIdempotencyStore store() {
        return store;
    }

    static ScopedKey key(String scope, String key) {
        return new ScopedKey(scope, IdempotencyKey.of(SOURCE, key.getBytes(UTF_8)));
    }

    /** An operation that may have been done. */
    Claim unknown(ScopedKey key, Duration ago) throws SQLException {
        return complete(claimed(key, ago), Completion.unknown());
    }

    /** An operation that is done. */
    Claim succeeded(ScopedKey key, Duration ago, String outcome) throws SQLException {
        return complete(claimed(key, ago), Completion.succeeded(StoredOutcome.of(outcome.getBytes(UTF_8))));
    }

    /** An operation whose lease is over for so long. */
    Claim stuck(ScopedKey key, Duration ago, Duration over) throws SQLException {
        Claim claim = claimed(key, ago);
        shift("lease_until", key, LEASE.plus(over));
        return claim;
    }

    /** An operation that was claimed first so long ago, and has its lease from now. */
    Claim claimed(ScopedKey key, Duration ago) throws SQLException {
        ClaimResult result = store.claim(ClaimRequest.of(key, null, LEASE, TTL));
        if (!(result instanceof ClaimResult.Acquired acquired)) {
            throw new IllegalStateException("the key is not free: " + result);
        }
        shift("begun_at", key, ago);
        return acquired.claim();
    }

    private Claim complete(Claim claim, Completion completion) {
        LeaseResult result = store.complete(claim, completion, TTL);
        if (!(result instanceof LeaseResult.Done)) {
            throw new IllegalStateException("the claim is lost: " + result);
        }
        return claim;
    }

    private void shift(String column, ScopedKey key, Duration back) throws SQLException {
        try (Connection connection = DriverManager.getConnection(url);
                PreparedStatement update = connection.prepareStatement("UPDATE " + JdbcIdempotencyStore.DEFAULT_TABLE
                        + " SET " + column + " = " + column + " - ? WHERE id = ?")) {
            update.setLong(1, back.toMillis());
            update.setBytes(2, key.bytes());
            update.executeUpdate();
        }
    }

    Outcome dedup(String... arguments) {
        String[] all = new String[arguments.length + 3];
        all[0] = "operations";
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        all[arguments.length + 1] = "--store";
        all[arguments.length + 2] = url;
        return Outcome.of(all);
    }

    @Override
    public void close() {
        store.close();
    }
}
