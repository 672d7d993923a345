// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.engine;

import io.dedup.streams.internal.store.format.Dictionary;
import io.dedup.streams.internal.store.table.KeyHash;
import java.util.Map;
import java.util.NavigableSet;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.utils.Bytes;
import org.jspecify.annotations.Nullable;

/**
 * The entries of a store, cut by time so that old ones are dropped whole.
 *
 * <p>The law: what was put last under a key and a window start is what is got, until the segment that the start falls into
 * is dropped, and that is when nothing in it is needed any more.
 *
 * <p>Called with the lock of the store.
 */
public interface Segments extends AutoCloseable {
    /**
     * Opens what is on this machine, if it is of use.
     *
     * @param files where they are on this machine
     * @param places takes what entries on this machine refer to
     */
    void open(LocalFiles files, Dictionary places);

    /**
     * Touches the cache lines that getting and putting read first, so that the misses of several window starts overlap.
     *
     * @return something that depends on what was read: unless it is used, nothing is read
     */
    int prefetch(KeyHash hash, long start);

    /** The same where there probably is nothing, and nothing is put: less is read. */
    int prefetchMiss(KeyHash hash, long start);

    /** What was put there, or null. */
    byte @Nullable [] get(KeyHash hash, Bytes key, long start);

    /**
     * Puts the first bytes of an entry.
     *
     * @param neededUntil the last time of a record that the entry can be needed for; {@link Long#MIN_VALUE} if only what it replaces
     *     was needed
     */
    void put(KeyHash hash, Bytes key, long start, byte[] entry, int length, long neededUntil);

    /** The window starts under which something was put and that have not been dropped. */
    NavigableSet<Long> starts();

    /** Puts what the store knows of itself in the place of what it knew. */
    void describe(byte[] metadata);

    /** What the store knew of itself last, or null. */
    byte @Nullable [] description();

    /** Drops the segments of which nothing is needed for records of that time or later. */
    void dropUnneeded(long time);

    /** Whether something outlasts this process. */
    boolean isPersistent();

    /** What was put until now is in the changelog up to these offsets. */
    void committed(Map<TopicPartition, Long> offsets);

    /** Writes what was put until now to disk, and returns when it is there. */
    void flush();

    /** The offset in the changelog up to which everything was found here when it was opened, or null. */
    @Nullable
    Long committedOffset(TopicPartition partition);

    /** How many bytes of memory are taken. */
    long bytes();

    /** How many bytes of files there are. */
    long diskBytes();

    /** Closes as after a failure: what is only held in memory is not written, and files are not marked as complete. */
    void closeWithoutWriting();

    @Override
    void close();
}
