// SPDX-License-Identifier: Apache-2.0
package io.dedup.testing;

import io.dedup.embedded.EmbeddedBroker;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.Closeable;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.kafka.KafkaContainer;
import redis.embedded.RedisServer;
import redis.embedded.core.ExecutableProvider;
import redis.embedded.core.RedisServerBuilder;

/**
 * Real servers for tests: in containers where there is a Docker engine, else embedded ones. {@code
 * -Ddedup.servers=containers} or {@code embedded} forces either; the log says which. With {@code
 * -Ddedup.broker.classpath=…} Kafka is embedded in a process of its own, and the tests may have other clients.
 */
public final class TestServers {
    private static final Logger LOGGER = LoggerFactory.getLogger(TestServers.class);
    private static final int POSTGRES_PORT = 5432;
    /** How long a server may take to start while other tests keep the processors busy. */
    public static final Duration MAX_START = Duration.ofMinutes(2);

    private static final String PASSWORD = "correct-horse";
    private static final int REDIS_PORT = 6379;

    private TestServers() {}

    /**
     * A Kafka broker.
     *
     * @param bootstrapServers where clients connect
     */
    public record Kafka(String bootstrapServers, Closeable server) implements AutoCloseable {
        @Override
        public void close() {
            try {
                server.close();
            } catch (IOException failed) {
                throw new UncheckedIOException("The broker did not stop", failed);
            }
        }
    }

    /** A PostgreSQL server. */
    public record Postgres(DataSource dataSource, String url, Closeable server) implements Closeable {
        @Override
        public void close() throws IOException {
            server.close();
        }
    }

    /** A Redis server. */
    public record Redis(String host, int port, Closeable server) implements Closeable {
        @Override
        public void close() throws IOException {
            server.close();
        }
    }

    /** Starts a Kafka broker. */
    public static Kafka kafka() {
        return kafka(Map.of());
    }

    /**
     * Starts a Kafka broker with these settings on top of what a test needs.
     *
     * @param overrides broker properties, as in {@code server.properties}
     */
    public static Kafka kafka(Map<String, String> overrides) {
        String classPath = System.getProperty("dedup.broker.classpath", "");
        if (!classPath.isEmpty()) {
            LOGGER.info("Kafka for tests: in a process of its own (-Ddedup.broker.classpath)");
            return BrokerProcess.start(classPath, overrides);
        }
        if (usesContainers("Kafka")) {
            KafkaContainer container = new KafkaContainer("apache/kafka:4.3.1")
                    .withEnv("KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS", "0")
                    .withEnv("KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR", "1")
                    .withEnv("KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR", "1");
            overrides.forEach((name, value) ->
                    container.withEnv("KAFKA_" + name.toUpperCase(Locale.ROOT).replace('.', '_'), value));
            container.start();
            return new Kafka(container.getBootstrapServers(), container::stop);
        }
        EmbeddedBroker embedded = EmbeddedBroker.start(overrides);
        return new Kafka(embedded.bootstrapServers(), embedded::close);
    }

    /** Starts PostgreSQL. */
    public static Postgres postgres() throws IOException {
        if (usesContainers("PostgreSQL")) {
            GenericContainer<?> container = new GenericContainer<>("postgres:17")
                    .withEnv("POSTGRES_PASSWORD", PASSWORD)
                    .withExposedPorts(POSTGRES_PORT);
            container.start();
            String url = "jdbc:postgresql://" + container.getHost() + ":" + container.getMappedPort(POSTGRES_PORT)
                    + "/postgres?user=postgres&password=" + PASSWORD;
            return new Postgres(dataSource(url), url, container::stop);
        }
        EmbeddedPostgres embedded =
                EmbeddedPostgres.builder().setPGStartupWait(MAX_START).start();
        String url = "jdbc:postgresql://localhost:" + embedded.getPort() + "/postgres?user=postgres";
        return new Postgres(dataSource(url), url, embedded);
    }

    private static DataSource dataSource(String url) {
        PGSimpleDataSource dataSource = new PGSimpleDataSource();
        dataSource.setURL(url);
        return dataSource;
    }

    /** Starts Redis. */
    public static Redis redis() throws IOException {
        if (usesContainers("Redis")) {
            GenericContainer<?> container = new GenericContainer<>("redis:7").withExposedPorts(REDIS_PORT);
            container.start();
            return new Redis(container.getHost(), container.getMappedPort(REDIS_PORT), container::stop);
        }
        return embeddedRedis("save \"\"", "appendonly no");
    }

    /** Starts an embedded Redis, also where there are containers, with these lines of {@code redis.conf}. */
    public static Redis embeddedRedis(String... settings) throws IOException {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        return embeddedRedis(port, settings);
    }

    /** Starts an embedded Redis on that port. */
    public static Redis embeddedRedis(int port, String... settings) throws IOException {
        RedisServerBuilder builder = RedisServer.newRedisServer()
                .executableProvider(() -> RedisExecutable.FILE)
                .port(port)
                .setting("dir " + Files.createTempDirectory("redis-data"));
        for (String setting : settings) {
            builder.setting(setting);
        }
        RedisServer embedded = builder.build();
        embedded.start();
        return new Redis("localhost", port, embedded::stop);
    }

    /** The program, which is unpacked once: while a file is written, no process can begin that runs it. */
    private static final class RedisExecutable {
        static final File FILE = unpacked();

        private static File unpacked() {
            try {
                return ExecutableProvider.newJarResourceProvider().get();
            } catch (IOException failed) {
                throw new UncheckedIOException("Redis could not be unpacked", failed);
            }
        }
    }

    private static boolean usesContainers(String what) {
        String wanted = System.getProperty("dedup.servers", "auto").toLowerCase(Locale.ROOT);
        boolean containers = switch (wanted) {
            case "containers" -> true;
            case "embedded" -> false;
            case "auto" -> DockerClientFactory.instance().isDockerAvailable();
            default ->
                throw new IllegalArgumentException(
                        "-Ddedup.servers takes auto, containers or embedded, and not " + wanted);
        };
        LOGGER.info("{} for tests: {} (-Ddedup.servers={})", what, containers ? "in a container" : "embedded", wanted);
        return containers;
    }
}
