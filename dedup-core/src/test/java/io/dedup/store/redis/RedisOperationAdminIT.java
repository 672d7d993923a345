// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.redis;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.dedup.IdempotencyKey;
import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.Completion;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.ScopedKey;
import io.dedup.store.admin.OperationAdmin;
import io.dedup.store.admin.OperationQuery;
import io.dedup.store.admin.Repair;
import io.dedup.store.admin.RepairResult;
import io.dedup.store.admin.StoredOperation;
import io.dedup.store.contract.AbstractOperationAdminTest;
import io.dedup.testing.TestServers;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.RedisClient;

class RedisOperationAdminIT extends AbstractOperationAdminTest {
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
    protected OperationAdmin adminOf(IdempotencyStore opened) {
        return ((RedisIdempotencyStore) opened).operations();
    }

    @Test
    void everyCall_onTheServersClock_isAnswered() {
        RedisIdempotencyStore store = RedisIdempotencyStore.on(JedisDriver.of(redis))
                .withPrefix("clock:")
                .open();
        Claim claim = claimed(store, "payments", "a");
        StoredOperation seen = store.operations().find(claim.key()).orElseThrow();
        assertThat(seen.age()).isBetween(Duration.ZERO, Duration.ofMinutes(1));
        assertThat(seen.leaseLeft()).isBetween(Duration.ZERO, TTL);
        store.complete(claim, Completion.unknown(), TTL);
        StoredOperation unknown = store.operations().find(claim.key()).orElseThrow();
        assertThat(store.operations().repair(unknown, Repair.notDone(TTL))).isInstanceOf(RepairResult.Done.class);
    }

    /** More than a block, and keys of others in between. */
    @Test
    void list_keysOfOthers_areLeftOut() {
        RedisIdempotencyStore store = RedisIdempotencyStore.on(JedisDriver.of(redis))
                .withPrefix("a*?:")
                .open();
        Set<ScopedKey> own = new HashSet<>();
        for (int i = 0; i < 1500; i++) {
            own.add(claimed(store, "payments", "k" + i).key());
        }
        RedisIdempotencyStore other = RedisIdempotencyStore.on(JedisDriver.of(redis))
                .withPrefix("abc:")
                .open();
        claimed(other, "payments", "other");
        redis.set("a*?:sessions", "not an operation");
        Set<ScopedKey> listed = new HashSet<>();
        Optional<String> next = Optional.empty();
        OperationQuery query = OperationQuery.all().withLimit(100);
        do {
            var page = store.operations().list(next.map(query::after).orElse(query));
            page.operations().forEach(each -> listed.add(each.key()));
            next = page.next();
        } while (next.isPresent());
        assertThat(listed).isEqualTo(own);
    }

    /** As the store writes it: what is repaired does not stay for ever. */
    @Test
    void repair_anyKey_vanishesWhenItsTimeIsOver() {
        RedisIdempotencyStore store = RedisIdempotencyStore.on(JedisDriver.of(redis))
                .withPrefix("vanish:")
                .open();
        Claim claim = claimed(store, "payments", "a");
        store.complete(claim, Completion.unknown(), Duration.ofDays(9));
        StoredOperation seen = store.operations().find(claim.key()).orElseThrow();
        store.operations().repair(seen, Repair.notDone(TTL));
        String key = "vanish:" + new String(claim.key().bytes(), UTF_8);
        assertThat(redis.pttl(key)).isBetween(1L, TTL.plusSeconds(1).toMillis());
    }

    @Test
    void anyCall_serverIsGone_saysSo() throws IOException {
        TestServers.Redis gone = TestServers.redis();
        try (RedisClient client = RedisClient.create(gone.host(), gone.port())) {
            RedisIdempotencyStore store =
                    RedisIdempotencyStore.on(JedisDriver.of(client)).open();
            Claim claim = claimed(store, "payments", "a");
            StoredOperation seen = store.operations().find(claim.key()).orElseThrow();
            gone.close();
            assertThat(store.operations().repair(seen, Repair.forget())).isInstanceOf(RepairResult.Indeterminate.class);
            assertThatIllegalStateException()
                    .isThrownBy(() -> store.operations().list(OperationQuery.all()));
            assertThatIllegalStateException()
                    .isThrownBy(() -> store.operations().find(claim.key()));
            assertThatIllegalStateException()
                    .isThrownBy(() -> store.operations().count());
        }
    }

    private static Claim claimed(IdempotencyStore store, String scope, String name) {
        ScopedKey key = new ScopedKey(scope, IdempotencyKey.of("header:id", name.getBytes(UTF_8)));
        ClaimResult result = store.claim(ClaimRequest.of(key, null, TTL, TTL));
        assertThat(result).isInstanceOf(ClaimResult.Acquired.class);
        return ((ClaimResult.Acquired) result).claim();
    }
}
