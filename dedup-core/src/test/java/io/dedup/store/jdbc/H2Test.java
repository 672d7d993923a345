// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;

/** In memory, and with fewer keys than {@link H2IT}. */
class H2Test extends AbstractJdbcStoreTest {
    private static final HikariDataSource POOL = new HikariDataSource(config());

    private static HikariConfig config() {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl("jdbc:h2:mem:contract;DB_CLOSE_DELAY=-1");
        config.setMaximumPoolSize(24);
        return config;
    }

    @AfterAll
    static void close() {
        POOL.close();
    }

    @Override
    DataSource dataSource() {
        return POOL;
    }
}
