// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.redis;

import static org.awaitility.Awaitility.await;

import io.dedup.testing.TestServers;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import redis.clients.jedis.Jedis;

/** Three primaries that share the slots of a cluster, each with a replica: embedded, also where there are containers. */
final class EmbeddedRedisCluster implements AutoCloseable {
    static final String HOST = "127.0.0.1";
    static final int PRIMARIES = 3;
    private static final int SLOTS = 16_384;

    /** What servers of a cluster talk to each other on is this much higher than what clients connect to. */
    private static final int BUS = 10_000;

    private final List<TestServers.Redis> servers = new ArrayList<>();

    /** The primaries in the order of their slots, then their replicas in that order. Confined to one thread. */
    private final List<Jedis> nodes = new ArrayList<>();

    static EmbeddedRedisCluster start() throws IOException {
        EmbeddedRedisCluster cluster = new EmbeddedRedisCluster();
        try {
            for (int i = 0; i < 2 * PRIMARIES; i++) {
                cluster.startServer();
            }
            cluster.join();
            return cluster;
        } catch (RuntimeException | IOException failed) {
            cluster.close();
            throw failed;
        }
    }

    private void startServer() throws IOException {
        int port = freePort();
        servers.add(TestServers.embeddedRedis(port, "save \"\"", "cluster-enabled yes", "cluster-node-timeout 60000"));
        nodes.add(new Jedis(HOST, port));
    }

    private static int freePort() {
        while (true) {
            int port = ThreadLocalRandom.current().nextInt(12_000, 32_000);
            if (isFree(port) && isFree(port + BUS)) {
                return port;
            }
        }
    }

    private static boolean isFree(int port) {
        try (ServerSocket free = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            return free.isBound();
        } catch (IOException taken) {
            return false;
        }
    }

    private void join() {
        for (int i = 0; i < PRIMARIES; i++) {
            nodes.get(i).clusterAddSlots(slots(i).toArray());
        }
        for (int i = 1; i < nodes.size(); i++) {
            nodes.get(i).clusterMeet(HOST, port(0));
        }
        await().atMost(TestServers.MAX_START)
                .until(() -> nodes.stream()
                        .allMatch(node -> node.clusterInfo().contains("cluster_known_nodes:" + nodes.size())
                                && node.clusterInfo().contains("cluster_state:ok")));
        for (int i = 0; i < PRIMARIES; i++) {
            replica(i).clusterReplicate(id(i));
        }
        await().atMost(TestServers.MAX_START)
                .until(() -> IntStream.range(0, PRIMARIES)
                        .allMatch(i -> primary(i).info("replication").contains("state=online")));
        // Every node has to know of every replica, or a client learns from one that does not.
        await().atMost(TestServers.MAX_START)
                .until(() -> nodes.stream()
                        .allMatch(node -> node.clusterNodes()
                                        .lines()
                                        .filter(line -> line.contains("slave"))
                                        .count()
                                == PRIMARIES));
    }

    private static IntStream slots(int primary) {
        return IntStream.range(primary * SLOTS / PRIMARIES, (primary + 1) * SLOTS / PRIMARIES);
    }

    Jedis primary(int index) {
        return nodes.get(index);
    }

    Jedis replica(int index) {
        return nodes.get(PRIMARIES + index);
    }

    int port(int index) {
        return servers.get(index).port();
    }

    String id(int index) {
        return nodes.get(index).clusterMyId();
    }

    /** Which primary has the slot now. */
    int ownerOf(int slot) {
        return IntStream.range(0, PRIMARIES)
                .filter(i -> has(i, slot))
                .findFirst()
                .orElseThrow();
    }

    /** By the ranges in its own line of {@code CLUSTER NODES}: {@code id … myself,master … connected 0-99 200}. */
    private boolean has(int primary, int slot) {
        String own = primary(primary)
                .clusterNodes()
                .lines()
                .filter(line -> line.contains("myself"))
                .findFirst()
                .orElseThrow();
        return Stream.of(own.split(" "))
                .skip(8)
                .filter(range -> !range.startsWith("["))
                .map(range -> range.split("-"))
                .anyMatch(range ->
                        Integer.parseInt(range[0]) <= slot && slot <= Integer.parseInt(range[range.length - 1]));
    }

    /**
     * Deletes the keys of a slot and begins to give it away: a key that the first primary does not have is looked for at the second.
     */
    void beginMove(int slot, int from, int to) {
        // Keys of other tests, and keys that have expired and are still there, would keep the slot from being given
        // away.
        primary(from)
                .clusterGetKeysInSlotBinary(slot, Integer.MAX_VALUE)
                .forEach(key -> primary(from).del(key));
        primary(to).clusterSetSlotImporting(slot, id(from));
        primary(from).clusterSetSlotMigrating(slot, id(to));
    }

    /** Ends it, where the slot is empty at the first primary. */
    void endMove(int slot, int from, int to) {
        primary(to).clusterSetSlotNode(slot, id(to));
        primary(from).clusterSetSlotNode(slot, id(to));
    }

    @Override
    public void close() throws IOException {
        nodes.forEach(Jedis::close);
        for (TestServers.Redis server : servers) {
            server.close();
        }
    }
}
