// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.redis;

import static io.dedup.store.redis.EmbeddedRedisCluster.PRIMARIES;
import static io.dedup.store.redis.Requests.COMPLETION;
import static io.dedup.store.redis.Requests.acquired;
import static io.dedup.store.redis.Requests.bytes;
import static io.dedup.store.redis.Requests.completions;
import static io.dedup.store.redis.Requests.request;
import static io.dedup.store.redis.Requests.requests;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeout;

import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.LeaseResult;
import io.dedup.store.contract.AbstractIdempotencyStoreTest;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.util.JedisClusterCRC16;

/** What every driver has to hold on a cluster. */
abstract class AbstractRedisClusterIT extends AbstractIdempotencyStoreTest {
    private static final String PREFIX = "dedup:";

    abstract EmbeddedRedisCluster cluster();

    /** The client that is tested. */
    abstract TestClient client();

    @Override
    protected IdempotencyStore open(Clock time) {
        return client().store().withClock(time::millis).open();
    }

    @Override
    protected int manyKeys() {
        return 5_000;
    }

    @Override
    protected boolean keepsOutlivedKeys() {
        return false;
    }

    @Test
    void batch_keysOfManySlots_areAnsweredInOrderByTheServersThatHaveThem() {
        // Given
        RedisIdempotencyStore store = client().store().open();
        acquired(store.claimAll(requests(100)));
        callsByPrimary();
        List<ClaimRequest> requests = requests(300);
        // When
        List<Claim> claims = acquired(store.claimAll(requests));
        List<LeaseResult> completed = store.completeAll(completions(claims));
        // Then
        assertThat(claims).extracting(Claim::request).isEqualTo(requests);
        assertThat(completed).containsOnly(new LeaseResult.Done());
        assertThat(store.claimAll(requests)).containsOnly(new ClaimResult.Completed(COMPLETION));
        List<Map<String, Long>> calls = callsByPrimary();
        assertThat(calls)
                .as("each server has its own keys")
                .allSatisfy(each -> assertThat(each).doesNotContainKey("eval").containsKey("evalsha"));
        assertThat(calls.stream().mapToLong(each -> each.get("evalsha")).sum()).isEqualTo(900);
    }

    @Test
    void claimAll_oneServerHasForgottenTheScript_sendsItThereOnce() {
        // Given
        RedisIdempotencyStore store = client().store().open();
        acquired(store.claimAll(requests(100)));
        cluster().primary(1).scriptFlush();
        callsByPrimary();
        // When
        acquired(store.claimAll(requests(100)));
        // Then
        List<Map<String, Long>> calls = callsByPrimary();
        assertThat(calls.stream().map(each -> each.getOrDefault("eval", 0L))).containsExactly(0L, 1L, 0L);
    }

    @Test
    void claimAll_oneServerHasNoRoom_othersAreAnswered() {
        // Given
        RedisIdempotencyStore store = client().store().open();
        List<ClaimRequest> requests = requests(60);
        acquired(store.claimAll(requests(60)));
        Jedis full = cluster().primary(2);
        // When
        full.configSet("maxmemory", "1");
        List<ClaimResult> results;
        try {
            results = store.claimAll(requests);
        } finally {
            full.configSet("maxmemory", "0");
        }
        // Then
        for (int i = 0; i < requests.size(); i++) {
            boolean hasRoom = cluster().ownerOf(slot(requests.get(i))) != 2;
            assertThat(results.get(i))
                    .isInstanceOf(hasRoom ? ClaimResult.Acquired.class : ClaimResult.Unavailable.class);
        }
        assertThat(results).hasAtLeastOneElementOfType(ClaimResult.Unavailable.class);
    }

    /** The client learns of it by {@code MOVED}, with or without replicas to wait for. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void batch_slotHasMoved_isFollowed(boolean withReplicas) {
        // Given
        RedisIdempotencyStore store = store(withReplicas);
        acquired(store.claimAll(requests(60)));
        List<ClaimRequest> requests = requests(60);
        int slot = slot(requests.get(30));
        int from = cluster().ownerOf(slot);
        int to = (from + 1) % PRIMARIES;
        cluster().beginMove(slot, from, to);
        cluster().endMove(slot, from, to);
        // When
        List<Claim> claims = acquired(store.claimAll(requests));
        List<LeaseResult> completed = store.completeAll(completions(claims));
        // Then
        assertThat(claims).extracting(Claim::attempt).containsOnly(1);
        assertThat(completed).containsOnly(new LeaseResult.Done());
        assertThat(store.claim(requests.get(30))).isEqualTo(new ClaimResult.Completed(COMPLETION));
        assertThat(cluster().primary(to).exists(bytes(PREFIX, requests.get(30).key())))
                .isTrue();
    }

    /** The client learns of it by {@code ASK}. */
    @Test
    void anyCall_slotIsBeingMoved_isFollowed() {
        // Given
        RedisIdempotencyStore store = client().store().open();
        List<ClaimRequest> requests = requests(3);
        int slot = slot(requests.get(1));
        int from = cluster().ownerOf(slot);
        int to = (from + 1) % PRIMARIES;
        cluster().beginMove(slot, from, to);
        try {
            // When
            List<Claim> claims = acquired(store.claimAll(requests));
            ClaimResult alone = store.claim(request(requests.get(1).key()));
            List<LeaseResult> completed = store.completeAll(completions(claims));
            // Then
            assertThat(alone).isInstanceOf(ClaimResult.InProgress.class);
            assertThat(completed).containsOnly(new LeaseResult.Done());
        } finally {
            cluster().endMove(slot, from, to);
        }
    }

    @Test
    void batch_withReplicas_hasRoomByTheTimeOfTheAnswer() {
        // Given
        RedisIdempotencyStore store = store(true);
        // When
        List<Claim> claims = acquired(store.claimAll(requests(90)));
        assertThat(store.completeAll(completions(claims))).containsOnly(new LeaseResult.Done());
        // Then
        IntStream.range(0, PRIMARIES).forEach(i -> cluster().replica(i).readonly());
        assertThat(claims).allSatisfy(claim -> {
            byte[] key = bytes(PREFIX, claim.key());
            Jedis replica = cluster().replica(cluster().ownerOf(JedisClusterCRC16.getSlot(key)));
            assertThat(replica.hget(key, "state".getBytes(UTF_8))).isEqualTo("S".getBytes(UTF_8));
        });
    }

    @Test
    void batch_withReplicas_waitsOnceForThoseOfEachServer() {
        RedisIdempotencyStore store = store(true);
        acquired(store.claimAll(requests(100)));
        callsByPrimary();
        acquired(store.claimAll(requests(100)));
        assertThat(callsByPrimary()).allSatisfy(calls -> assertThat(calls).containsEntry("wait", 1L));
    }

    @Test
    void batch_tooFewReplicas_isIndeterminateInTime() {
        RedisIdempotencyStore store =
                client().store().withReplicas(2, Duration.ofMillis(300)).open();
        assertTimeout(
                Duration.ofSeconds(10),
                () -> assertThat(store.claimAll(requests(300)))
                        .hasSize(300)
                        .allSatisfy(result -> assertThat(result)
                                .isInstanceOfSatisfying(
                                        ClaimResult.Indeterminate.class,
                                        unanswered ->
                                                assertThat(unanswered.cause()).hasMessageContaining("1 of 2"))));
    }

    private RedisIdempotencyStore store(boolean withReplicas) {
        RedisIdempotencyStore.Builder builder = client().store();
        return withReplicas ? builder.withReplicas(1, Duration.ofSeconds(1)).open() : builder.open();
    }

    private static int slot(ClaimRequest request) {
        return JedisClusterCRC16.getSlot(bytes(PREFIX, request.key()));
    }

    private List<Map<String, Long>> callsByPrimary() {
        List<Map<String, Long>> calls = new ArrayList<>();
        for (int i = 0; i < PRIMARIES; i++) {
            try (RedisClient aside =
                    RedisClient.create(EmbeddedRedisCluster.HOST, cluster().port(i))) {
                calls.add(ServerUnderTest.calls(aside));
            }
        }
        return calls;
    }
}
