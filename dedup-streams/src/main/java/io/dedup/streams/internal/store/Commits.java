// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store;

import io.dedup.streams.internal.store.format.StoreMetadata;
import java.util.ArrayList;
import java.util.List;

/**
 * The changes of a store that are known to have been committed, by the wall clock at which they were written. A record at the
 * coordinates of a first that was committed is not that record read again after a failure: offsets were reset, or the topic was
 * re-created.
 *
 * <p>Under exactly-once all that is read from the changelog was committed, unless it is read under at-least-once later. Under
 * at-least-once the store learns of a commit after it, and writes that down with the next batch; so what came last before a failure is
 * in doubt, and stays so until it is written again or not needed any more.
 *
 * <p>The clock of a store never goes back, on whichever machine it is.
 *
 * <p>Confined to the stream thread.
 */
final class Commits {
    /** Of more doubts than that two are taken for one. */
    private static final int MAX_DOUBTS = 32;

    private final boolean exactlyOnce;
    private final List<StoreMetadata.Doubt> doubts;
    /** No change has been written before, in this run. */
    private final long startedAt;

    private long writtenAt;
    private long committingAt;
    private long committedAt;
    /** The latest that the changelog says was committed. */
    private long loggedAt;

    /**
     * As the store says that it was.
     *
     * @param exactlyOnce whether what is in the changelog is committed with its input
     * @param now the wall clock in milliseconds since the epoch
     */
    Commits(StoreMetadata before, boolean exactlyOnce, long now) {
        this.exactlyOnce = exactlyOnce;
        // Files may hold what was written in this very millisecond.
        boolean isNew = before.committed().writtenAt() == StoreMetadata.NONE;
        this.startedAt = isNew ? now : Math.max(now, before.committed().writtenAt()) + 1;
        this.writtenAt = before.committed().writtenAt();
        this.committedAt = before.committed().committedAt();
        this.committingAt = committedAt;
        this.loggedAt = committedAt;
        this.doubts = new ArrayList<>(before.committed().doubts());
        boolean allWasCommitted = exactlyOnce && before.committed().exactlyOnce();
        if (!isNew && !allWasCommitted) {
            doubts.add(new StoreMetadata.Doubt(before.committed().committedAt(), startedAt - 1, before.neededUntil()));
        }
        if (doubts.size() > MAX_DOUBTS) {
            StoreMetadata.Doubt first = doubts.remove(0);
            StoreMetadata.Doubt second = doubts.remove(0);
            doubts.add(
                    0,
                    new StoreMetadata.Doubt(
                            first.after(), second.to(), Math.max(first.neededUntil(), second.neededUntil())));
        }
    }

    /** The wall clock for a change that is written now. */
    long written(long now) {
        long written = Math.max(now, Math.max(startedAt, committingAt + 1));
        writtenAt = Math.max(writtenAt, written);
        return written;
    }

    /** What has been written until now is about to be committed. */
    void committing() {
        committingAt = writtenAt;
    }

    /** What was about to be committed has been. */
    void committed() {
        committedAt = committingAt;
    }

    /** The changelog says now what is known. */
    void logged() {
        loggedAt = committedAt;
    }

    /** Whether more has been committed than the changelog says. */
    boolean areNews() {
        return !exactlyOnce && committedAt > loggedAt;
    }

    /** Whether a change that was written then is known to have been committed. */
    boolean include(long written) {
        return (exactlyOnce || written <= committedAt)
                && doubts.stream().noneMatch(doubt -> written > doubt.after() && written <= doubt.to());
    }

    /**
     * What is known of commits, as the changelog has it.
     *
     * @param exactFrom of records from before this time, nothing is needed
     */
    StoreMetadata.Committed known(long exactFrom) {
        List<StoreMetadata.Doubt> left = doubts.stream()
                .filter(doubt -> doubt.neededUntil() >= exactFrom)
                .toList();
        // Under exactly-once, what was there at the start: a store does not learn whether later changes were committed.
        return new StoreMetadata.Committed(writtenAt, exactlyOnce ? startedAt - 1 : committedAt, exactlyOnce, left);
    }
}
