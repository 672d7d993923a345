// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import java.util.OptionalLong;
import java.util.function.Supplier;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.TimestampedWindowStore;
import org.apache.kafka.streams.state.ValueAndTimestamp;
import org.apache.kafka.streams.state.WindowStoreIterator;

/**
 * Keeps firsts in any windowed store, with a changelog record for each. What the store knows of itself is written
 * once for each step of stream time, under a key of its own.
 *
 * <p>Confined to the stream thread.
 */
final class UnbatchedBucketStore implements BucketStore {
    private final TimestampedWindowStore<Bytes, byte[]> store;
    private final Buckets buckets;
    private final Supplier<StoreMetadata> metadata;
    private final EntryCodec codec = new EntryCodec();
    private long writtenStreamTime;

    UnbatchedBucketStore(
            TimestampedWindowStore<Bytes, byte[]> store, Buckets buckets, Supplier<StoreMetadata> metadata) {
        this.store = store;
        this.buckets = buckets;
        this.metadata = metadata;
        this.writtenStreamTime = read().streamTime();
    }

    @Override
    public StoreMetadata read() {
        StoreMetadata latest = StoreMetadata.empty(buckets.ttlMs());
        long latestWritten = Long.MIN_VALUE;
        try (WindowStoreIterator<ValueAndTimestamp<byte[]>> all = store.fetch(SeenKey.METADATA, 0L, Long.MAX_VALUE)) {
            while (all.hasNext()) {
                ValueAndTimestamp<byte[]> stored = all.next().value;
                StoreMetadata found = StoreMetadata.decode(stored.value());
                boolean isLater = found.streamTime() > latest.streamTime()
                        || (found.streamTime() == latest.streamTime() && stored.timestamp() > latestWritten);
                if (isLater) {
                    latest = found;
                    latestWritten = stored.timestamp();
                }
            }
        }
        return latest;
    }

    @Override
    public Firsts get(Bytes key, long bucket) {
        ValueAndTimestamp<byte[]> stored = store.fetch(key, bucket);
        return stored == null ? Firsts.NONE : codec.decodeVersioned(stored.value(), bucket);
    }

    @Override
    public Firsts get(Bytes key, long bucket, long next) {
        return get(key, bucket);
    }

    @Override
    public void put(Bytes key, long bucket, Firsts firsts, long now) {
        // Never null, which Kafka would stamp with the time of the record in hand and not with now: a broker might then
        // delete it from the changelog before what it takes back.
        store.put(key, ValueAndTimestamp.make(codec.encodeVersioned(firsts, bucket, now), now), bucket);
    }

    @Override
    public void advanced(long now) {
        long streamTime = metadata.get().streamTime();
        if (writtenStreamTime == Long.MIN_VALUE || streamTime - writtenStreamTime >= buckets.streamTimeStep()) {
            refresh(now);
        }
    }

    @Override
    public void refresh(long now) {
        StoreMetadata current = metadata.get();
        store.put(
                SeenKey.METADATA,
                ValueAndTimestamp.make(current.encode(), now),
                buckets.metadataStart(current.streamTime()));
        writtenStreamTime = current.streamTime();
    }

    @Override
    public void check(long now) {
        // Nothing waits for a commit.
    }

    @Override
    public void close() {
        // Nothing is held here.
    }

    @Override
    public OptionalLong bytes() {
        return OptionalLong.empty();
    }

    @Override
    public OptionalLong diskBytes() {
        return OptionalLong.empty();
    }
}
