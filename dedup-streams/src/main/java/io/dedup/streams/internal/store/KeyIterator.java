// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store;

import java.util.NoSuchElementException;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.state.WindowStoreIterator;
import org.jspecify.annotations.Nullable;

/**
 * An iterator over the entries of one key in a {@link SegmentedWindowStore}, window by window. It sees what is put ahead of it.
 * Confined to one thread.
 */
final class KeyIterator implements WindowStoreIterator<byte[]> {
    private final SegmentedWindowStore store;
    private final Bytes key;
    private final long from;
    private final long to;
    private final boolean backward;
    private @Nullable Long start;
    private @Nullable KeyValue<Long, byte[]> next;

    KeyIterator(SegmentedWindowStore store, Bytes key, long from, long to, boolean backward) {
        this.store = store;
        this.key = key;
        this.from = from;
        this.to = to;
        this.backward = backward;
    }

    @Override
    public boolean hasNext() {
        while (next == null) {
            Long following = store.startAfter(start, from, to, backward);
            if (following == null) {
                return false;
            }
            start = following;
            byte[] value = store.fetch(key, following);
            next = value == null ? null : KeyValue.pair(following, value);
        }
        return true;
    }

    @Override
    public Long peekNextKey() {
        return upcoming().key;
    }

    @Override
    public KeyValue<Long, byte[]> next() {
        KeyValue<Long, byte[]> result = upcoming();
        next = null;
        return result;
    }

    private KeyValue<Long, byte[]> upcoming() {
        if (!hasNext() || next == null) {
            throw new NoSuchElementException();
        }
        return next;
    }

    @Override
    public void close() {
        // Nothing is held open.
    }
}
