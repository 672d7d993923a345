// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.ScopedKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Claims the keys of a poll in as few calls of the store as there can be, and repeats what is not answered.
 *
 * <p>The answers are those that the store would give one by one. A request for a key that another record of the poll has asked
 * for before is only sent once that one is answered, so that the later record cannot get the claim of the earlier.
 *
 * <p>Confined to the thread of the consumer.
 */
final class BlockingClaims {
    private static final Logger LOGGER = LoggerFactory.getLogger(BlockingClaims.class);
    private static final long MIN_PAUSE_NANOS = Duration.ofMillis(50).toNanos();
    private static final long MAX_PAUSE_NANOS = Duration.ofSeconds(1).toNanos();
    private static final long WARN_EVERY_NANOS = Duration.ofSeconds(10).toNanos();

    private final IdempotencyStore store;
    private final boolean waits;
    private final FilterCounts counts;

    /**
     * Claims in that store.
     *
     * @param waits whether what is not answered is asked again, however long that takes
     */
    BlockingClaims(IdempotencyStore store, boolean waits, FilterCounts counts) {
        this.store = store;
        this.waits = waits;
        this.counts = counts;
    }

    /**
     * What the store says to each request. A request has no answer if nothing waits for it, or if the thread was interrupted
     * while it waited.
     */
    Map<ClaimRequest, ClaimResult> claim(List<ClaimRequest> requests) {
        Set<ScopedKey> keys = new HashSet<>();
        Set<ClaimRequest> firsts = new LinkedHashSet<>();
        Set<ClaimRequest> others = new LinkedHashSet<>();
        for (ClaimRequest request : requests) {
            if (keys.add(request.key())) {
                firsts.add(request);
            } else if (!firsts.contains(request)) {
                others.add(request);
            }
        }
        Map<ClaimRequest, ClaimResult> answers = new HashMap<>();
        claimInBatches(List.copyOf(firsts), answers);
        claimInBatches(List.copyOf(others), answers);
        return answers;
    }

    private void claimInBatches(List<ClaimRequest> requests, Map<ClaimRequest, ClaimResult> answers) {
        for (int from = 0; from < requests.size(); from += IdempotencyStore.MAX_BATCH) {
            claimBatch(requests.subList(from, Math.min(requests.size(), from + IdempotencyStore.MAX_BATCH)), answers);
        }
    }

    private void claimBatch(List<ClaimRequest> batch, Map<ClaimRequest, ClaimResult> answers) {
        List<ClaimRequest> asked = batch;
        long pause = MIN_PAUSE_NANOS;
        long warnedAt = System.nanoTime() - WARN_EVERY_NANOS;
        try {
            while (true) {
                List<ClaimResult> results = ask(asked);
                List<ClaimRequest> unanswered = new ArrayList<>();
                for (int i = 0; i < results.size(); i++) {
                    if (isAnswer(results.get(i))) {
                        answers.put(asked.get(i), results.get(i));
                    } else {
                        unanswered.add(asked.get(i));
                    }
                }
                if (unanswered.isEmpty() || !waits) {
                    return;
                }
                counts.setBlocked(true);
                if (System.nanoTime() - warnedAt >= WARN_EVERY_NANOS) {
                    warnedAt = System.nanoTime();
                    ClaimResult why = results.get(asked.indexOf(unanswered.get(0)));
                    LOGGER.warn("Nothing is consumed until the store answers for {} keys: {}", unanswered.size(), why);
                }
                LockSupport.parkNanos(pause);
                if (Thread.currentThread().isInterrupted()) {
                    return;
                }
                boolean progress = unanswered.size() < asked.size();
                pause = progress ? MIN_PAUSE_NANOS : Math.min(2 * pause, MAX_PAUSE_NANOS);
                asked = unanswered;
            }
        } finally {
            counts.setBlocked(false);
        }
    }

    private static boolean isAnswer(ClaimResult result) {
        return !(result instanceof ClaimResult.Unavailable
                || result instanceof ClaimResult.Indeterminate
                || result instanceof ClaimResult.Locked);
    }

    /** Asks once. Kafka would pass all records on if this threw, and a failure for one key is not that of the others. */
    private List<ClaimResult> ask(List<ClaimRequest> requests) {
        try {
            return store.claimAll(requests);
        } catch (RuntimeException failed) {
            LOGGER.debug("The store has failed for {} keys", requests.size(), failed);
            return requests.size() == 1
                    ? List.of(new ClaimResult.Indeterminate(failed))
                    : requests.stream()
                            .map(request -> ask(List.of(request)).get(0))
                            .toList();
        }
    }
}
