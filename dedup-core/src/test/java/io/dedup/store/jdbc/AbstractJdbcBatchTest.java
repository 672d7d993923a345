// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.IdempotencyKey;
import io.dedup.StoredOutcome;
import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.Completion;
import io.dedup.store.CompletionRequest;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.LeaseResult;
import io.dedup.store.ScopedKey;
import io.dedup.store.contract.AbstractIdempotencyStoreTest;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Calls for many keys in any database: their statements, their transactions, and what may go wrong with those. */
abstract class AbstractJdbcBatchTest extends AbstractIdempotencyStoreTest {
    static final Duration LEASE = Duration.ofMinutes(1);
    static final Duration TTL = Duration.ofHours(1);
    static final Duration PATIENCE = Duration.ofSeconds(30);

    private static final Completion COMPLETION = Completion.succeeded(StoredOutcome.of(new byte[] {3}));
    private static final LeaseResult DONE = new LeaseResult.Done();

    private final List<JdbcIdempotencyStore> stores = new ArrayList<>();

    abstract DataSource dataSource();

    /** What a claim for a key that is absent sends. */
    List<String> sentByClaim() {
        return List.of("executeQuery", "executeUpdate");
    }

    /** What claims for many keys that are absent send. */
    List<String> sentByClaimAll() {
        return List.of("executeQuery", "executeBatch", "commit");
    }

    List<String> sentByCompleteAll() {
        return List.of("executeBatch", "commit");
    }

    @AfterEach
    final void closeStores() {
        stores.forEach(JdbcIdempotencyStore::close);
    }

    final JdbcIdempotencyStore opened(JdbcIdempotencyStore.Builder builder) throws SQLException {
        JdbcIdempotencyStore store = builder.open();
        stores.add(store);
        return store;
    }

    @Override
    protected IdempotencyStore open(Clock time) throws Exception {
        return opened(JdbcIdempotencyStore.on(dataSource()).withClock(time::millis));
    }

    // Round trips

    @Test
    void claimAndComplete_oneAtATime_takeFewStatements() throws Exception {
        RoundTrips trips = new RoundTrips(dataSource());
        JdbcIdempotencyStore store = opened(JdbcIdempotencyStore.on(trips.dataSource()));
        trips.taken();
        Claim claim = acquired(store.claim(request(key())));
        assertThat(trips.taken()).isEqualTo(sentByClaim());
        store.complete(claim, COMPLETION, TTL);
        assertThat(trips.taken()).containsExactly("executeUpdate");
        store.claim(request(claim.key()));
        assertThat(trips.taken()).as("a duplicate").containsExactly("executeQuery");
    }

    @Test
    void claimAllAndCompleteAll_manyKeys_takeFewStatements() throws Exception {
        RoundTrips trips = new RoundTrips(dataSource());
        JdbcIdempotencyStore store = opened(JdbcIdempotencyStore.on(trips.dataSource()));
        List<ClaimRequest> requests = requests(BatchOperations.MAX_ROWS);
        trips.taken();
        List<Claim> claims = claims(store.claimAll(requests));
        assertThat(trips.taken()).isEqualTo(sentByClaimAll());
        assertThat(store.completeAll(completions(claims))).containsOnly(DONE);
        assertThat(trips.taken()).isEqualTo(sentByCompleteAll());
        store.claimAll(others(requests));
        assertThat(trips.taken()).as("duplicates").containsExactly("executeQuery", "commit");
    }

    /** Drivers can send a batch as one statement, and so cannot say which of its rows were written. */
    @Test
    void claimAllAndCompleteAll_driverDoesNotCount_areTheSame() throws Exception {
        JdbcIdempotencyStore store = opened(JdbcIdempotencyStore.on(Faults.withoutCounts(dataSource())));
        List<Claim> claims = claims(store.claimAll(requests(20)));
        Claim lost = acquired(store.claim(request(key())));
        store.complete(lost, Completion.unknown(), TTL);
        List<Claim> withLost = new ArrayList<>(claims);
        withLost.add(7, lost);
        assertThat(store.completeAll(completions(claims.subList(0, 3)))).containsOnly(DONE);
        List<LeaseResult> results = store.completeAll(completions(withLost));
        assertThat(results.get(7)).isEqualTo(new LeaseResult.Lost());
        assertThat(results).filteredOn(DONE::equals).hasSize(20);
    }

    // Others

    @Test
    void claimAll_anotherClaimsInBetween_oneGetsEachKey() throws Exception {
        Faults faults = new Faults(dataSource());
        JdbcIdempotencyStore other = opened(JdbcIdempotencyStore.on(dataSource()));
        for (DataSource source : List.of(faults.dataSource(), Faults.withoutCounts(faults.dataSource()))) {
            // Given
            JdbcIdempotencyStore store = opened(JdbcIdempotencyStore.on(source));
            List<ClaimRequest> requests = requests(10);
            Queue<ClaimResult> meanwhile = new ConcurrentLinkedQueue<>();
            faults.duringNextBatch(() -> meanwhile.addAll(other.claimAll(others(requests.subList(4, 6)))));
            // When
            List<ClaimResult> results = store.claimAll(requests);
            // Then
            assertThat(meanwhile).hasSize(2).hasOnlyElementsOfType(ClaimResult.Acquired.class);
            assertThat(results.subList(4, 6)).hasOnlyElementsOfType(ClaimResult.InProgress.class);
            results.subList(4, 6).clear();
            assertThat(store.completeAll(completions(claims(results))))
                    .hasSize(8)
                    .containsOnly(DONE);
            assertThat(faults.pending()).isFalse();
        }
    }

    /** One key is waited for in vain; that is no reason for the others not to be given. */
    @Test
    void claimAll_transactionHoldsOneKey_othersAreGiven() throws Exception {
        // Given
        JdbcIdempotencyStore store =
                opened(JdbcIdempotencyStore.on(dataSource()).withTimeout(Duration.ofSeconds(2)));
        List<ClaimRequest> requests = requests(6);
        try (Connection transaction = transaction()) {
            acquired(store.joining(transaction).claim(request(requests.get(2).key())));
            // When
            List<ClaimResult> results = store.claimAll(requests);
            // Then
            assertThat(results.remove(2)).isNotInstanceOfAny(ClaimResult.Acquired.class, ClaimResult.Completed.class);
            assertThat(claims(results)).hasSize(5);
            transaction.rollback();
        }
        assertThat(claims(store.claimAll(requests)))
                .hasSize(6)
                .allSatisfy(claim -> assertThat(claim.attempt()).isEqualTo(1));
    }

    @Test
    void completeAll_transactionHoldsOneKey_othersAreDone() throws Exception {
        // Given
        JdbcIdempotencyStore store =
                opened(JdbcIdempotencyStore.on(dataSource()).withTimeout(Duration.ofSeconds(2)));
        List<Claim> claims = claims(store.claimAll(requests(6)));
        try (Connection transaction = transaction()) {
            assertThat(store.joining(transaction).complete(claims.get(2), COMPLETION, TTL))
                    .isEqualTo(DONE);
            // When
            List<LeaseResult> results = store.completeAll(completions(claims));
            // Then
            assertThat(results.remove(2)).isInstanceOf(LeaseResult.Indeterminate.class);
            assertThat(results).hasSize(5).containsOnly(DONE);
            transaction.commit();
        }
        assertThat(store.completeAll(completions(claims))).containsOnly(DONE);
    }

    // Failures

    @Test
    void anyBatch_commitIsNotAnswered_isIndeterminateAndCanBeRepeated() throws Exception {
        Faults faults = new Faults(dataSource());
        JdbcIdempotencyStore store = opened(JdbcIdempotencyStore.on(faults.dataSource()));
        List<ClaimRequest> requests = requests(10);
        faults.breakAfterNextCommit();
        assertThat(store.claimAll(requests)).hasSize(10).hasOnlyElementsOfType(ClaimResult.Indeterminate.class);
        List<Claim> claims = claims(store.claimAll(requests));
        assertThat(claims)
                .extracting(Claim::attempt)
                .as("the first call was done")
                .containsOnly(1);
        faults.breakAfterNextCommit();
        assertThat(store.completeAll(completions(claims)))
                .hasSize(10)
                .hasOnlyElementsOfType(LeaseResult.Indeterminate.class);
        assertThat(store.completeAll(completions(claims))).containsOnly(DONE);
        assertThat(faults.pending()).isFalse();
    }

    /** A deadlock, a constraint, a limit of time: nothing of it is left, and each is asked for alone. */
    @Test
    void anyBatch_rolledBack_isDoneOneByOne() throws Exception {
        Faults faults = new Faults(dataSource());
        RoundTrips trips = new RoundTrips(faults.dataSource());
        JdbcIdempotencyStore store = opened(JdbcIdempotencyStore.on(trips.dataSource()));
        trips.taken();
        faults.breakAfterNextUpdate();
        List<Claim> claims = claims(store.claimAll(requests(10)));
        assertThat(claims).extracting(Claim::attempt).containsOnly(1);
        assertThat(trips.taken()).containsSubsequence("executeQuery", "rollback");
        faults.breakAfterNextUpdate();
        assertThat(store.completeAll(completions(claims))).hasSize(10).containsOnly(DONE);
        assertThat(trips.taken()).contains("rollback").doesNotContain("commit");
        assertThat(faults.pending()).isFalse();
    }

    @Test
    void anyBatch_howeverItEnded_connectionsCommitByThemselves() throws Exception {
        Faults faults = new Faults(dataSource());
        DataSource source = faults.dataSource();
        Queue<Connection> connections = new ConcurrentLinkedQueue<>();
        JdbcIdempotencyStore store = opened(JdbcIdempotencyStore.on((ConnectionSource) () -> {
            Connection connection = source.getConnection();
            connections.add(connection);
            return connection;
        }));
        List<Claim> claims = claims(store.claimAll(requests(5)));
        faults.breakAfterNextUpdate();
        store.completeAll(completions(claims));
        faults.breakAfterNextCommit();
        store.claimAll(requests(5));
        for (Connection connection : connections) {
            assertThat(connection.isClosed() || connection.getAutoCommit()).isTrue();
        }
    }

    @Test
    void anyBatch_tableHasGoneOrStoreIsClosed_isNotDone() throws Exception {
        String table = "gone_" + Long.toString(System.nanoTime(), 36);
        JdbcIdempotencyStore store =
                opened(JdbcIdempotencyStore.on(dataSource()).withTable(table));
        List<Claim> claims = claims(store.claimAll(requests(3)));
        try (Connection connection = dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("DROP TABLE " + table);
        }
        assertThat(store.claimAll(requests(3))).hasSize(3).hasOnlyElementsOfType(ClaimResult.Unavailable.class);
        assertThat(store.completeAll(completions(claims))).hasOnlyElementsOfType(LeaseResult.Indeterminate.class);
        store.close();
        assertThat(store.claimAll(requests(3))).hasSize(3).hasOnlyElementsOfType(ClaimResult.Unavailable.class);
        assertThat(store.completeAll(completions(claims)))
                .hasSize(3)
                .hasOnlyElementsOfType(LeaseResult.Indeterminate.class);
    }

    // Transactions of the caller

    @Test
    void joining_batchesCommittedOrRolledBack_allOrNothingIsThere() throws Exception {
        JdbcIdempotencyStore store = opened(JdbcIdempotencyStore.on(dataSource()));
        List<ClaimRequest> requests = requests(BatchOperations.MAX_ROWS + 1);
        try (Connection transaction = transaction()) {
            IdempotencyStore joined = store.joining(transaction);
            assertThat(joined.completeAll(completions(claims(joined.claimAll(requests)))))
                    .hasSize(requests.size())
                    .containsOnly(DONE);
            transaction.rollback();
        }
        List<Claim> claims = claims(store.claimAll(requests));
        assertThat(claims).extracting(Claim::attempt).containsOnly(1);
        try (Connection transaction = transaction()) {
            IdempotencyStore joined = store.joining(transaction);
            assertThat(joined.completeAll(completions(claims))).containsOnly(DONE);
            assertThat(joined.completeAll(completions(claims))).as("again").containsOnly(DONE);
            transaction.commit();
        }
        assertThat(store.claimAll(others(requests))).containsOnly(new ClaimResult.Completed(COMPLETION));
    }

    @Test
    void joining_twoTransactionsClaimInOppositeOrders_theSecondWaitsAndNoneIsADeadlock() throws Exception {
        JdbcIdempotencyStore store = opened(JdbcIdempotencyStore.on(dataSource()));
        for (int round = 0; round < 10; round++) {
            List<ScopedKey> keys =
                    Stream.generate(AbstractJdbcBatchTest::key).limit(12).toList();
            List<ScopedKey> backwards = new ArrayList<>(keys);
            Collections.reverse(backwards);
            CyclicBarrier start = new CyclicBarrier(2);
            // When
            CompletableFuture<List<ClaimResult>> first = claimedInTransaction(store, keys, start);
            CompletableFuture<List<ClaimResult>> second = claimedInTransaction(store, backwards, start);
            List<ClaimResult> results = new ArrayList<>(first.get(PATIENCE.toSeconds(), TimeUnit.SECONDS));
            results.addAll(second.get(PATIENCE.toSeconds(), TimeUnit.SECONDS));
            // Then
            assertThat(results)
                    .as("round %d", round)
                    .hasOnlyElementsOfTypes(ClaimResult.Acquired.class, ClaimResult.InProgress.class);
            assertThat(results)
                    .filteredOn(ClaimResult.Acquired.class::isInstance)
                    .hasSize(12);
        }
    }

    private CompletableFuture<List<ClaimResult>> claimedInTransaction(
            JdbcIdempotencyStore store, List<ScopedKey> keys, CyclicBarrier start) {
        return CompletableFuture.supplyAsync(() -> {
            try (Connection transaction = transaction()) {
                start.await(PATIENCE.toSeconds(), TimeUnit.SECONDS);
                List<ClaimResult> results = store.joining(transaction)
                        .claimAll(keys.stream()
                                .map(AbstractJdbcBatchTest::request)
                                .toList());
                transaction.commit();
                return results;
            } catch (Exception failed) {
                throw new IllegalStateException(failed);
            }
        });
    }

    // What tests are made of

    static ScopedKey key() {
        return new ScopedKey(
                "jdbc",
                IdempotencyKey.of("header:id", UUID.randomUUID().toString().getBytes(UTF_8)));
    }

    static ClaimRequest request(ScopedKey key) {
        return ClaimRequest.of(key, null, LEASE, TTL);
    }

    static Claim acquired(ClaimResult result) {
        assertThat(result).isInstanceOf(ClaimResult.Acquired.class);
        return ((ClaimResult.Acquired) result).claim();
    }

    final Connection transaction() throws SQLException {
        Connection connection = dataSource().getConnection();
        connection.setAutoCommit(false);
        return connection;
    }

    private static List<ClaimRequest> requests(int count) {
        return Stream.generate(() -> request(key())).limit(count).toList();
    }

    private static List<ClaimRequest> others(List<ClaimRequest> requests) {
        return requests.stream().map(request -> request(request.key())).toList();
    }

    private static List<Claim> claims(List<ClaimResult> results) {
        return results.stream().map(AbstractJdbcBatchTest::acquired).toList();
    }

    private static List<CompletionRequest> completions(List<Claim> claims) {
        return claims.stream()
                .map(claim -> new CompletionRequest(claim, COMPLETION, TTL))
                .toList();
    }
}
