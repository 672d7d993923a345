// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.dedup.testing.TestServers;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.ds.PGSimpleDataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * PostgreSQL behind a PgBouncer that gives each transaction another connection, as docs/databases.md configures both. Where there
 * is no PgBouncer, nothing of this is run, and the log says so.
 */
class PgBouncerIT extends AbstractJdbcStoreTest {
    private static final Logger LOGGER = LoggerFactory.getLogger(PgBouncerIT.class);
    /** Fewer than there are clients, so that they have to share them. */
    private static final int SERVER_CONNECTIONS = 12;

    private static TestServers.@Nullable Postgres postgres;
    private static @Nullable Process bouncer;
    private static @Nullable HikariDataSource pool;

    @BeforeAll
    static void start(@TempDir Path directory) throws Exception {
        Optional<File> program = program();
        if (program.isEmpty()) {
            LOGGER.warn(
                    "NOT RUN: the store behind PgBouncer. There is no pgbouncer on the path; on Debian: apt-get install"
                            + " pgbouncer");
        }
        assumeTrue(program.isPresent(), "pgbouncer is on the path");
        TestServers.Postgres server = TestServers.postgres();
        postgres = server;
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        bouncer = started(program.orElseThrow(), configuration(directory, server, port));
        pool = pool(port);
        await().atMost(PATIENCE)
                .ignoreExceptions()
                .until(() -> !serverProcesses(1).isEmpty());
    }

    private static Optional<File> program() {
        return Stream.concat(Stream.of(System.getenv("PATH").split(File.pathSeparator)), Stream.of("/usr/sbin"))
                .map(directory -> new File(directory, "pgbouncer"))
                .filter(File::canExecute)
                .findFirst();
    }

    private static Path configuration(Path directory, TestServers.Postgres server, int port) throws IOException {
        PGSimpleDataSource address = new PGSimpleDataSource();
        address.setURL(server.url());
        String password = address.getPassword() == null ? "" : " password=" + address.getPassword();
        // PgBouncer does not run as root, and has to read it as another user.
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        return Files.writeString(directory.resolve("pgbouncer.ini"), """
                [databases]
                postgres = host=%s port=%d user=postgres%s
                [pgbouncer]
                listen_addr = 127.0.0.1
                listen_port = %d
                unix_socket_dir =
                auth_type = any
                pool_mode = transaction
                max_client_conn = 200
                default_pool_size = %d
                """.formatted(
                        address.getServerNames()[0], address.getPortNumbers()[0], password, port, SERVER_CONNECTIONS));
    }

    private static Process started(File program, Path configuration) throws IOException {
        List<String> command = System.getProperty("user.name").equals("root")
                ? List.of(program.toString(), "-u", "nobody", configuration.toString())
                : List.of(program.toString(), configuration.toString());
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(configuration.resolveSibling("pgbouncer.log").toFile())
                .start();
    }

    private static HikariDataSource pool(int port) {
        PGSimpleDataSource bounced = new PGSimpleDataSource();
        bounced.setURL("jdbc:postgresql://127.0.0.1:" + port + "/postgres?user=postgres&prepareThreshold=0");
        HikariConfig config = new HikariConfig();
        config.setDataSource(bounced);
        config.setMaximumPoolSize(24);
        config.setInitializationFailTimeout(-1);
        return new HikariDataSource(config);
    }

    @AfterAll
    static void stop() throws IOException {
        if (pool != null) {
            pool.close();
        }
        if (bouncer != null) {
            bouncer.destroy();
        }
        if (postgres != null) {
            postgres.close();
        }
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

    @Override
    DataSource dataSource() {
        if (pool == null) {
            throw new IllegalStateException("PgBouncer has not been started");
        }
        return pool;
    }

    /** Else this would be a test of PostgreSQL without PgBouncer. */
    @Test
    void connection_eachTransaction_mayHaveAnotherServerConnection() throws Exception {
        assertThat(serverProcesses(6)).hasSizeGreaterThan(1);
    }

    /** Those that one connection has had, while another now and then held one in a transaction. */
    private static Set<Integer> serverProcesses(int transactions) throws SQLException {
        HikariDataSource source = pool;
        if (source == null) {
            throw new IllegalStateException("PgBouncer has not been started");
        }
        Set<Integer> processes = new HashSet<>();
        try (Connection connection = source.getConnection();
                Connection other = source.getConnection();
                Statement statement = connection.createStatement();
                Statement holding = other.createStatement()) {
            for (int i = 0; i < transactions; i++) {
                try (ResultSet process = statement.executeQuery("SELECT pg_backend_pid()")) {
                    process.next();
                    processes.add(process.getInt(1));
                }
                other.setAutoCommit(false);
                holding.execute("SELECT 1");
                try (ResultSet process = statement.executeQuery("SELECT pg_backend_pid()")) {
                    process.next();
                    processes.add(process.getInt(1));
                }
                other.rollback();
                other.setAutoCommit(true);
            }
        }
        return processes;
    }
}
