// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.redis;

import io.lettuce.core.RedisURI;
import io.lettuce.core.cluster.RedisClusterClient;
import java.time.Duration;
import java.util.function.Supplier;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.RedisClient;

/** A client, and drivers on it. Closing it closes the client. */
record TestClient(Supplier<RedisDriver> drivers, Runnable closing) implements AutoCloseable {
    /** How a client is made. */
    interface Connecting {
        TestClient to(String host, int port);
    }

    static TestClient jedis(String host, int port) {
        RedisClient client = RedisClient.create(host, port);
        return new TestClient(() -> JedisDriver.of(client), client::close);
    }

    static TestClient jedisCluster(String host, int port) {
        redis.clients.jedis.RedisClusterClient client =
                redis.clients.jedis.RedisClusterClient.create(new HostAndPort(host, port));
        return new TestClient(() -> JedisDriver.of(client), client::close);
    }

    static TestClient lettuce(String host, int port) {
        io.lettuce.core.RedisClient client = io.lettuce.core.RedisClient.create(uri(host, port));
        return new TestClient(() -> LettuceDriver.of(client), client::shutdown);
    }

    static TestClient lettuceCluster(String host, int port) {
        RedisClusterClient client = RedisClusterClient.create(uri(host, port));
        return new TestClient(() -> LettuceDriver.of(client), client::shutdown);
    }

    private static RedisURI uri(String host, int port) {
        RedisURI uri = RedisURI.create(host, port);
        uri.setTimeout(Duration.ofSeconds(2));
        return uri;
    }

    RedisIdempotencyStore.Builder store() {
        return RedisIdempotencyStore.on(drivers.get());
    }

    @Override
    public void close() {
        closing.run();
    }
}
