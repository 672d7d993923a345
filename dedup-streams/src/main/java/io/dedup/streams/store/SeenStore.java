// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import io.dedup.DedupPolicy;
import io.dedup.IdempotencyKey;
import io.dedup.Sighting;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
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
    private final List<Buckets> earlierBuckets;
    private StoreNote note;
    private long streamTime;
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
        StoreNote read = readNote();
        this.streamTime = read.streamTime();
        this.note = under(read, buckets);
        this.earlierBuckets = note.earlier().stream()
                .map(earlier -> buckets.withTtl(earlier.ttlMs()))
                .toList();
        this.newest = streamTime == Long.MIN_VALUE ? streamTime : mostAhead(read, buckets);
    }

    /** The note for these buckets: if it was written for another TTL, that one is kept in mind as long as it matters. */
    private static StoreNote under(StoreNote note, Buckets buckets) {
        List<StoreNote.Earlier> earlier = new ArrayList<>();
        for (StoreNote.Earlier one : note.earlier()) {
            if (one.ttlMs() != buckets.ttlMs() && one.until() >= note.streamTime()) {
                earlier.add(one);
            }
        }
        if (note.ttlMs() != buckets.ttlMs()) {
            long until = mostAhead(note, buckets) + note.ttlMs() + buckets.latenessMs();
            earlier.add(new StoreNote.Earlier(note.ttlMs(), until));
        }
        return new StoreNote(note.number(), note.streamTime(), buckets.ttlMs(), earlier);
    }

    /** The latest time that anything remembered when the note was written can have. */
    private static long mostAhead(StoreNote note, Buckets buckets) {
        return note.streamTime() + buckets.withTtl(note.ttlMs()).streamTimeStep() + buckets.aheadMs();
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
        boolean unwritten = note.streamTime() == Long.MIN_VALUE;
        if (unwritten || streamTime - note.streamTime() >= buckets.streamTimeStep()) {
            writeNote(now);
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
            writeNote(now);
        }
    }

    private void writeNote(long now) {
        note = new StoreNote(note.number() + 1, streamTime, note.ttlMs(), note.earlier());
        store.put(SeenKey.NOTE, ValueAndTimestamp.make(note.encode(), now), buckets.start(streamTime));
        refreshedAt = now;
    }

    /** The store key of that idempotency key within that scope. */
    public Bytes key(String scope, IdempotencyKey key) {
        return keys.of(scope, key);
    }

    /**
     * The first of that key whose TTL covers the time, or null. What was remembered under an earlier TTL is remembered as
     * long as that one said.
     *
     * @param time event time in milliseconds since the epoch
     */
    public @Nullable Sighting recall(Bytes key, long time) {
        Sighting found = recall(buckets, key, time);
        for (int i = 0; found == null && i < earlierBuckets.size(); i++) {
            if (streamTime <= note.earlier().get(i).until()) {
                found = recall(earlierBuckets.get(i), key, time);
            }
        }
        return found;
    }

    /**
     * Forgets the first of that key and time, under whichever TTL it was remembered.
     *
     * @param time the event time it was remembered with, in milliseconds since the epoch
     */
    public void release(Bytes key, long time) {
        store.put(key, null, buckets.start(time));
        earlierBuckets.forEach(earlier -> store.put(key, null, earlier.start(time)));
    }

    /** How many earlier TTLs are still looked into. */
    int earlierTtls() {
        return earlierBuckets.size();
    }

    private @Nullable Sighting recall(Buckets cut, Bytes key, long time) {
        long own = cut.start(time);
        Sighting found = at(cut, key, own, time);
        long previous = own - cut.width();
        if (found == null && previous >= 0 && time - cut.ttlMs() < own) {
            found = at(cut, key, previous, time);
        }
        long next = own + cut.width();
        if (found == null && next <= newest && time + cut.ttlMs() >= next) {
            found = at(cut, key, next, time);
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

    private @Nullable Sighting at(Buckets cut, Bytes key, long bucket, long time) {
        ValueAndTimestamp<byte[]> stored = store.fetch(key, bucket);
        if (stored == null) {
            return null;
        }
        Sighting sighting = SightingCodec.decode(stored.value());
        return sighting.covers(time, cut.ttlMs()) ? sighting : null;
    }

    private StoreNote readNote() {
        StoreNote latest = new StoreNote(0, Long.MIN_VALUE, buckets.ttlMs(), List.of());
        try (WindowStoreIterator<ValueAndTimestamp<byte[]>> notes = store.fetch(SeenKey.NOTE, 0L, Long.MAX_VALUE)) {
            while (notes.hasNext()) {
                StoreNote found = StoreNote.decode(notes.next().value.value());
                latest = found.number() > latest.number() ? found : latest;
            }
        }
        return latest;
    }
}
