// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.memory;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.dedup.IdempotencyKey;
import io.dedup.StoredOutcome;
import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.ClaimState;
import io.dedup.store.Completion;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.LeaseResult;
import io.dedup.store.ScopedKey;
import io.dedup.store.admin.OperationAdmin;
import io.dedup.store.admin.OperationPage;
import io.dedup.store.admin.OperationQuery;
import io.dedup.store.admin.Repair;
import io.dedup.store.admin.RepairResult;
import io.dedup.store.admin.StoredOperation;
import io.dedup.store.contract.AbstractIdempotencyStoreTest;
import io.dedup.store.contract.AbstractOperationAdminTest;
import io.dedup.store.contract.StoreClock;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class MemoryIdempotencyStoreTest extends AbstractIdempotencyStoreTest {
    private final Map<Clock, IdempotencyStore> opened = new HashMap<>();

    @Override
    protected IdempotencyStore open(Clock time) {
        return opened.computeIfAbsent(time, clock -> MemoryIdempotencyStore.holding(200_000, clock));
    }

    /** The operations in it. */
    @Nested
    class OperationAdminTest extends AbstractOperationAdminTest {
        @Override
        protected IdempotencyStore open(Clock time) {
            return MemoryIdempotencyStoreTest.this.open(time);
        }

        @Override
        protected OperationAdmin adminOf(IdempotencyStore opened) {
            return ((MemoryIdempotencyStore) opened).operations();
        }

        @Test
        void list_limit_isThePage() {
            MemoryIdempotencyStore store = MemoryIdempotencyStore.holding(10);
            for (String key : List.of("a", "b", "c")) {
                store.claim(request(key));
            }
            OperationQuery query = OperationQuery.all().withLimit(2);
            OperationPage first = store.operations().list(query);
            assertThat(first.operations()).hasSize(2);
            OperationPage second =
                    store.operations().list(query.after(first.next().orElseThrow()));
            assertThat(second.operations()).hasSize(1).doesNotContainAnyElementsOf(first.operations());
            assertThat(second.next()).isEmpty();
        }

        @Test
        void repair_noRoomForTheOutcome_isDoneWithoutIt() {
            MemoryIdempotencyStore store = MemoryIdempotencyStore.holding(10, 1000);
            ScopedKey key = request("a").key();
            store.complete(
                    ((ClaimResult.Acquired) store.claim(request("a"))).claim(),
                    Completion.unknown(),
                    Duration.ofHours(1));
            StoredOperation seen = store.operations().find(key).orElseThrow();
            Completion large = Completion.succeeded(StoredOutcome.of(new byte[1000]));
            assertThat(store.operations().repair(seen, Repair.resolve(large, Duration.ofHours(1))))
                    .isInstanceOf(RepairResult.Done.class);
            assertThat(store.claim(request("a"))).isEqualTo(new ClaimResult.Completed(large.withoutOutcome()));
            assertThat(store.bytes()).isLessThan(1000);
        }
    }

    @Test
    void claim_fullOfLivingKeys_saysSoAndDropsNone() {
        MemoryIdempotencyStore store = MemoryIdempotencyStore.holding(2);
        assertThat(store.claim(request("a"))).isInstanceOf(ClaimResult.Acquired.class);
        assertThat(store.claim(request("b"))).isInstanceOf(ClaimResult.Acquired.class);
        assertThat(store.claim(request("c")))
                .isInstanceOfSatisfying(
                        ClaimResult.Unavailable.class,
                        full -> assertThat(full.reason()).contains("2 keys"));
        assertThat(store.claim(request("a"))).isInstanceOf(ClaimResult.InProgress.class);
    }

    @Test
    void claim_fullOfOutlivedKeys_makesRoom() {
        StoreClock clock = new StoreClock();
        MemoryIdempotencyStore store = MemoryIdempotencyStore.holding(2, clock);
        store.claim(request("a"));
        store.claim(request("b"));
        clock.advance(Duration.ofSeconds(2).plusMillis(1));
        assertThat(store.claim(request("c"))).isInstanceOf(ClaimResult.Acquired.class);
        assertThat(store.size()).isLessThanOrEqualTo(2);
    }

    @Test
    void claim_oneKeyForEver_takesNoMoreRoom() {
        StoreClock clock = new StoreClock();
        MemoryIdempotencyStore store = MemoryIdempotencyStore.holding(1, clock);
        for (int i = 0; i < 1000; i++) {
            Claim claim = ((ClaimResult.Acquired) store.claim(request("a"))).claim();
            store.complete(claim, Completion.unknown(), Duration.ofMillis(10));
            clock.advance(Duration.ofMillis(11));
            store.purge(1);
        }
        assertThat(store.size()).isZero();
        assertThat(store.bytes()).isZero();
    }

    @Test
    void claim_noBytesLeft_saysSoAndDropsNone() {
        MemoryIdempotencyStore store = MemoryIdempotencyStore.holding(1000, 1000);
        Claim claim = ((ClaimResult.Acquired) store.claim(request("a"))).claim();
        store.claim(request("b"));
        store.claim(request("c"));
        assertThat(store.claim(request("d")))
                .isInstanceOfSatisfying(
                        ClaimResult.Unavailable.class,
                        full -> assertThat(full.reason()).contains("bytes"));
        assertThat(store.inspect(claim)).isEqualTo(new ClaimState.Held());
    }

    /** The operation stays done, whatever room there is for what it came to. */
    @Test
    void complete_noRoomForTheOutcome_isLeftOutAndTheOperationStaysDone() {
        MemoryIdempotencyStore store = MemoryIdempotencyStore.holding(1000, 1000);
        Claim claim = ((ClaimResult.Acquired) store.claim(request("a"))).claim();
        Completion large = Completion.succeeded(StoredOutcome.of(new byte[1000]));
        assertThat(store.complete(claim, large, Duration.ofHours(1))).isEqualTo(new LeaseResult.Done());
        assertThat(store.complete(claim, large, Duration.ofHours(1)))
                .as("again")
                .isEqualTo(new LeaseResult.Done());
        assertThat(store.claim(request("a"))).isEqualTo(new ClaimResult.Completed(large.withoutOutcome()));
    }

    @Test
    void holding_noKeysOrBytes_isRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> MemoryIdempotencyStore.holding(0));
        assertThatIllegalArgumentException().isThrownBy(() -> MemoryIdempotencyStore.holding(1, 0));
    }

    private static ClaimRequest request(String key) {
        return ClaimRequest.of(
                new ScopedKey("", IdempotencyKey.of("header:id", key.getBytes(UTF_8))),
                null,
                Duration.ofSeconds(1),
                Duration.ofSeconds(1));
    }
}
