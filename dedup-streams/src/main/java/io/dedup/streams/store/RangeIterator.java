// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.Iterator;
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
 * What a {@link BucketedStore} holds of a range of keys, window by window and within one by key. It sees what is put ahead of
 * it, and holds a page of entries at a time, however many there are. Confined to one thread.
 */
final class RangeIterator implements KeyValueIterator<Windowed<Bytes>, byte[]> {
    /** Every page looks through all that is not on disk. */
    static final int PAGE = 50_000;

    private final BucketedStore store;
    private final @Nullable Bytes first;
    private final @Nullable Bytes last;
    private final long from;
    private final long to;
    private final boolean backward;
    private final int pageSize;
    private final TimeWindowedDeserializer<Bytes> windows;
    private @Nullable Long start;
    private @Nullable Page page;
    private Iterator<Map.Entry<Bytes, byte[]>> current = Collections.emptyIterator();
    private @Nullable KeyValue<Windowed<Bytes>, byte[]> next;

    /**
     * @param windowMs the width of a window in milliseconds
     * @param first null for all keys from the least on
     * @param last null for all keys up to the greatest
     * @param pageSize how many entries are held at a time
     */
    RangeIterator(
            BucketedStore store,
            long windowMs,
            @Nullable Bytes first,
            @Nullable Bytes last,
            long from,
            long to,
            boolean backward,
            int pageSize) {
        this.store = store;
        this.first = first;
        this.last = last;
        this.from = from;
        this.to = to;
        this.backward = backward;
        this.pageSize = pageSize;
        this.windows = new TimeWindowedDeserializer<>(new BytesDeserializer(), windowMs);
    }

    @Override
    public boolean hasNext() {
        while (next == null) {
            if (start != null && current.hasNext()) {
                Map.Entry<Bytes, byte[]> entry = current.next();
                next = KeyValue.pair(windowed(entry.getKey(), start), entry.getValue());
            } else if (!turnThePage()) {
                return false;
            }
        }
        return true;
    }

    /** Reads the next page, of this window or the one behind it. Returns whether there is one. */
    private boolean turnThePage() {
        Bytes after = page != null && page.isFull() ? page.entries().lastKey() : null;
        Long window = after == null ? store.startAfter(start, from, to, backward) : start;
        if (window == null) {
            return false;
        }
        start = window;
        page = new Page(first, last, after, backward, pageSize);
        current = store.read(window, page).iterator();
        return true;
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
