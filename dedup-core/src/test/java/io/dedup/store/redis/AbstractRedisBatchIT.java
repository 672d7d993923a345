// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.redis;

import static io.dedup.store.redis.Requests.COMPLETION;
import static io.dedup.store.redis.Requests.TTL;
import static io.dedup.store.redis.Requests.acquired;
import static io.dedup.store.redis.Requests.bytes;
import static io.dedup.store.redis.Requests.completions;
import static io.dedup.store.redis.Requests.request;
import static io.dedup.store.redis.Requests.requests;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.LeaseResult;
import io.dedup.store.contract.AbstractIdempotencyStoreTest;
import io.dedup.testing.TestServers;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.RedisClient;

/** Round trips and batches of every driver on one server. */
abstract class AbstractRedisBatchIT extends AbstractIdempotencyStoreTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /** The server of the class, with the client that it tests. */
    abstract ServerUnderTest redis();

    /** Another client of that kind. */
    abstract TestClient connect(String host, int port);

    /** Whether what the server had answered before a cut is passed on. */
    abstract boolean keepsAnswersBeforeACut();

    @Override
    protected IdempotencyStore open(Clock time) {
        return redis().store().withClock(time::millis).open();
    }

    @Override
    protected boolean keepsOutlivedKeys() {
        return false;
    }

    // Round trips

    @Test
    void claimAndComplete_serverKnowsTheScript_areOneCommandEach() {
        // Given
        RedisIdempotencyStore store = redis().store().open();
        acquired(store.claim(request()));
        redis().calls();
        // When
        Claim claim = acquired(store.claim(request()));
        store.complete(claim, COMPLETION, TTL);
        // Then
        Map<String, Long> calls = redis().calls();
        assertThat(calls).containsEntry("evalsha", 2L);
        assertThat(calls.keySet())
                .as("the rest is what the script calls itself, and this test")
                .isSubsetOf(
                        "evalsha",
                        "time",
                        "hmget",
                        "hset",
                        "hdel",
                        "pexpire",
                        "ping",
                        "info",
                        "config",
                        "config|resetstat");
        assertThat(calls.getOrDefault("ping", 0L)).as("by a pool, now and then").isLessThan(2L);
    }

    @Test
    void claimAllAndCompleteAll_manyKeys_areOnePipelineEach() {
        // Given
        RedisIdempotencyStore store = redis().store().open();
        acquired(store.claim(request()));
        List<ClaimRequest> requests = requests(IdempotencyStore.MAX_BATCH);
        redis().calls();
        long before = redis().reads();
        // When
        List<Claim> claims = acquired(store.claimAll(requests));
        List<LeaseResult> completed = store.completeAll(completions(claims));
        // Then
        assertThat(redis().reads() - before)
                .as("the server reads many calls at once")
                .isLessThan(IdempotencyStore.MAX_BATCH / 2);
        assertThat(redis().calls()).containsEntry("evalsha", 2L * IdempotencyStore.MAX_BATCH);
        assertThat(claims).extracting(Claim::request).isEqualTo(requests);
        assertThat(completed).containsOnly(new LeaseResult.Done());
        assertThat(store.claimAll(requests)).containsOnly(new ClaimResult.Completed(COMPLETION));
    }

    // Batches

    @Test
    void claimAll_serverHasForgottenTheScript_sendsItOnce() {
        // Given
        RedisIdempotencyStore store = redis().store().open();
        redis().forgetScripts();
        redis().calls();
        // When
        List<Claim> claims = acquired(store.claimAll(requests(50)));
        // Then
        assertThat(redis().calls()).containsEntry("eval", 1L);
        assertThat(claims).extracting(Claim::attempt).containsOnly(1);
        redis().forgetScripts();
        assertThat(store.completeAll(completions(claims))).containsOnly(new LeaseResult.Done());
    }

    @Test
    void batch_oneIsRefused_othersAreAnswered() {
        // Given
        RedisIdempotencyStore store = redis().store().open();
        List<ClaimRequest> requests = requests(3);
        List<Claim> claims = acquired(store.claimAll(requests(3)));
        redis().aside().set(bytes("dedup:", requests.get(1).key()), new byte[] {1});
        redis().aside().set(bytes("dedup:", claims.get(1).key()), new byte[] {1});
        // When
        List<ClaimResult> claimed = store.claimAll(requests);
        List<LeaseResult> completed = store.completeAll(completions(claims));
        // Then
        assertThat(claimed.get(0)).isInstanceOf(ClaimResult.Acquired.class);
        assertThat(claimed.get(1))
                .isInstanceOfSatisfying(
                        ClaimResult.Unavailable.class,
                        refused -> assertThat(refused.reason()).contains("WRONGTYPE"));
        assertThat(claimed.get(2)).isInstanceOf(ClaimResult.Acquired.class);
        assertThat(completed.get(0)).isEqualTo(new LeaseResult.Done());
        assertThat(completed.get(1)).isInstanceOf(LeaseResult.Indeterminate.class);
        assertThat(completed.get(2)).isEqualTo(new LeaseResult.Done());
    }

    /** Calls of which the server may have answered some, and the client has heard less. */
    @Test
    void batch_connectionIsCutMidway_isIndeterminateWhereThereIsNoAnswerAndCanBeRepeated() throws IOException {
        // Given
        RedisIdempotencyStore direct = redis().store().open();
        List<ClaimRequest> requests = requests(200);
        List<Claim> claims = acquired(direct.claimAll(requests(200)));
        // When
        List<ClaimResult> claimed = cutMidway(store -> store.claimAll(requests));
        List<LeaseResult> completed = cutMidway(store -> store.completeAll(completions(claims)));
        // Then
        assertCut(claimed, ClaimResult.Acquired.class, ClaimResult.Indeterminate.class);
        assertCut(completed, LeaseResult.Done.class, LeaseResult.Indeterminate.class);
        List<Claim> again = acquired(direct.claimAll(requests));
        assertThat(again).extracting(Claim::attempt).containsOnly(1);
        for (int i = 0; i < again.size(); i++) {
            if (claimed.get(i) instanceof ClaimResult.Acquired acquired) {
                assertThat(acquired.claim()).isEqualTo(again.get(i));
            }
        }
        assertThat(direct.completeAll(completions(claims))).containsOnly(new LeaseResult.Done());
    }

    private <T> List<T> cutMidway(Function<IdempotencyStore, List<T>> calls) throws IOException {
        TestServers.Redis server = redis().server();
        try (CuttableProxy proxy = new CuttableProxy(server.host(), server.port());
                TestClient client = connect("localhost", proxy.port())) {
            RedisIdempotencyStore store = client.store().open();
            acquired(store.claim(request()));
            proxy.cutAfter(1_000);
            return calls.apply(store);
        }
    }

    private void assertCut(List<?> results, Class<?> answered, Class<?> unanswered) {
        assertThat(results).hasSize(200).hasOnlyElementsOfTypes(answered, unanswered);
        assertThat(results.get(0)).isInstanceOf(keepsAnswersBeforeACut() ? answered : unanswered);
        assertThat(results.get(199)).isInstanceOf(unanswered);
    }

    @Test
    void claimAll_serverIsGone_isIndeterminate() throws IOException {
        TestServers.Redis gone = TestServers.redis();
        try (TestClient client = connect(gone.host(), gone.port())) {
            RedisIdempotencyStore store = client.store().open();
            gone.close();
            assertThat(store.claimAll(requests(3))).hasSize(3).hasOnlyElementsOfType(ClaimResult.Indeterminate.class);
        }
    }

    @Test
    void batch_withReplicas_waitsOnceAndIsIndeterminateUntilTheyConfirm() throws Exception {
        TestServers.Redis primary = TestServers.embeddedRedis("save \"\"");
        int port = primary.port();
        try (TestClient client = connect("localhost", port);
                RedisClient aside = RedisClient.create("localhost", port)) {
            RedisIdempotencyStore store =
                    client.store().withReplicas(1, Duration.ofMillis(200)).open();
            List<ClaimRequest> requests = requests(20);
            assertThat(store.claimAll(requests))
                    .hasSize(20)
                    .allSatisfy(result -> assertThat(result)
                            .isInstanceOfSatisfying(
                                    ClaimResult.Indeterminate.class,
                                    unanswered -> assertThat(unanswered.cause()).hasMessageContaining("0 of 1")));
            TestServers.Redis replica = TestServers.embeddedRedis("replicaof localhost " + port);
            try (RedisClient second = RedisClient.create("localhost", replica.port())) {
                await().atMost(PATIENCE).until(() -> store.claimAll(requests).get(0) instanceof ClaimResult.Acquired);
                ServerUnderTest.calls(aside);
                List<Claim> claims = acquired(store.claimAll(requests));
                assertThat(claims).extracting(Claim::attempt).containsOnly(1);
                assertThat(store.completeAll(completions(claims))).containsOnly(new LeaseResult.Done());
                assertThat(claims)
                        .as("by the time of the answer")
                        .allSatisfy(claim -> assertThat(second.hget(
                                        "dedup:" + new String(claim.key().bytes(), UTF_8), "state"))
                                .isEqualTo("S"));
                assertThat(ServerUnderTest.calls(aside)).containsEntry("wait", 2L);
            } finally {
                replica.close();
            }
        } finally {
            primary.close();
        }
    }
}
