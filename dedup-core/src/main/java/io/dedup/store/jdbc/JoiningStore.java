// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.ClaimState;
import io.dedup.store.Completion;
import io.dedup.store.CompletionRequest;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.LeaseResult;
import io.dedup.store.Release;
import io.dedup.store.ScopedKey;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** A store in a transaction of the caller, which it neither commits nor rolls back. Confined to the thread of that transaction. */
final class JoiningStore implements IdempotencyStore {
    private static final int ATTEMPTS = 3;

    private final Connection connection;
    private final Operations operations;
    private final BatchOperations batches;

    JoiningStore(Connection connection, Operations operations, BatchOperations batches) {
        this.connection = connection;
        this.operations = operations;
        this.batches = batches;
    }

    @Override
    public ClaimResult claim(ClaimRequest request) {
        for (int attempt = 1; ; attempt++) {
            try {
                Optional<ClaimResult> result = operations.claimJoined(connection, request);
                if (result.isPresent()) {
                    return result.get();
                } else if (attempt == ATTEMPTS) {
                    return new ClaimResult.Unavailable(
                            "Another transaction has changed the key; roll back and try again", null);
                }
            } catch (SQLException failed) {
                // Two who insert the same row, which in H2 ends the statement of the second, but not its transaction.
                if (attempt == ATTEMPTS || !JdbcIdempotencyStore.isOfConstraint(failed)) {
                    return new ClaimResult.Indeterminate(failed);
                }
            }
        }
    }

    /**
     * In the order of the keys, so that two transactions which claim the same keys wait for each other in one direction only. What
     * follows a failure is not asked for: the transaction is to be rolled back.
     */
    @Override
    public List<ClaimResult> claimAll(List<ClaimRequest> requests) {
        IdempotencyStore.requireBatch(requests);
        ClaimResult skipped = new ClaimResult.Unavailable("Another claim of the batch has failed; roll back", null);
        List<ClaimResult> results = new ArrayList<>(Collections.nCopies(requests.size(), skipped));
        for (int i : BatchOperations.order(requests, ClaimRequest::key)) {
            ClaimResult result = claim(requests.get(i));
            results.set(i, result);
            if (result instanceof ClaimResult.Indeterminate) {
                break;
            }
        }
        return results;
    }

    @Override
    public LeaseResult renew(Claim claim, Duration leaseFor) {
        long millis = ClaimRequest.millis("leaseFor", leaseFor);
        return changed(() -> operations.renew(connection, claim, millis));
    }

    @Override
    public LeaseResult complete(Claim claim, Completion completion, Duration timeToLive) {
        long millis = ClaimRequest.millis("timeToLive", timeToLive);
        return changed(() -> operations.complete(connection, claim, completion, millis));
    }

    @Override
    public List<LeaseResult> completeAll(List<CompletionRequest> requests) {
        IdempotencyStore.requireBatch(requests);
        List<LeaseResult> results = new ArrayList<>();
        try {
            for (int from = 0; from < requests.size(); from += BatchOperations.MAX_ROWS) {
                int to = Math.min(requests.size(), from + BatchOperations.MAX_ROWS);
                results.addAll(batches.completeJoined(connection, requests.subList(from, to)));
            }
            return results;
        } catch (SQLException failed) {
            return Collections.nCopies(requests.size(), new LeaseResult.Indeterminate(failed));
        }
    }

    @Override
    public LeaseResult release(Claim claim, Release why) {
        return changed(() -> operations.release(connection, claim, why));
    }

    @Override
    public LeaseResult withdraw(ClaimRequest request) {
        return changed(() -> operations.withdraw(connection, request));
    }

    /** As the transaction sees it: what it has done itself counts. */
    @Override
    public ClaimState inspect(Claim claim) {
        try {
            return operations.inspect(connection, claim);
        } catch (SQLException failed) {
            return new ClaimState.Indeterminate(failed);
        }
    }

    @Override
    public LeaseResult resetAttempts(ScopedKey key) {
        return changed(() -> operations.resetAttempts(connection, key));
    }

    @Override
    public int purge(int atMost) {
        try {
            return operations.purge(connection, atMost);
        } catch (SQLException failed) {
            throw new IllegalStateException("Outlived keys could not be deleted: " + failed.getMessage(), failed);
        }
    }

    private static LeaseResult changed(Call call) {
        try {
            return call.run();
        } catch (SQLException failed) {
            return new LeaseResult.Indeterminate(failed);
        }
    }

    private interface Call {
        LeaseResult run() throws SQLException;
    }
}
