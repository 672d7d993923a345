// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

import io.dedup.IdempotencyKey;
import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.Completion;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.LeaseResult;
import io.dedup.store.ScopedKey;
import io.dedup.store.admin.OperationAdmin;
import io.dedup.store.admin.OperationCounts;
import io.dedup.store.admin.OperationPage;
import io.dedup.store.admin.OperationQuery;
import io.dedup.store.admin.OperationState;
import io.dedup.store.admin.Repair;
import io.dedup.store.admin.RepairResult;
import io.dedup.store.admin.StoredOperation;
import io.dedup.store.contract.AbstractOperationAdminTest;
import java.sql.Connection;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

/** What is true of the operations in any database, beside the contract. */
abstract class AbstractJdbcOperationAdminTest extends AbstractOperationAdminTest {
    private static final Duration TTL = Duration.ofHours(1);
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    abstract DataSource dataSource();

    @Override
    protected IdempotencyStore open(Clock time) throws Exception {
        return JdbcIdempotencyStore.on(dataSource()).withClock(time::millis).open();
    }

    @Override
    protected OperationAdmin adminOf(IdempotencyStore opened) {
        return ((JdbcIdempotencyStore) opened).operations();
    }

    /** The statements as they are without a test's clock. */
    @Test
    void everyCall_onTheDatabasesClock_isAnswered() throws Exception {
        try (JdbcIdempotencyStore store = JdbcIdempotencyStore.on(dataSource()).open()) {
            String scope = UUID.randomUUID().toString();
            Claim claim = claimed(store, scope, 1, Duration.ofMinutes(5));
            OperationAdmin admin = store.operations();
            StoredOperation seen = admin.find(claim.key()).orElseThrow();
            assertThat(seen.state()).isEqualTo(OperationState.IN_PROGRESS);
            assertThat(seen.age()).isBetween(Duration.ZERO, Duration.ofMinutes(1));
            assertThat(admin.list(OperationQuery.ofScope(scope)).operations()).hasSize(1);
            assertThat(admin.count().groups())
                    .anySatisfy(group -> assertThat(group.scope()).isEqualTo(scope));
            store.complete(claim, Completion.unknown(), TTL);
            StoredOperation unknown = admin.find(claim.key()).orElseThrow();
            assertThat(admin.repair(unknown, Repair.notDone(TTL))).isInstanceOf(RepairResult.Done.class);
        }
    }

    @Test
    void listAndCount_moreThanABlock_haveEveryOperation() throws Exception {
        try (JdbcIdempotencyStore store = JdbcIdempotencyStore.on(dataSource()).open()) {
            // Given
            String scope = UUID.randomUUID().toString();
            for (int i = 0; i < 43; i++) {
                Claim claim = claimed(store, scope, i, Duration.ofMinutes(5));
                if (i % 10 == 0) {
                    store.complete(claim, Completion.unknown(), TTL);
                }
            }
            JdbcOperationAdmin admin = ((JdbcOperationAdmin) store.operations()).withBlocks(3);
            OperationQuery query = OperationQuery.ofScope(scope)
                    .withStates(Set.of(OperationState.UNKNOWN))
                    .withLimit(2);
            // When
            List<OperationPage> pages = new ArrayList<>();
            Optional<String> next = Optional.empty();
            do {
                pages.add(admin.list(next.map(query::after).orElse(query)));
                next = pages.get(pages.size() - 1).next();
            } while (next.isPresent());
            // Then
            assertThat(pages.stream().flatMap(page -> page.operations().stream()))
                    .hasSize(5)
                    .doesNotHaveDuplicates();
            assertThat(pages).allSatisfy(page -> assertThat(page.operations()).hasSizeLessThanOrEqualTo(2));
            List<OperationCounts.Group> counted = admin.count().groups().stream()
                    .filter(group -> group.scope().equals(scope))
                    .toList();
            assertThat(counted).extracting(OperationCounts.Group::count).containsExactly(38L, 5L);
        }
    }

    /** A transaction that has completed the operation may still commit. */
    @Test
    void repair_transactionHoldsTheKey_isLockedAndNotWaitedFor() throws Exception {
        try (JdbcIdempotencyStore store = JdbcIdempotencyStore.on(dataSource()).open();
                Connection transaction = dataSource().getConnection()) {
            // Given
            Claim claim = claimed(store, UUID.randomUUID().toString(), 1, Duration.ofMillis(1));
            OperationAdmin admin = store.operations();
            await().atMost(PATIENCE)
                    .until(() -> admin.find(claim.key()).orElseThrow().state() == OperationState.STUCK);
            StoredOperation seen = admin.find(claim.key()).orElseThrow();
            transaction.setAutoCommit(false);
            store.joining(transaction).complete(claim, Completion.unknown(), TTL);
            // When
            RepairResult result = admin.repair(seen, Repair.forget());
            // Then
            assertThat(result).isEqualTo(new RepairResult.Locked());
            transaction.commit();
            assertThat(admin.repair(seen, Repair.forget())).isInstanceOf(RepairResult.Changed.class);
            assertThat(store.renew(claim, TTL)).isEqualTo(new LeaseResult.Lost());
        }
    }

    @Test
    void anyCall_storeIsClosed_saysSo() throws Exception {
        JdbcIdempotencyStore store = JdbcIdempotencyStore.on(dataSource()).open();
        Claim claim = claimed(store, UUID.randomUUID().toString(), 1, Duration.ofMinutes(5));
        StoredOperation seen = store.operations().find(claim.key()).orElseThrow();
        store.close();
        assertThatIllegalStateException()
                .isThrownBy(() -> store.operations().list(OperationQuery.all()))
                .withMessageContaining("closed");
        assertThat(store.operations().repair(seen, Repair.forget())).isInstanceOf(RepairResult.Indeterminate.class);
    }

    private static Claim claimed(JdbcIdempotencyStore store, String scope, int number, Duration lease) {
        ScopedKey key = new ScopedKey(scope, IdempotencyKey.of("header:id", ("k" + number).getBytes(UTF_8)));
        ClaimResult result = store.claim(ClaimRequest.of(key, null, lease, TTL));
        assertThat(result).isInstanceOf(ClaimResult.Acquired.class);
        return ((ClaimResult.Acquired) result).claim();
    }
}
