// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.redis;

import java.io.IOException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** The store by way of Jedis. */
class RedisIdempotencyStoreIT extends AbstractRedisStoreIT {
    @SuppressWarnings("NullAway.Init") // started before the tests
    private static ServerUnderTest redis;

    @BeforeAll
    static void start() throws IOException {
        redis = ServerUnderTest.start(TestClient::jedis);
    }

    @AfterAll
    static void stop() throws IOException {
        redis.close();
    }

    @Override
    ServerUnderTest redis() {
        return redis;
    }

    @Override
    TestClient connect(String host, int port) {
        return TestClient.jedis(host, port);
    }

    @Override
    boolean keepsAnswersBeforeACut() {
        return false;
    }
}
