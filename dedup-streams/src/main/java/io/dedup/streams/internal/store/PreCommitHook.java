// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store;

import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.state.internals.CacheFlushListener;
import org.apache.kafka.streams.state.internals.CachedStateStore;

/**
 * A store to which commits are announced, while it can still write to its changelog: for Kafka Streams, one that has a
 * cache.
 *
 * <p>There is no public way. This is the only place where a store touches what Kafka may change without notice; should it
 * change, {@link SegmentedWindowStore#writeThrough}, {@link BatchingBucketStore#throwIfBehind} and {@link BatchingBucketStore#check} notice
 * it.
 */
public interface PreCommitHook extends CachedStateStore<Object, Object> {
    /** Announces a commit to a store, through everything that is around it. */
    static void tell(StateStore outermost) {
        if (outermost instanceof CachedStateStore<?, ?> cached) {
            cached.flushCache();
        }
    }

    /** Writes down what has not been written down yet. */
    @Override
    void flushCache();

    /** There is nothing to listen to: nothing is forwarded late. */
    @Override
    default boolean setFlushListener(CacheFlushListener<Object, Object> listener, boolean sendOldValues) {
        return false;
    }

    /** There is nothing that could be out of date. */
    @Override
    default void clearCache() {
        // Nothing is held back from readers.
    }
}
