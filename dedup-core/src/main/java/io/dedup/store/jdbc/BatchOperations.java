// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.ClaimState;
import io.dedup.store.CompletionRequest;
import io.dedup.store.KeyRecord;
import io.dedup.store.LeaseResult;
import io.dedup.store.ScopedKey;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The operations of a store for many keys at once, on one connection and in a few statements. They do the usual cases: a key that is
 * held, raced for or failed is left open, to be done by {@link Operations} alone.
 *
 * <p>Rows are written in the order of their keys, so that two batches wait for each other in one direction only. Thread-safe.
 */
final class BatchOperations {
    /** How many rows a transaction has at most. MariaDB makes a table of a list of a thousand. */
    static final int MAX_ROWS = 500;

    private static final String LOCK_NOT_AVAILABLE = "55P03";
    private static final LeaseResult DONE = new LeaseResult.Done();
    private static final LeaseResult LOST = new LeaseResult.Lost();

    private final Statements statements;
    private final int timeoutSeconds;

    BatchOperations(Statements statements, int timeoutSeconds) {
        this.statements = statements;
        this.timeoutSeconds = timeoutSeconds;
    }

    /** The rows of some keys, with the database's time. */
    private record FoundAll(Map<ByteBuffer, KeyRecord> rows, long now) {
        @Nullable
        KeyRecord row(ScopedKey key) {
            return rows.get(ByteBuffer.wrap(key.bytes()));
        }
    }

    /** A key that was absent, and the row that is to be inserted for it. */
    private record Insertion(int index, ScopedKey key, KeyRecord.Decision.Grant grant) {}

    /**
     * Claims keys that are absent, and answers for those that cannot be had, in a transaction of its own on a connection that
     * commits by itself.
     *
     * @param requests at most {@link #MAX_ROWS}
     * @return the answers in order; none where the request has to be made alone
     */
    List<Optional<ClaimResult>> claim(Connection connection, List<ClaimRequest> requests) throws SQLException {
        try {
            return Transaction.within(connection, transaction -> claimWithin(transaction, requests));
        } catch (Transaction.RolledBackException undone) {
            return Collections.nCopies(requests.size(), Optional.empty());
        }
    }

    private List<Optional<ClaimResult>> claimWithin(Connection connection, List<ClaimRequest> requests)
            throws SQLException {
        FoundAll found =
                find(connection, requests.stream().map(ClaimRequest::key).toList());
        List<Optional<ClaimResult>> answers = new ArrayList<>(Collections.nCopies(requests.size(), Optional.empty()));
        List<Insertion> insertions = new ArrayList<>();
        Set<ScopedKey> granted = new HashSet<>();
        for (int i = 0; i < requests.size(); i++) {
            ClaimRequest request = requests.get(i);
            if (granted.contains(request.key())) {
                // Asked for twice: the second time alone, and so after the first.
                continue;
            }
            KeyRecord row = found.row(request.key());
            KeyRecord.Decision decision = KeyRecord.claim(row, request, found.now());
            if (decision instanceof KeyRecord.Decision.Answer answer) {
                answers.set(i, Optional.of(answer.result()));
                continue;
            }
            granted.add(request.key());
            // A row that is there may be held by a transaction: that is looked at alone.
            if (row == null && decision instanceof KeyRecord.Decision.Grant grant) {
                insertions.add(new Insertion(i, request.key(), grant));
            }
        }
        for (Insertion won : insert(connection, insertions)) {
            answers.set(won.index(), Optional.of(won.grant().result()));
        }
        return answers;
    }

    /** Those that were inserted, and had not been by another owner meanwhile. */
    private List<Insertion> insert(Connection connection, List<Insertion> insertions) throws SQLException {
        if (insertions.isEmpty()) {
            return insertions;
        }
        List<Insertion> ordered = ordered(insertions, Insertion::key);
        if (statements.writesArrays()) {
            return insertArrays(connection, ordered);
        }
        int[] counts;
        try (PreparedStatement insert = prepare(connection, statements.insertNew())) {
            for (Insertion insertion : ordered) {
                Rows.setClaimed(insert, insertion.key(), insertion.grant().next());
                insert.addBatch();
            }
            counts = insert.executeBatch();
        }
        if (statements.countsInsertions() && Arrays.stream(counts).allMatch(count -> count == 0 || count == 1)) {
            return IntStream.range(0, counts.length)
                    .filter(i -> counts[i] == 1)
                    .mapToObj(ordered::get)
                    .toList();
        }
        // The driver has sent them as one, and cannot say which of them were inserted.
        FoundAll found = find(connection, ordered.stream().map(Insertion::key).toList());
        return ordered.stream()
                .filter(insertion -> insertion.grant().next().equals(found.row(insertion.key())))
                .toList();
    }

    private List<Insertion> insertArrays(Connection connection, List<Insertion> ordered) throws SQLException {
        set(connection, Statements.waitBriefly());
        Map<ByteBuffer, Insertion> byId = new HashMap<>();
        try (PreparedStatement insert = prepare(connection, statements.insertAll())) {
            ArrayColumns columns = new ArrayColumns(connection, insert);
            List<KeyRecord> rows =
                    ordered.stream().map(each -> each.grant().next()).toList();
            ordered.forEach(each -> byId.put(ByteBuffer.wrap(each.key().bytes()), each));
            columns.bytes(ordered.stream().map(each -> each.key().bytes()));
            columns.texts(rows.stream().map(row -> row.owner().toString()));
            columns.longs(rows.stream().map(KeyRecord::token));
            columns.longs(rows.stream().map(KeyRecord::leaseUntil));
            columns.longs(rows.stream().map(KeyRecord::expiresAt));
            columns.bytes(rows.stream().map(row -> Rows.bytes(row.fingerprint())));
            return written(insert, byId);
        }
    }

    /** Sets something for the length of the transaction. */
    private void set(Connection connection, String setting) throws SQLException {
        try (PreparedStatement statement = prepare(connection, setting)) {
            statement.execute();
        }
    }

    /** Whether {@link #claimBriefly} can be called. */
    boolean canWaitBriefly() {
        return statements.writesArrays();
    }

    /**
     * Claims a key of a batch alone, and waits only briefly for a transaction that has inserted it: the others of the batch wait
     * too.
     *
     * @return none if the request has to be made in the usual way
     */
    Optional<ClaimResult> claimBriefly(Connection connection, ClaimRequest request, Operations operations)
            throws SQLException {
        try {
            return Transaction.within(connection, transaction -> {
                set(transaction, Statements.waitBriefly());
                return operations.claim(transaction, request);
            });
        } catch (Transaction.RolledBackException undone) {
            boolean isLocked = LOCK_NOT_AVAILABLE.equals(undone.getSQLState());
            return isLocked ? Optional.of(new ClaimResult.Locked()) : Optional.empty();
        }
    }

    /** What belongs to the ids that a statement returns. */
    private static <T> List<T> written(PreparedStatement statement, Map<ByteBuffer, T> byId) throws SQLException {
        List<T> written = new ArrayList<>();
        try (ResultSet ids = statement.executeQuery()) {
            while (ids.next()) {
                T of = byId.get(ByteBuffer.wrap(ids.getBytes(1)));
                if (of != null) {
                    written.add(of);
                }
            }
        }
        return written;
    }

    private List<LeaseResult> completeArrays(Connection connection, List<CompletionRequest> requests)
            throws SQLException {
        Map<ByteBuffer, Integer> byId = new HashMap<>();
        for (int i = 0; i < requests.size(); i++) {
            byId.put(ByteBuffer.wrap(requests.get(i).claim().key().bytes()), i);
        }
        if (byId.size() < requests.size()) {
            return completeJoined(connection, requests); // A key twice has two answers.
        }
        set(connection, Statements.lookUpByKey());
        List<LeaseResult> results = new ArrayList<>(Collections.nCopies(requests.size(), LOST));
        Set<Integer> open = new TreeSet<>(byId.values());
        try (PreparedStatement complete = prepare(connection, statements.completeAll())) {
            ArrayColumns columns = new ArrayColumns(connection, complete);
            columns.bytes(requests.stream().map(each -> each.claim().key().bytes()));
            columns.texts(
                    requests.stream().map(each -> each.claim().request().owner().toString()));
            columns.longs(requests.stream().map(each -> each.claim().token()));
            columns.texts(requests.stream().map(each -> each.completion().code()));
            columns.bytes(requests.stream().map(each -> each.completion().outcomeBytes()));
            columns.longs(requests.stream().map(each -> each.timeToLive().toMillis()));
            for (int i : written(complete, byId)) {
                results.set(i, DONE);
                open.remove(i);
            }
        }
        settle(connection, requests, open, results);
        return results;
    }

    /**
     * Completes in a transaction of its own on a connection that commits by itself.
     *
     * @param requests at most {@link #MAX_ROWS}
     * @return the answers in order; none where the request has to be made alone
     */
    List<Optional<LeaseResult>> complete(Connection connection, List<CompletionRequest> requests) throws SQLException {
        try {
            return Transaction.within(
                            connection,
                            transaction -> statements.writesArrays()
                                    ? completeArrays(transaction, requests)
                                    : completeJoined(transaction, requests))
                    .stream()
                    .map(Optional::of)
                    .toList();
        } catch (Transaction.RolledBackException undone) {
            return Collections.nCopies(requests.size(), Optional.empty());
        }
    }

    /** Completes in a transaction of the caller. */
    List<LeaseResult> completeJoined(Connection connection, List<CompletionRequest> requests) throws SQLException {
        List<Integer> order = order(requests, request -> request.claim().key());
        int[] counts;
        try (PreparedStatement complete = prepare(connection, statements.complete())) {
            for (int i : order) {
                CompletionRequest request = requests.get(i);
                long millis = request.timeToLive().toMillis();
                Rows.setCompletion(complete, request.claim(), request.completion(), millis);
                complete.addBatch();
            }
            counts = complete.executeBatch();
        }
        List<LeaseResult> results = new ArrayList<>(Collections.nCopies(requests.size(), DONE));
        List<Integer> open = IntStream.range(0, counts.length)
                .filter(i -> counts[i] != 1)
                .mapToObj(order::get)
                .toList();
        settle(connection, requests, open, results);
        return results;
    }

    /** Answers those that a statement has not completed: completed before, or lost; or the driver cannot say. */
    private void settle(
            Connection connection,
            List<CompletionRequest> requests,
            Collection<Integer> open,
            List<LeaseResult> results)
            throws SQLException {
        if (open.isEmpty()) {
            return;
        }
        List<ScopedKey> keys =
                open.stream().map(i -> requests.get(i).claim().key()).toList();
        FoundAll found = find(connection, keys);
        for (int i : open) {
            results.set(i, isCompleted(found, requests.get(i)) ? DONE : LOST);
        }
    }

    private static boolean isCompleted(FoundAll found, CompletionRequest request) {
        KeyRecord row = found.row(request.claim().key());
        return row != null
                && row.stateOf(request.claim(), found.now()).equals(new ClaimState.Completed(request.completion()));
    }

    /** The elements in the order of their keys; those of one key stay in theirs. */
    static <T> List<T> ordered(List<T> elements, Function<T, ScopedKey> key) {
        return order(elements, key).stream().map(elements::get).toList();
    }

    /** The indexes of the elements in the order of their keys; those of one key stay in theirs. */
    static <T> List<Integer> order(List<T> elements, Function<T, ScopedKey> key) {
        List<byte[]> ids =
                elements.stream().map(element -> key.apply(element).bytes()).toList();
        return IntStream.range(0, ids.size())
                .boxed()
                .sorted(Comparator.comparing(ids::get, Arrays::compareUnsigned))
                .toList();
    }

    private FoundAll find(Connection connection, List<ScopedKey> keys) throws SQLException {
        Map<ByteBuffer, KeyRecord> rows = new HashMap<>();
        long now = 0;
        int parameters = Statements.parametersFor(keys.size());
        try (PreparedStatement find = prepare(connection, statements.findAll(keys.size()))) {
            for (int i = 0; i < parameters; i++) {
                find.setBytes(i + 1, keys.get(Math.min(i, keys.size() - 1)).bytes());
            }
            try (ResultSet result = find.executeQuery()) {
                while (result.next()) {
                    Rows.Found found = Rows.found(result);
                    now = found.now();
                    if (found.row() != null) {
                        rows.put(ByteBuffer.wrap(result.getBytes("id")), found.row());
                    }
                }
            }
        }
        return new FoundAll(rows, now);
    }

    private PreparedStatement prepare(Connection connection, String sql) throws SQLException {
        PreparedStatement statement = connection.prepareStatement(sql);
        statement.setQueryTimeout(timeoutSeconds);
        return statement;
    }
}
