// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.redis;

import java.io.IOException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** The store on a cluster, by way of Lettuce. */
class LettuceClusterIT extends AbstractRedisClusterIT {
    @SuppressWarnings("NullAway.Init") // started before the tests
    private static EmbeddedRedisCluster cluster;

    @SuppressWarnings("NullAway.Init") // started before the tests
    private static TestClient client;

    @BeforeAll
    static void start() throws IOException {
        cluster = EmbeddedRedisCluster.start();
        client = TestClient.lettuceCluster(EmbeddedRedisCluster.HOST, cluster.port(0));
    }

    @AfterAll
    static void stop() throws IOException {
        client.close();
        cluster.close();
    }

    @Override
    EmbeddedRedisCluster cluster() {
        return cluster;
    }

    @Override
    TestClient client() {
        return client;
    }
}
