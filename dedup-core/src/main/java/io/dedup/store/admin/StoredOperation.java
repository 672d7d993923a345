// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.admin;

import io.dedup.store.KeyRecord;
import io.dedup.store.ScopedKey;
import java.time.Duration;
import java.time.Instant;

/**
 * An operation as a store held it at a moment.
 *
 * <p>Immutable.
 *
 * @param record what is kept. In a list its completion is without the outcome
 * @param outcomeLength bytes of the outcome that is kept; 0 if there is none
 * @param readAt the moment by the store's clock, in milliseconds
 */
public record StoredOperation(ScopedKey key, KeyRecord record, long outcomeLength, long readAt) {
    /** Where it stood. */
    public OperationState state() {
        return OperationState.of(record, readAt);
    }

    /** The fencing token of the last claim or repair. */
    public long token() {
        return record.token();
    }

    /** How long before that moment the operation was first claimed. */
    public Duration age() {
        return Duration.ofMillis(readAt - record.firstAttemptAt());
    }

    /** The rest of the lease; negative if it was over. Says nothing unless an owner has {@linkplain KeyRecord.State#CLAIMED claimed} it. */
    public Duration leaseLeft() {
        return Duration.ofMillis(record.leaseUntil() - readAt);
    }

    /** When it was first claimed, by the store's clock. */
    public Instant firstAttemptAt() {
        return Instant.ofEpochMilli(record.firstAttemptAt());
    }

    /** The last moment at which it counts, by the store's clock. */
    public Instant expiresAt() {
        return Instant.ofEpochMilli(record.expiresAt());
    }

    /** Whether it still stands where the other one stood: nothing but leases and times may differ. */
    boolean isAs(StoredOperation seen) {
        KeyRecord other = seen.record;
        boolean sameClaim = record.token() == other.token() && record.owner().equals(other.owner());
        return sameClaim && record.state() == other.state() && record.isEnded() == other.isEnded();
    }
}
