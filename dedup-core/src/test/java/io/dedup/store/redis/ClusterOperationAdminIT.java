// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dedup.store.IdempotencyStore;
import io.dedup.store.admin.OperationAdmin;
import io.dedup.store.contract.AbstractOperationAdminTest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.RedisClusterClient;
import redis.embedded.RedisServer;

/** On a cluster of two primaries, of which one has two ranges of slots. */
class ClusterOperationAdminIT extends AbstractOperationAdminTest {
    private static final String HOST = "127.0.0.1";
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final List<RedisServer> SERVERS = new ArrayList<>();

    @TempDir
    private static Path directory;

    @SuppressWarnings("NullAway.Init") // started before the tests
    private static RedisClusterClient redis;

    @BeforeAll
    static void start() throws IOException {
        int first = started();
        int second = started();
        try (Jedis one = new Jedis(HOST, first);
                Jedis two = new Jedis(HOST, second)) {
            one.clusterAddSlots(slots(0, 5000));
            two.clusterAddSlots(slots(5000, 12_000));
            one.clusterAddSlots(slots(12_000, 16_384));
            one.clusterMeet(HOST, second);
            await().atMost(PATIENCE)
                    .until(() -> List.of(one, two).stream()
                            .allMatch(node -> node.clusterInfo().contains("cluster_state:ok")
                                    && node.clusterInfo().contains("cluster_slots_assigned:16384")));
        }
        redis = RedisClusterClient.create(Set.of(new HostAndPort(HOST, first)));
    }

    private static int[] slots(int from, int to) {
        return IntStream.range(from, to).toArray();
    }

    private static int started() throws IOException {
        int port = freePort();
        RedisServer server = RedisServer.newRedisServer()
                .port(port)
                .setting("cluster-enabled yes")
                .setting("cluster-config-file " + directory.resolve(port + ".conf"))
                .setting("save \"\"")
                .build();
        server.start();
        SERVERS.add(server);
        return port;
    }

    /** One whose bus, ten thousand above it, is a port as well. */
    private static int freePort() throws IOException {
        while (true) {
            try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                if (free.getLocalPort() < 55_000) {
                    return free.getLocalPort();
                }
            }
        }
    }

    @AfterAll
    static void stop() throws IOException {
        redis.close();
        for (RedisServer server : SERVERS) {
            server.stop();
        }
    }

    @Override
    protected IdempotencyStore open(Clock time) {
        return RedisIdempotencyStore.on(JedisDriver.of(redis))
                .withClock(time::millis)
                .open();
    }

    @Override
    protected OperationAdmin adminOf(IdempotencyStore opened) {
        return ((RedisIdempotencyStore) opened).operations();
    }

    /** Else the tests above would not say anything about a cluster. */
    @Test
    void cluster_keysOfTheTests_areOnBothServers() {
        for (int i = 0; i < 100; i++) {
            redis.set("spread-" + i, "");
        }
        for (RedisServer server : SERVERS) {
            try (Jedis node = new Jedis(HOST, server.ports().get(0))) {
                assertThat(node.dbSize()).isPositive();
            }
        }
    }
}
