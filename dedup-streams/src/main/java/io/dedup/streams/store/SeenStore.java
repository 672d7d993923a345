// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import io.dedup.DedupPolicy;
import io.dedup.IdempotencyKey;
import io.dedup.Sighting;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.query.Query;
import org.apache.kafka.streams.query.WindowKeyQuery;
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
    private final FirstsStore firstsOf;
    private final Buckets buckets;
    private final SeenKey keys = new SeenKey();
    private final List<Buckets> earlierBuckets;
    private final Census census;
    private final long writtenTtlMs;
    private StoreNote note;
    private long streamTime;
    private long refreshedAt;
    /** No first is remembered from after this time. */
    private long newest;

    private boolean mayHaveForgotten;
    /** The bucket that the last record belongs to as it was read, so that it need not be read again to be added to. */
    private @Nullable Bytes ownKey;

    private long ownBucket;
    private Firsts own = Firsts.NONE;

    /**
     * A view of that store, which was built by {@link #builder} with the same policy and has been restored.
     *
     * <p>Reads stream time back, which takes the only iterator in this class.
     */
    public SeenStore(TimestampedWindowStore<Bytes, byte[]> store, DedupPolicy policy) {
        this.store = store;
        this.firstsOf = FirstsStore.of(store);
        this.buckets = Buckets.of(policy);
        StoreNote before = readNote();
        this.streamTime = before.streamTime();
        this.writtenTtlMs = before.ttlMs();
        this.note = under(before, buckets);
        this.earlierBuckets = note.earlier().stream()
                .map(earlier -> buckets.withTtl(earlier.ttlMs()))
                .toList();
        this.newest = streamTime == Long.MIN_VALUE ? streamTime : mostAhead(before, buckets);
        this.census = new Census(before.counts(), streamTime);
    }

    /** The TTL that was in force when the store was written last, in milliseconds; that of the policy if it never was. */
    public long writtenTtlMs() {
        return writtenTtlMs;
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
        return new StoreNote(note.number(), note.streamTime(), buckets.ttlMs(), earlier, note.counts());
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
        census.advance(streamTime);
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
        note = new StoreNote(note.number() + 1, streamTime, note.ttlMs(), note.earlier(), census.counts());
        firstsOf.put(SeenKey.NOTE, note.encode(), buckets.noteStart(streamTime), now);
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
     * @param ttlMs the TTL of the record in hand, in milliseconds
     */
    public @Nullable Sighting recall(Bytes key, long time, long ttlMs) {
        mayHaveForgotten = false;
        ownKey = key;
        ownBucket = buckets.start(time);
        own = firstsOf.get(key, ownBucket, ownBucket - buckets.width());
        Sighting found = covering(own, time, ttlMs);
        if (found == null) {
            found = besideOwn(buckets, key, time, ttlMs);
        }
        for (int i = 0; found == null && i < earlierBuckets.size(); i++) {
            if (streamTime <= note.earlier().get(i).until()) {
                Buckets earlier = earlierBuckets.get(i);
                found = covering(fetch(key, earlier.start(time)), time, ttlMs);
                found = found == null ? besideOwn(earlier, key, time, ttlMs) : found;
            }
        }
        return found;
    }

    /**
     * Forgets the first of that key and time, under whichever TTL it was remembered.
     *
     * @param time the event time it was remembered with, in milliseconds since the epoch
     * @param now the wall clock in milliseconds since the epoch
     * @return whether it was remembered
     */
    public boolean release(Bytes key, long time, long now) {
        boolean released = release(buckets, key, time, now);
        for (Buckets earlier : earlierBuckets) {
            released |= release(earlier, key, time, now);
        }
        return released;
    }

    private boolean release(Buckets cut, Bytes key, long time, long now) {
        long bucket = cut.start(time);
        Firsts firsts = fetch(key, bucket);
        if (!firsts.hasOneOf(time)) {
            return false;
        }
        put(key, bucket, firsts.without(time), now);
        census.remove(cut.roundedUntil(bucket));
        return true;
    }

    /**
     * Forgets every first of that key that was remembered until then.
     *
     * @param rememberedBefore by the wall clock, in milliseconds since the epoch
     * @param now the wall clock in milliseconds since the epoch
     * @return how many there were
     */
    public int forget(Bytes key, long rememberedBefore, long now) {
        Map<Long, Firsts> found = new TreeMap<>();
        try (WindowStoreIterator<ValueAndTimestamp<byte[]>> stored = store.fetch(key, 0L, Long.MAX_VALUE)) {
            stored.forEachRemaining(bucket -> {
                if (bucket.value.timestamp() <= rememberedBefore) {
                    found.put(bucket.key, SightingCodec.decode(bucket.value.value()));
                }
            });
        }
        int forgotten = 0;
        for (Map.Entry<Long, Firsts> bucket : found.entrySet()) {
            put(key, bucket.getKey(), Firsts.NONE, now);
            for (int i = 0; i < bucket.getValue().sightings().size(); i++) {
                census.remove(buckets.roundedUntil(bucket.getKey()));
                forgotten++;
            }
        }
        return forgotten;
    }

    /** The bytes of a store key, by which the same key has the same name in every task. */
    public static byte[] nameOf(String scope, IdempotencyKey key) {
        return new SeenKey().of(scope, key).get();
    }

    /** A query for everything that is remembered of that key within that scope. */
    public static Query<WindowStoreIterator<ValueAndTimestamp<byte[]>>> queryFor(String scope, IdempotencyKey key) {
        return WindowKeyQuery.withKeyAndWindowStartRange(
                new SeenKey().of(scope, key), Instant.EPOCH, Instant.ofEpochMilli(Long.MAX_VALUE));
    }

    /**
     * The first among the results of {@link #queryFor} whose TTL covers that time, or null.
     *
     * @param results exhausted afterwards and not closed
     * @param time event time in milliseconds since the epoch
     * @param ttlMs the TTL of a record of that time, in milliseconds
     */
    public static @Nullable Sighting covering(
            WindowStoreIterator<ValueAndTimestamp<byte[]>> results, long time, long ttlMs) {
        Sighting found = null;
        while (results.hasNext()) {
            Sighting covering =
                    SightingCodec.decode(results.next().value.value()).covering(time, ttlMs);
            found = covering == null ? found : covering;
        }
        return found;
    }

    /** How many earlier TTLs are still looked into. */
    int earlierTtls() {
        return earlierBuckets.size();
    }

    /** Whether, for the key and time that were asked for last, a first may have been forgotten early. */
    public boolean mayHaveForgotten() {
        return mayHaveForgotten;
    }

    private @Nullable Sighting besideOwn(Buckets cut, Bytes key, long time, long ttlMs) {
        long start = cut.start(time);
        Sighting found = null;
        long previous = start - cut.width();
        if (previous >= 0 && time - cut.ttlMs() < start) {
            found = covering(fetch(key, previous), time, ttlMs);
        }
        long next = start + cut.width();
        if (found == null && next <= newest && time + cut.ttlMs() >= next) {
            found = covering(fetch(key, next), time, ttlMs);
        }
        return found;
    }

    private @Nullable Sighting covering(Firsts firsts, long time, long ttlMs) {
        mayHaveForgotten |= time <= firsts.forgottenUntil();
        return firsts.covering(time, ttlMs);
    }

    /**
     * Remembers a first, or anew what is remembered of one.
     *
     * @param now the wall clock in milliseconds since the epoch
     */
    public void remember(Bytes key, Sighting first, long now) {
        long bucket = buckets.start(first.timestamp());
        Firsts firsts = key.equals(ownKey) && bucket == ownBucket ? own : fetch(key, bucket);
        Firsts more = firsts.with(first);
        put(key, bucket, more, now);
        newest = Math.max(newest, first.timestamp());
        if (more.sightings().size() > firsts.sightings().size()) {
            census.add(buckets.roundedUntil(bucket), first.timestamp());
        }
    }

    /** How many firsts are remembered; after a restart, to within what came after the last note. From any thread. */
    public long remembered() {
        return census.remembered();
    }

    /** How many bytes of memory the store takes on this machine, if it is one that knows. From any thread. */
    public OptionalLong bytes() {
        return firstsOf.bytes();
    }

    /**
     * How long before stream time the oldest first was, in milliseconds; 0 if there is none or it is not before. From any
     * thread.
     */
    public long reach() {
        return census.reach();
    }

    private void put(Bytes key, long bucket, Firsts firsts, long now) {
        firstsOf.put(key, bucket, firsts, now);
        ownKey = null;
    }

    private Firsts fetch(Bytes key, long bucket) {
        return firstsOf.get(key, bucket);
    }

    private StoreNote readNote() {
        StoreNote latest = new StoreNote(0, Long.MIN_VALUE, buckets.ttlMs(), List.of(), List.of());
        try (WindowStoreIterator<ValueAndTimestamp<byte[]>> notes = store.fetch(SeenKey.NOTE, 0L, Long.MAX_VALUE)) {
            while (notes.hasNext()) {
                StoreNote found = StoreNote.decode(notes.next().value.value());
                latest = found.number() > latest.number() ? found : latest;
            }
        }
        return latest;
    }
}
