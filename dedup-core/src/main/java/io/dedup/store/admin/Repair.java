// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.admin;

import io.dedup.store.ClaimRequest;
import io.dedup.store.Completion;
import io.dedup.store.KeyRecord;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A change of one operation by hand, once it has been found out what is the case. Immutable. */
public sealed interface Repair {
    /**
     * The operation has ended, and later calls get this.
     *
     * @param timeToLive how long that is kept, from the repair
     */
    record Resolve(Completion completion, Duration timeToLive) implements Repair {
        /**
         * A repair.
         *
         * @throws IllegalArgumentException if the completion is unknown, or the time is less than a millisecond
         */
        public Resolve {
            if (completion.kind() == Completion.Kind.UNKNOWN) {
                throw new IllegalArgumentException("completion must say how the operation ended: " + completion.kind());
            }
            ClaimRequest.millis("timeToLive", timeToLive);
        }
    }

    /**
     * The operation was not done, and the next call runs it.
     *
     * @param timeToLive how long its attempts are remembered, from the repair
     */
    record NotDone(Duration timeToLive) implements Repair {
        /**
         * A repair.
         *
         * @throws IllegalArgumentException if the time is less than a millisecond
         */
        public NotDone {
            ClaimRequest.millis("timeToLive", timeToLive);
        }
    }

    /** The operation is no longer remembered, however it ended: the next call is the first. */
    record Forget() implements Repair {}

    /**
     * Resolves an operation as ended.
     *
     * @throws IllegalArgumentException if the completion is unknown, or the time is less than a millisecond
     */
    static Repair resolve(Completion completion, Duration timeToLive) {
        return new Resolve(completion, timeToLive);
    }

    /**
     * Resolves an operation as not done.
     *
     * @throws IllegalArgumentException if the time is less than a millisecond
     */
    static Repair notDone(Duration timeToLive) {
        return new NotDone(timeToLive);
    }

    /** Forgets an operation. */
    static Repair forget() {
        return new Forget();
    }

    /** What the repair does to an operation, without doing it. */
    default RepairResult dryRun(StoredOperation seen) {
        return decide(seen, seen);
    }

    /**
     * Decides about a repair, for stores: they read the record, ask here, and where the answer is {@link RepairResult.Done} write
     * what is after it, unless the record has changed since it was read.
     *
     * @param current what is kept for the key; null if nothing is
     */
    default RepairResult decide(@Nullable StoredOperation current, StoredOperation seen) {
        if (current == null) {
            return new RepairResult.Absent();
        } else if (current.record().isLeased(current.readAt())) {
            return new RepairResult.InProgress(current.leaseLeft());
        } else if (!current.isAs(seen)) {
            return new RepairResult.Changed(current);
        } else if (this instanceof Forget) {
            return new RepairResult.Done(current, Optional.empty());
        }
        KeyRecord next = next(current);
        return next == null
                ? new RepairResult.Ended(current)
                : new RepairResult.Done(current, Optional.of(written(current, next)));
    }

    private @Nullable KeyRecord next(StoredOperation current) {
        return this instanceof Resolve resolve
                ? current.record().resolved(resolve.completion(), resolve.timeToLive(), current.readAt())
                : current.record().resolvedAsNotDone(((NotDone) this).timeToLive(), current.readAt());
    }

    private static StoredOperation written(StoredOperation current, KeyRecord next) {
        Completion completion = next.completion();
        byte[] outcome = completion == null ? null : completion.outcomeBytes();
        return new StoredOperation(current.key(), next, outcome == null ? 0 : outcome.length, current.readAt());
    }
}
