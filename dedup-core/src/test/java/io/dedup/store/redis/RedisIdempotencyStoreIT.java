// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.redis;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.dedup.IdempotencyKey;
import io.dedup.StoredOutcome;
import io.dedup.handler.SeamHarness;
import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.Completion;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.LeaseResult;
import io.dedup.store.Release;
import io.dedup.store.ScopedKey;
import io.dedup.store.contract.AbstractIdempotencyStoreTest;
import io.dedup.testing.TestServers;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.RedisClient;
import redis.embedded.RedisServer;

class RedisIdempotencyStoreIT extends AbstractIdempotencyStoreTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Duration LEASE = Duration.ofMinutes(1);
    private static final Duration TTL = Duration.ofHours(1);

    @SuppressWarnings("NullAway.Init") // started before the tests
    private static TestServers.Redis server;

    @SuppressWarnings("NullAway.Init") // started before the tests
    private static RedisClient redis;

    @BeforeAll
    static void start() throws IOException {
        server = TestServers.redis();
        redis = RedisClient.create(server.host(), server.port());
    }

    @AfterAll
    static void stop() throws IOException {
        redis.close();
        server.close();
    }

    @Override
    protected IdempotencyStore open(Clock time) {
        return RedisIdempotencyStore.on(JedisDriver.of(redis))
                .withClock(time::millis)
                .open();
    }

    @Override
    protected boolean keepsOutlivedKeys() {
        return false;
    }

    @Test
    void claim_withoutAnotherClock_takesTheServers() {
        RedisIdempotencyStore store =
                RedisIdempotencyStore.on(JedisDriver.of(redis)).open();
        ScopedKey key = key();
        Claim first = acquired(store.claim(ClaimRequest.of(key, null, Duration.ofMillis(300), TTL)));
        assertThat(first.token()).isCloseTo(System.currentTimeMillis(), within(60_000L));
        assertThat(store.claim(request(key))).isInstanceOf(ClaimResult.InProgress.class);
        await().atMost(PATIENCE).until(() -> store.claim(request(key)) instanceof ClaimResult.Acquired);
    }

    @Test
    void anyKey_outlived_vanishesByItself() {
        RedisIdempotencyStore store = RedisIdempotencyStore.on(JedisDriver.of(redis))
                .withPrefix("short:")
                .open();
        Claim completed = acquired(store.claim(request(key())));
        store.complete(completed, Completion.unknown(), Duration.ofMillis(1));
        store.claim(ClaimRequest.of(key(), null, Duration.ofMillis(1), Duration.ofMillis(1)));
        Claim released =
                acquired(store.claim(ClaimRequest.of(key(), null, Duration.ofMillis(1), Duration.ofMillis(1))));
        store.release(released, Release.FAILED);
        assertThat(redis.keys("short:*")).isNotEmpty();
        await().atMost(PATIENCE).until(() -> redis.keys("short:*").isEmpty());
    }

    @Test
    void open_serverThatEvicts_isRefusedUnlessAccepted() throws IOException {
        for (String policy : new String[] {"allkeys-lru", "volatile-ttl"}) {
            redis.configSet("maxmemory-policy", policy);
            try {
                assertThatIllegalStateException()
                        .isThrownBy(() ->
                                RedisIdempotencyStore.on(JedisDriver.of(redis)).open())
                        .withMessageContaining(policy)
                        .withMessageContaining("withEvictionAccepted");
                RedisIdempotencyStore accepted = RedisIdempotencyStore.on(JedisDriver.of(redis))
                        .withEvictionAccepted()
                        .open();
                assertThat(accepted.claim(request(key()))).isInstanceOf(ClaimResult.Acquired.class);
            } finally {
                redis.configSet("maxmemory-policy", "noeviction");
            }
        }
    }

    @Test
    void claim_memoryIsFull_isUnavailableAndNothingIsForgotten() {
        RedisIdempotencyStore store =
                RedisIdempotencyStore.on(JedisDriver.of(redis)).open();
        Claim claim = acquired(store.claim(request(key())));
        Completion completion = Completion.succeeded(StoredOutcome.of(new byte[] {1}));
        store.complete(claim, completion, TTL);
        Claim running = acquired(store.claim(request(key())));
        Claim failing = acquired(store.claim(request(key())));
        redis.configSet("maxmemory", "1");
        try {
            assertThat(store.renew(running, LEASE)).as("who runs may go on").isEqualTo(new LeaseResult.Done());
            assertThat(store.complete(running, completion, TTL)).isEqualTo(new LeaseResult.Done());
            assertThat(store.release(failing, Release.FAILED)).isEqualTo(new LeaseResult.Done());
            assertThat(store.claim(request(key())))
                    .isInstanceOfSatisfying(
                            ClaimResult.Unavailable.class,
                            full -> assertThat(full.reason()).contains("maxmemory"));
        } finally {
            redis.configSet("maxmemory", "0");
        }
        assertThat(store.claim(request(claim.key()))).isEqualTo(new ClaimResult.Completed(completion));
    }

    @Test
    void anyCall_serverHasForgottenTheScript_isDone() {
        RedisIdempotencyStore store =
                RedisIdempotencyStore.on(JedisDriver.of(redis)).open();
        redis.scriptFlush("any");
        assertThat(store.claim(request(key()))).isInstanceOf(ClaimResult.Acquired.class);
    }

    @Test
    void anyCall_serverIsGone_isIndeterminate() throws IOException {
        TestServers.Redis gone = TestServers.redis();
        try (RedisClient client = RedisClient.create(gone.host(), gone.port())) {
            RedisIdempotencyStore store =
                    RedisIdempotencyStore.on(JedisDriver.of(client)).open();
            Claim claim = acquired(store.claim(request(key())));
            gone.close();
            assertThat(store.claim(request(key()))).isInstanceOf(ClaimResult.Indeterminate.class);
            assertThat(store.renew(claim, LEASE)).isInstanceOf(LeaseResult.Indeterminate.class);
            assertThat(store.complete(claim, Completion.unknown(), TTL)).isInstanceOf(LeaseResult.Indeterminate.class);
            assertThat(store.release(claim, Release.FAILED)).isInstanceOf(LeaseResult.Indeterminate.class);
        }
    }

    /** A claim that the replicas do not have could be given to another owner after a failover. */
    @Test
    void withReplicas_notConfirmed_isIndeterminateAndTheSameClaimOnceItIs() throws Exception {
        RedisServer primary = embedded("save \"\"");
        int port = primary.ports().get(0);
        try (RedisClient client = RedisClient.create("localhost", port)) {
            RedisIdempotencyStore store = RedisIdempotencyStore.on(JedisDriver.of(client))
                    .withReplicas(1, Duration.ofMillis(200))
                    .open();
            ClaimRequest request = request(key());
            assertThat(store.claim(request))
                    .isInstanceOfSatisfying(
                            ClaimResult.Indeterminate.class,
                            unanswered -> assertThat(unanswered.cause()).hasMessageContaining("0 of 1"));
            RedisServer replica = embedded("replicaof localhost " + port);
            try (RedisClient second =
                    RedisClient.create("localhost", replica.ports().get(0))) {
                await().atMost(PATIENCE).until(() -> store.claim(request) instanceof ClaimResult.Acquired);
                Claim claim = acquired(store.claim(request));
                assertThat(claim.attempt()).isEqualTo(1);
                assertThat(store.complete(claim, Completion.unknown(), TTL)).isEqualTo(new LeaseResult.Done());
                assertThat(second.hget("dedup:" + new String(claim.key().bytes(), UTF_8), "state"))
                        .as("by the time of the answer")
                        .isEqualTo("U");
            } finally {
                replica.stop();
            }
        } finally {
            primary.stop();
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
        RedisIdempotencyStore store = RedisIdempotencyStore.on(JedisDriver.of(redis))
                .withPrefix("seam-" + seed + ":")
                .open();
        assertThat(new SeamHarness(seed, () -> store, null).run()).isEmpty();
    }

    private static RedisServer embedded(String setting) throws IOException {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        RedisServer started =
                RedisServer.newRedisServer().port(port).setting(setting).build();
        started.start();
        return started;
    }

    @Test
    void open_serverWithoutAppendOnlyFile_warns() {
        Logger logger = (Logger) LoggerFactory.getLogger(RedisIdempotencyStore.class);
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        log.start();
        logger.addAppender(log);
        try {
            redis.configSet("appendonly", "no");
            RedisIdempotencyStore.on(JedisDriver.of(redis)).open();
            redis.configSet("appendonly", "yes");
            RedisIdempotencyStore.on(JedisDriver.of(redis)).open();
        } finally {
            redis.configSet("appendonly", "no");
            logger.detachAppender(log);
        }
        assertThat(log.list)
                .singleElement()
                .satisfies(event -> assertThat(event.getFormattedMessage()).contains("appendonly yes"));
    }

    private static ScopedKey key() {
        return new ScopedKey(
                "redis",
                IdempotencyKey.of("header:id", UUID.randomUUID().toString().getBytes(UTF_8)));
    }

    private static ClaimRequest request(ScopedKey key) {
        return ClaimRequest.of(key, null, LEASE, TTL);
    }

    private static Claim acquired(ClaimResult result) {
        assertThat(result).isInstanceOf(ClaimResult.Acquired.class);
        return ((ClaimResult.Acquired) result).claim();
    }
}
