// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.testing.TestServers;
import java.io.IOException;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

class PostgresIT extends AbstractJdbcStoreTest {
    @SuppressWarnings("NullAway.Init") // started before the tests
    private static TestServers.Postgres postgres;

    @SuppressWarnings("NullAway.Init") // started before the tests
    private static HikariDataSource pool;

    @BeforeAll
    static void start() throws IOException {
        postgres = TestServers.postgres();
        HikariConfig config = new HikariConfig();
        config.setDataSource(postgres.dataSource());
        config.setMaximumPoolSize(24);
        pool = new HikariDataSource(config);
    }

    @AfterAll
    static void stop() throws IOException {
        pool.close();
        postgres.close();
    }

    @Override
    DataSource dataSource() {
        return pool;
    }

    @Override
    List<String> sentByClaim() {
        return List.of("executeQuery");
    }

    @Override
    List<String> sentByClaimAll() {
        return List.of("executeQuery", "execute", "executeQuery", "commit");
    }

    @Override
    List<String> sentByCompleteAll() {
        return List.of("execute", "executeQuery", "commit");
    }

    /** The store of this test waits ten seconds for a statement, and a batch does not. */
    @Test
    void claimAll_transactionHasInsertedOneKey_thatIsLockedAndTheOthersAreGiven() throws Exception {
        // Given
        JdbcIdempotencyStore store = opened(JdbcIdempotencyStore.on(dataSource()));
        List<ClaimRequest> requests =
                Stream.generate(() -> request(key())).limit(6).toList();
        try (Connection transaction = dataSource().getConnection()) {
            transaction.setAutoCommit(false);
            store.joining(transaction).claim(request(requests.get(2).key()));
            // When
            List<ClaimResult> results = new ArrayList<>(store.claimAll(requests));
            // Then
            assertThat(results.remove(2)).isEqualTo(new ClaimResult.Locked());
            assertThat(results).hasOnlyElementsOfType(ClaimResult.Acquired.class);
            transaction.rollback();
        }
    }

    /** As many configure it: a batch of insertions is sent as one, and its rows are not counted. */
    @Test
    void claimAll_driverRewritesInsertions_oneGetsEachKey() throws Exception {
        PGSimpleDataSource rewriting = new PGSimpleDataSource();
        rewriting.setURL(postgres.url() + "&reWriteBatchedInserts=true");
        JdbcIdempotencyStore store = opened(JdbcIdempotencyStore.on(rewriting));
        List<ClaimRequest> requests =
                Stream.generate(() -> request(key())).limit(300).toList();
        List<ClaimRequest> others =
                requests.stream().map(request -> request(request.key())).toList();
        // When
        CompletableFuture<List<ClaimResult>> meanwhile = CompletableFuture.supplyAsync(() -> store.claimAll(others));
        List<ClaimResult> results = new ArrayList<>(store.claimAll(requests));
        results.addAll(meanwhile.get(PATIENCE.toSeconds(), TimeUnit.SECONDS));
        // Then
        assertThat(results).filteredOn(ClaimResult.Acquired.class::isInstance).hasSize(300);
        assertThat(results).filteredOn(ClaimResult.InProgress.class::isInstance).hasSize(300);
    }
}
