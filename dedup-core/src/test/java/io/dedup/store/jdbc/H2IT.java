// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.nio.file.Path;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/** In a file, and with as many keys as in other databases. */
class H2IT extends AbstractJdbcStoreTest {
    @SuppressWarnings("NullAway.Init") // opened before the tests
    private static HikariDataSource pool;

    @BeforeAll
    static void open(@TempDir Path directory) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl("jdbc:h2:file:" + directory.resolve("contract").toAbsolutePath() + ";DB_CLOSE_DELAY=0");
        config.setMaximumPoolSize(24);
        pool = new HikariDataSource(config);
    }

    @AfterAll
    static void close() {
        pool.close();
    }

    @Override
    DataSource dataSource() {
        return pool;
    }
}
