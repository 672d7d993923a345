// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.redis;

import static io.dedup.store.redis.Requests.request;
import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.store.ClaimResult;
import java.io.IOException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The store by way of Lettuce. */
class LettuceStoreIT extends AbstractRedisStoreIT {
    @SuppressWarnings("NullAway.Init") // started before the tests
    private static ServerUnderTest redis;

    @BeforeAll
    static void start() throws IOException {
        redis = ServerUnderTest.start(TestClient::lettuce);
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
        return TestClient.lettuce(host, port);
    }

    @Override
    boolean keepsAnswersBeforeACut() {
        return true;
    }

    /** An interrupt does not undo a call, so its answer is wanted all the same. */
    @Test
    void claim_interruptedThread_isAnsweredAndStillInterrupted() {
        RedisIdempotencyStore store = redis.store().open();
        Thread.currentThread().interrupt();
        ClaimResult result = store.claim(request());
        assertThat(Thread.interrupted()).isTrue();
        assertThat(result).isInstanceOf(ClaimResult.Acquired.class);
    }
}
