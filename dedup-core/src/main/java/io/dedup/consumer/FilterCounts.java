// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import io.dedup.internal.metrics.InterceptorCounts;
import java.util.concurrent.atomic.LongAdder;

/** The counts of a {@link DedupConsumerInterceptor}. Written by the thread of the consumer, read by any. */
final class FilterCounts {
    final InterceptorCounts all = new InterceptorCounts();
    final LongAdder passed = all.counter("passed", "Records passed on as the first with their key");
    final LongAdder duplicates = all.counter("duplicates", "Records whose key had been seen elsewhere");
    final LongAdder conflicts = all.counter("conflicts", "Records whose key had another payload");
    final LongAdder missingKeys = all.counter("missing-keys", "Records without a usable key");
    final LongAdder unprotected = all.counter("unprotected", "Records passed on without being checked");
    private volatile boolean blocked;

    FilterCounts() {
        all.gauge("blocked", "1 while the store does not answer", () -> blocked ? 1 : 0);
    }

    /** Says whether the consumer waits for the store. */
    void setBlocked(boolean now) {
        blocked = now;
    }
}
