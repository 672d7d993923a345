// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.operator;

import io.dedup.Action;
import io.dedup.Candidate;
import io.dedup.Coordinates;
import io.dedup.Decision;
import io.dedup.Verdict;
import io.dedup.key.RecordView;
import io.dedup.streams.errors.RefusedRecordException;
import io.dedup.streams.internal.Marks;
import io.dedup.streams.internal.Origin;
import io.dedup.streams.internal.Rejection;
import io.dedup.streams.internal.store.SeenStore;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.utils.Bytes;
import org.jspecify.annotations.Nullable;

/**
 * A record with the decision about it.
 *
 * @param recalled what the store says of its key; null if it was not asked
 * @param storeKey the key as the store names it; null if the record has none or is not remembered because of its time
 * @param now the wall clock in milliseconds since the epoch
 */
record DecidedRecord(
        Decision decision,
        Candidate candidate,
        RecordView view,
        Origin origin,
        SeenStore.@Nullable Recalled recalled,
        @Nullable Bytes storeKey,
        long now) {

    Verdict verdict() {
        return decision.verdict();
    }

    /** The headers with the verdict of that operator. */
    Headers marks(String node) {
        return marks(node, Rejection.of(decision));
    }

    private Headers marks(String node, Rejection fault) {
        return Marks.of(node, fault.reason(), fault.detail(), decision, candidate, origin.coordinates());
    }

    RefusedRecordException refusal(String node, Action action) {
        return refusal(node, action, Rejection.of(decision));
    }

    RefusedRecordException refusal(String node, Action action, Rejection fault) {
        Coordinates at = origin.coordinates();
        String place = at == null ? "A record without coordinates" : "The record at " + at;
        String detail = fault.detail() == null ? "" : " (" + fault.detail() + ")";
        String advice =
                action == Action.FAIL ? ". The application stops here, as configured, and commits nothing of it" : "";
        String message = place + " is refused by " + node + ": " + fault.reason() + detail + advice;
        return new RefusedRecordException(decision, action, marks(node, fault), message, view::key, view::value);
    }
}
