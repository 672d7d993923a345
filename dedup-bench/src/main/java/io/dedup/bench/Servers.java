// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench;

import io.dedup.bench.mode.Mode.Server;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import org.jspecify.annotations.Nullable;
import redis.clients.jedis.RedisClient;
import redis.embedded.RedisServer;

/**
 * Redis and PostgreSQL, each started when it is needed first, in processes of their own. Redis writes nothing to disk, and
 * PostgreSQL does not wait for the disk. Confined to one thread.
 */
final class Servers implements AutoCloseable {
    private @Nullable RedisServer redis;
    private @Nullable EmbeddedPostgres postgres;
    private String redisAddress = "";
    private String jdbcAddress = "";

    /** The address of Redis, which is empty; null unless it is asked for. */
    @Nullable
    String redis(Server needed) {
        return needed == Server.REDIS ? emptyRedis() : null;
    }

    /** The address of the database, which is empty; null unless it is asked for. */
    @Nullable
    String jdbc(Server needed) {
        return needed == Server.POSTGRES ? emptyDatabase() : null;
    }

    private String emptyRedis() {
        if (redis == null) {
            try {
                int port = freePort();
                redis = RedisServer.newRedisServer()
                        .port(port)
                        .setting("save \"\"")
                        .setting("appendonly no")
                        .build();
                redis.start();
                redisAddress = "redis://localhost:" + port;
            } catch (IOException failed) {
                throw new UncheckedIOException(failed);
            }
        }
        try (RedisClient client = RedisClient.create(URI.create(redisAddress))) {
            client.flushAll();
        }
        return redisAddress;
    }

    private String emptyDatabase() {
        if (postgres == null) {
            try {
                postgres = EmbeddedPostgres.start();
                jdbcAddress = "jdbc:postgresql://localhost:" + postgres.getPort() + "/postgres?user=postgres";
            } catch (IOException failed) {
                throw new UncheckedIOException(failed);
            }
        }
        try (Connection connection = DriverManager.getConnection(jdbcAddress);
                Statement statement = connection.createStatement()) {
            statement.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
        } catch (SQLException failed) {
            throw new BenchFailedException("The database could not be emptied", failed);
        }
        return jdbcAddress;
    }

    private static int freePort() throws IOException {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return free.getLocalPort();
        }
    }

    @Override
    public void close() {
        try {
            if (redis != null) {
                redis.stop();
            }
            if (postgres != null) {
                postgres.close();
            }
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }
}
