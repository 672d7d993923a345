// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import org.apache.kafka.common.serialization.BytesDeserializer;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.kstream.TimeWindowedDeserializer;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link BucketedStore} holds of a range of keys, window by window and within one by key. It sees what is put into
 * windows ahead of it, and holds the entries of one window at a time. Confined to one thread.
 */
final class RangeIterator implements KeyValueIterator<Windowed<Bytes>, byte[]> {
    private final BucketedStore store;
    private final @Nullable Bytes first;
    private final @Nullable Bytes last;
    private final long from;
    private final long to;
    private final boolean backward;
    private final TimeWindowedDeserializer<Bytes> windows;
    private @Nullable Long start;
    private Iterator<KeyValue<Windowed<Bytes>, byte[]>> current = Collections.emptyIterator();
    private @Nullable KeyValue<Windowed<Bytes>, byte[]> next;

    /**
     * @param windowMs the width of a window in milliseconds
     * @param first null for all keys from the least on
     * @param last null for all keys up to the greatest
     */
    RangeIterator(
            BucketedStore store,
            long windowMs,
            @Nullable Bytes first,
            @Nullable Bytes last,
            long from,
            long to,
            boolean backward) {
        this.store = store;
        this.first = first;
        this.last = last;
        this.from = from;
        this.to = to;
        this.backward = backward;
        this.windows = new TimeWindowedDeserializer<>(new BytesDeserializer(), windowMs);
    }

    @Override
    public boolean hasNext() {
        if (!store.isOpen()) {
            return false;
        }
        while (next == null) {
            if (current.hasNext()) {
                next = current.next();
            } else {
                Long following = store.startAfter(start, from, to, backward);
                if (following == null) {
                    return false;
                }
                start = following;
                current = at(following).iterator();
            }
        }
        return true;
    }

    private List<KeyValue<Windowed<Bytes>, byte[]>> at(long window) {
        List<KeyValue<Windowed<Bytes>, byte[]>> entries = new ArrayList<>();
        for (Map.Entry<Bytes, byte[]> entry : store.valuesAt(window)) {
            Bytes key = entry.getKey();
            if ((first == null || key.compareTo(first) >= 0) && (last == null || key.compareTo(last) <= 0)) {
                entries.add(KeyValue.pair(windowed(key, window), entry.getValue()));
            }
        }
        if (backward) {
            Collections.reverse(entries);
        }
        return entries;
    }

    /** Windows of any start are made by nothing but the deserializer, which wants the key and the start after it. */
    private Windowed<Bytes> windowed(Bytes key, long window) {
        return windows.deserialize(
                "",
                ByteBuffer.allocate(key.get().length + Long.BYTES)
                        .put(key.get())
                        .putLong(window)
                        .array());
    }

    @Override
    public Windowed<Bytes> peekNextKey() {
        return upcoming().key;
    }

    @Override
    public KeyValue<Windowed<Bytes>, byte[]> next() {
        KeyValue<Windowed<Bytes>, byte[]> result = upcoming();
        next = null;
        return result;
    }

    private KeyValue<Windowed<Bytes>, byte[]> upcoming() {
        if (!hasNext() || next == null) {
            throw new NoSuchElementException();
        }
        return next;
    }

    @Override
    public void close() {
        windows.close();
    }
}
