// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.redis;

import static io.dedup.store.redis.Requests.LEASE;
import static io.dedup.store.redis.Requests.TTL;
import static io.dedup.store.redis.Requests.acquired;
import static io.dedup.store.redis.Requests.key;
import static io.dedup.store.redis.Requests.request;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.dedup.StoredOutcome;
import io.dedup.handler.SeamHarness;
import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.Completion;
import io.dedup.store.LeaseResult;
import io.dedup.store.Release;
import io.dedup.store.ScopedKey;
import io.dedup.testing.TestServers;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.RedisClient;

/** What every driver has to hold on one server, beside {@linkplain AbstractRedisBatchIT batches}. */
abstract class AbstractRedisStoreIT extends AbstractRedisBatchIT {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @Test
    void claim_withoutAnotherClock_takesTheServers() {
        RedisIdempotencyStore store = redis().store().open();
        ScopedKey key = key();
        Claim first = acquired(store.claim(ClaimRequest.of(key, null, Duration.ofMillis(300), TTL)));
        assertThat(first.token()).isCloseTo(System.currentTimeMillis(), within(60_000L));
        assertThat(store.claim(request(key))).isInstanceOf(ClaimResult.InProgress.class);
        await().atMost(PATIENCE).until(() -> store.claim(request(key)) instanceof ClaimResult.Acquired);
    }

    @Test
    void anyKey_outlived_vanishesByItself() {
        RedisIdempotencyStore store = redis().store().withPrefix("short:").open();
        Claim completed = acquired(store.claim(request()));
        store.complete(completed, Completion.unknown(), Duration.ofMillis(1));
        store.claim(ClaimRequest.of(key(), null, Duration.ofMillis(1), Duration.ofMillis(1)));
        Claim released =
                acquired(store.claim(ClaimRequest.of(key(), null, Duration.ofMillis(1), Duration.ofMillis(1))));
        store.release(released, Release.FAILED);
        assertThat(redis().aside().keys("short:*")).isNotEmpty();
        await().atMost(PATIENCE).until(() -> redis().aside().keys("short:*").isEmpty());
    }

    @Test
    void open_serverThatEvicts_isRefusedUnlessAccepted() throws IOException {
        for (String policy : new String[] {"allkeys-lru", "volatile-ttl"}) {
            redis().aside().configSet("maxmemory-policy", policy);
            try {
                assertThatIllegalStateException()
                        .isThrownBy(() -> redis().store().open())
                        .withMessageContaining(policy)
                        .withMessageContaining("withEvictionAccepted");
                RedisIdempotencyStore accepted =
                        redis().store().withEvictionAccepted().open();
                assertThat(accepted.claim(request())).isInstanceOf(ClaimResult.Acquired.class);
            } finally {
                redis().aside().configSet("maxmemory-policy", "noeviction");
            }
        }
    }

    @Test
    void claim_memoryIsFull_isUnavailableAndNothingIsForgotten() {
        RedisIdempotencyStore store = redis().store().open();
        Claim claim = acquired(store.claim(request()));
        Completion completion = Completion.succeeded(StoredOutcome.of(new byte[] {1}));
        store.complete(claim, completion, TTL);
        Claim running = acquired(store.claim(request()));
        Claim failing = acquired(store.claim(request()));
        redis().aside().configSet("maxmemory", "1");
        try {
            assertThat(store.renew(running, LEASE)).as("who runs may go on").isEqualTo(new LeaseResult.Done());
            assertThat(store.complete(running, completion, TTL)).isEqualTo(new LeaseResult.Done());
            assertThat(store.release(failing, Release.FAILED)).isEqualTo(new LeaseResult.Done());
            assertThat(store.claim(request()))
                    .isInstanceOfSatisfying(
                            ClaimResult.Unavailable.class,
                            full -> assertThat(full.reason()).contains("maxmemory"));
        } finally {
            redis().aside().configSet("maxmemory", "0");
        }
        assertThat(store.claim(request(claim.key()))).isEqualTo(new ClaimResult.Completed(completion));
    }

    @Test
    void anyCall_serverHasForgottenTheScript_isDone() {
        RedisIdempotencyStore store = redis().store().open();
        redis().forgetScripts();
        assertThat(store.claim(request())).isInstanceOf(ClaimResult.Acquired.class);
    }

    @Test
    void anyCall_serverIsGone_isIndeterminate() throws IOException {
        TestServers.Redis gone = TestServers.redis();
        try (TestClient client = connect(gone.host(), gone.port())) {
            RedisIdempotencyStore store = client.store().open();
            Claim claim = acquired(store.claim(request()));
            gone.close();
            assertThat(store.claim(request())).isInstanceOf(ClaimResult.Indeterminate.class);
            assertThat(store.renew(claim, LEASE)).isInstanceOf(LeaseResult.Indeterminate.class);
            assertThat(store.complete(claim, Completion.unknown(), TTL)).isInstanceOf(LeaseResult.Indeterminate.class);
            assertThat(store.release(claim, Release.FAILED)).isInstanceOf(LeaseResult.Indeterminate.class);
        }
    }

    /** A claim that the replicas do not have could be given to another owner after a failover. */
    @Test
    void withReplicas_notConfirmed_isIndeterminateAndTheSameClaimOnceItIs() throws Exception {
        TestServers.Redis primary = TestServers.embeddedRedis("save \"\"");
        int port = primary.port();
        try (TestClient client = connect("localhost", port)) {
            RedisIdempotencyStore store =
                    client.store().withReplicas(1, Duration.ofMillis(200)).open();
            ClaimRequest request = request();
            assertThat(store.claim(request))
                    .isInstanceOfSatisfying(
                            ClaimResult.Indeterminate.class,
                            unanswered -> assertThat(unanswered.cause()).hasMessageContaining("0 of 1"));
            TestServers.Redis replica = TestServers.embeddedRedis("replicaof localhost " + port);
            try (RedisClient second = RedisClient.create("localhost", replica.port())) {
                await().atMost(PATIENCE).until(() -> store.claim(request) instanceof ClaimResult.Acquired);
                Claim claim = acquired(store.claim(request));
                assertThat(claim.attempt()).isEqualTo(1);
                assertThat(store.complete(claim, Completion.unknown(), TTL)).isEqualTo(new LeaseResult.Done());
                assertThat(second.hget("dedup:" + new String(claim.key().bytes(), UTF_8), "state"))
                        .as("by the time of the answer")
                        .isEqualTo("U");
            } finally {
                replica.close();
            }
        } finally {
            primary.close();
        }
    }

    static List<Long> seeds() {
        return SeamHarness.seeds(3);
    }

    /** Handlers of several processes, against the truth. */
    @ParameterizedTest
    @MethodSource("seeds")
    @Timeout(value = 5, unit = TimeUnit.MINUTES)
    void handlers_anyHistory_everyOperationHasItsEffectOnce(long seed) throws Exception {
        String prefix = "seam-" + seed + ":";
        SeamHarness harness =
                new SeamHarness(seed, () -> redis().store().withPrefix(prefix).open(), null);
        assertThat(harness.run()).isEmpty();
    }

    @Test
    void open_serverWithoutAppendOnlyFile_warns() {
        Logger logger = (Logger) LoggerFactory.getLogger(RedisIdempotencyStore.class);
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        log.start();
        logger.addAppender(log);
        try {
            redis().aside().configSet("appendonly", "no");
            redis().store().open();
            redis().aside().configSet("appendonly", "yes");
            redis().store().open();
        } finally {
            redis().aside().configSet("appendonly", "no");
            logger.detachAppender(log);
        }
        assertThat(log.list)
                .filteredOn(event ->
                        event.getThreadName().equals(Thread.currentThread().getName()))
                .singleElement()
                .satisfies(event -> assertThat(event.getFormattedMessage()).contains("appendonly yes"));
    }
}
