// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.dedup.testing.TestServers;
import java.io.IOException;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

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
}
