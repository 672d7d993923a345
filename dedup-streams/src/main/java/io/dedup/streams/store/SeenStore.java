// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import io.dedup.DedupPolicy;
import io.dedup.IdempotencyKey;
import io.dedup.Sighting;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.TimestampedWindowStore;
import org.apache.kafka.streams.state.ValueAndTimestamp;
import org.apache.kafka.streams.state.WindowStoreIterator;
import org.jspecify.annotations.Nullable;

/**
 * Remembers firsts, and stream time with them, in a windowed store with a changelog.
 *
 * <p>Asking takes one to three point reads and never an iterator: see {@link Buckets}. Forgetting is the store dropping
 * whole windows. What is found counts only by its own time, so a store that still shows old windows does no harm.
 *
 * <p>Changelog records carry the wall clock as their timestamp, not the event time of the record, so that the broker
 * does not delete what was remembered from a replay of old data.
 *
 * <p>Confined to the stream thread.
 */
public final class SeenStore {
    /** How often stream time is to be written down if it does not advance: half a day. */
    public static final Duration REFRESH_EVERY = Duration.ofHours(12);

    private final TimestampedWindowStore<Bytes, byte[]> store;
    private final Buckets buckets;
    private final SeenKey keys = new SeenKey();
    private long streamTime;
    private long writtenStreamTime;
    private long refreshedAt;
    /** No first is remembered from after this time. */
    private long newest;

    /**
     * A view of that store, which was built by {@link #builder} with the same policy and has been restored.
     *
     * <p>Reads stream time back, which takes the only iterator in this class.
     */
    public SeenStore(TimestampedWindowStore<Bytes, byte[]> store, DedupPolicy policy) {
        this.store = store;
        this.buckets = Buckets.of(policy);
        this.streamTime = readStreamTime();
        this.writtenStreamTime = streamTime;
        this.newest =
                streamTime == Long.MIN_VALUE ? streamTime : streamTime + buckets.streamTimeStep() + buckets.aheadMs();
    }

    /** Builds the store to be added to a topology: no cache, a changelog, and a retention that follows the policy. */
    public static StoreBuilder<TimestampedWindowStore<Bytes, byte[]>> builder(
            String name, StoreEngine engine, DedupPolicy policy) {
        Buckets buckets = Buckets.of(policy);
        return Stores.timestampedWindowStoreBuilder(
                        engine.supplier(name, buckets.retention(), buckets.window()),
                        Serdes.Bytes(),
                        Serdes.ByteArray())
                .withCachingDisabled();
    }

    /**
     * The highest time this task has seen, in milliseconds since the epoch, kept across restarts to within a thousandth
     * of the TTL; {@link Long#MIN_VALUE} before the first record.
     */
    public long streamTime() {
        return streamTime;
    }

    /**
     * Advances stream time if that time is higher, but not beyond the wall clock: a record that is somewhat ahead must not
     * make those late that are on time. Not to be called with the time of a record from the future.
     *
     * @param time event time in milliseconds since the epoch
     * @param now the wall clock in milliseconds since the epoch
     */
    public void advanceStreamTime(long time, long now) {
        long advanced = Math.min(time, now);
        if (advanced <= streamTime) {
            return;
        }
        streamTime = advanced;
        if (writtenStreamTime == Long.MIN_VALUE || streamTime - writtenStreamTime >= buckets.streamTimeStep()) {
            writeStreamTime(now);
        }
    }

    /**
     * Writes stream time down anew, so that the broker does not delete it from the changelog of a topic that has gone
     * quiet. To be called every {@link #REFRESH_EVERY} or so.
     *
     * @param now the wall clock in milliseconds since the epoch
     */
    public void refreshStreamTime(long now) {
        if (streamTime != Long.MIN_VALUE && now - refreshedAt >= REFRESH_EVERY.toMillis() / 2) {
            writeStreamTime(now);
        }
    }

    private void writeStreamTime(long now) {
        byte[] value = ByteBuffer.allocate(Long.BYTES).putLong(streamTime).array();
        store.put(SeenKey.STREAM_TIME, ValueAndTimestamp.make(value, now), buckets.start(streamTime));
        writtenStreamTime = streamTime;
        refreshedAt = now;
    }

    /** The store key of that idempotency key within that scope. */
    public Bytes key(String scope, IdempotencyKey key) {
        return keys.of(scope, key);
    }

    /**
     * The first of that key whose TTL covers the time, or null.
     *
     * @param time event time in milliseconds since the epoch
     */
    public @Nullable Sighting recall(Bytes key, long time) {
        long own = buckets.start(time);
        Sighting found = at(key, own, time);
        long previous = own - buckets.width();
        if (found == null && previous >= 0 && time - buckets.ttlMs() < own) {
            found = at(key, previous, time);
        }
        long next = own + buckets.width();
        if (found == null && next <= newest && time + buckets.ttlMs() >= next) {
            found = at(key, next, time);
        }
        return found;
    }

    /**
     * Remembers a first. Replaces what its bucket holds for the key, which its TTL no longer covers.
     *
     * @param now the wall clock in milliseconds since the epoch
     */
    public void remember(Bytes key, Sighting first, long now) {
        store.put(key, ValueAndTimestamp.make(SightingCodec.encode(first), now), buckets.start(first.timestamp()));
        newest = Math.max(newest, first.timestamp());
    }

    private @Nullable Sighting at(Bytes key, long bucket, long time) {
        ValueAndTimestamp<byte[]> stored = store.fetch(key, bucket);
        if (stored == null) {
            return null;
        }
        Sighting sighting = SightingCodec.decode(stored.value());
        return sighting.covers(time, buckets.ttlMs()) ? sighting : null;
    }

    private long readStreamTime() {
        try (WindowStoreIterator<ValueAndTimestamp<byte[]>> latestFirst =
                store.backwardFetch(SeenKey.STREAM_TIME, 0L, Long.MAX_VALUE)) {
            return latestFirst.hasNext()
                    ? ByteBuffer.wrap(latestFirst.next().value.value()).getLong()
                    : Long.MIN_VALUE;
        }
    }
}
