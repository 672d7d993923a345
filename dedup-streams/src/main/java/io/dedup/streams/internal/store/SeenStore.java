// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store;

import io.dedup.Coordinates;
import io.dedup.DedupPolicy;
import io.dedup.IdempotencyKey;
import io.dedup.Recollection;
import io.dedup.SeenRecord;
import io.dedup.Waiting;
import io.dedup.streams.internal.store.format.BucketEntry;
import io.dedup.streams.internal.store.format.Buckets;
import io.dedup.streams.internal.store.format.EntryCodec;
import io.dedup.streams.internal.store.format.KeyCounts;
import io.dedup.streams.internal.store.format.KeyDefinition;
import io.dedup.streams.internal.store.format.SeenKey;
import io.dedup.streams.internal.store.format.StoreMetadata;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.processor.Cancellable;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.ProcessingContext;
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
public final class SeenStore implements AutoCloseable {
    private static final Duration CHECK_EVERY = Duration.ofMinutes(5);
    private static final long DEFAULT_MAX_POLL_INTERVAL_MS = 300_000;
    private static final List<String> MAX_POLL_INTERVALS = Stream.of(
                    "", StreamsConfig.CONSUMER_PREFIX, StreamsConfig.MAIN_CONSUMER_PREFIX)
            .map(prefix -> prefix + ConsumerConfig.MAX_POLL_INTERVAL_MS_CONFIG)
            .toList();

    private final TimestampedWindowStore<Bytes, byte[]> store;
    private final BatchingBucketStore firstsOf;
    private final Buckets buckets;
    private final SeenKey keys = new SeenKey();
    /** The TTLs that were in force before and may still be looked for, and how time is cut by them. */
    private final List<Earlier> earlier;

    private final KeyCounts census;
    private final SourceTimes times;
    private final KeyDefinition definition;
    private final KeyDefinition writtenDefinition;
    private final long writtenTtlMs;
    private final long refreshEveryMs;
    private long refreshedAt;
    /** The last time of a record that any first is needed for. */
    private long neededUntil;
    /** No bucket starts after this one. */
    private long lastBucket;

    private @Nullable Cancellable checking;

    /** A TTL of before, and how time is cut by it. */
    private record Earlier(Buckets buckets, long neededUntil) {}

    /**
     * What is remembered of a key at some time.
     *
     * @param first the one whose TTL covers the time, or null
     * @param foundIn the bucket of that one
     * @param mayHaveForgotten whether there may have been one that is not remembered any more
     * @param bucket that of the time
     * @param own what is in there
     */
    public record Recalled(
            @Nullable SeenRecord first, long foundIn, boolean mayHaveForgotten, Bytes key, long bucket, BucketEntry own)
            implements Recollection {}

    /**
     * A view of the store of a task, which was built by {@link SeenStores#builder} with the same policy and has been restored. From now on
     * it is checked by the clock.
     */
    public static SeenStore open(
            ProcessingContext context,
            String name,
            DedupPolicy policy,
            Waiting waiting,
            boolean inOrder,
            KeyDefinition definition) {
        TimestampedWindowStore<Bytes, byte[]> store = context.getStateStore(name);
        Object guarantee = context.appConfigs().get(StreamsConfig.PROCESSING_GUARANTEE_CONFIG);
        SeenStore seen = new SeenStore(
                store,
                policy,
                waiting,
                inOrder,
                StreamsConfig.EXACTLY_ONCE_V2.equals(guarantee),
                longestCommit(context.appConfigs()),
                context.currentSystemTimeMs(),
                definition);
        seen.checking = context.schedule(seen.checkEvery(), PunctuationType.WALL_CLOCK_TIME, seen::check);
        return seen;
    }

    /** Longer than any task can take from one commit to the next: it may have to wait for a rebalance, and work after that. */
    static Duration longestCommit(Map<String, ?> configs) {
        long poll = MAX_POLL_INTERVALS.stream()
                .map(configs::get)
                .filter(Objects::nonNull)
                .mapToLong(value -> Long.parseLong(value.toString()))
                .max()
                .orElse(DEFAULT_MAX_POLL_INTERVAL_MS);
        Object commit = configs.get(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG);
        long interval = commit == null ? poll : Long.parseLong(commit.toString());
        // An application that commits by itself sets an interval that never passes.
        return Duration.ofMillis(interval > Long.MAX_VALUE - 2 * poll ? Long.MAX_VALUE : 2 * poll + interval);
    }

    /** The same with Kafka's defaults, and without a clock. */
    SeenStore(TimestampedWindowStore<Bytes, byte[]> store, DedupPolicy policy) {
        this(store, policy, Waiting.DEFAULT, true, false, longestCommit(Map.of()), 0, KeyDefinition.UNKNOWN);
    }

    SeenStore(
            TimestampedWindowStore<Bytes, byte[]> store,
            DedupPolicy policy,
            Waiting waiting,
            boolean inOrder,
            boolean exactlyOnce,
            Duration longestCommit,
            long now,
            KeyDefinition definition) {
        this.store = store;
        this.definition = definition;
        this.buckets = Buckets.of(policy);
        SegmentedWindowStore engine = BatchingBucketStore.engineOf(store);
        engine.flushCache();
        StoreMetadata before = engine.metadata();
        this.writtenTtlMs = before.ttlMs();
        this.writtenDefinition = before.definition();
        this.earlier = earlier(before);
        this.neededUntil = before.neededUntil();
        this.times =
                new SourceTimes(before.times(), before.exactFrom(), policy.allowedLateness(), waiting, inOrder, now);
        this.census = new KeyCounts(before.counts(), times.latest());
        this.lastBucket = engine.lastStart();
        this.refreshEveryMs = buckets.refreshEvery().toMillis();
        this.firstsOf = new BatchingBucketStore(
                engine, store, this::metadata, longestCommit, new Commits(before, exactlyOnce, now));
    }

    private StoreMetadata metadata(long neededBefore, Commits commits, Map<String, Map<Integer, Long>> position) {
        long exactFrom = times.exactFrom();
        return new StoreMetadata(
                buckets.ttlMs(),
                exactFrom,
                neededBefore,
                neededUntil,
                commits.known(exactFrom),
                earlier.stream()
                        .filter(one -> one.neededUntil() >= exactFrom)
                        .map(one -> new StoreMetadata.Earlier(one.buckets().ttlMs(), one.neededUntil()))
                        .toList(),
                census.counts(),
                times.times(),
                position,
                definition);
    }

    /** By what keys were made when the store was written last. */
    public KeyDefinition writtenDefinition() {
        return writtenDefinition;
    }

    /** The TTL that was in force when the store was written last, in milliseconds; that of the policy if it never was. */
    public long writtenTtlMs() {
        return writtenTtlMs;
    }

    /** The TTLs that were in force before, each once and as long as something is needed that was cut by it, but for that of today. */
    private List<Earlier> earlier(StoreMetadata before) {
        Map<Long, Long> byTtl = new TreeMap<>();
        before.earlier().forEach(one -> byTtl.put(one.ttlMs(), one.neededUntil()));
        byTtl.put(before.ttlMs(), before.neededUntil());
        return byTtl.entrySet().stream()
                .filter(one -> one.getKey() != buckets.ttlMs()
                        && one.getValue() != StoreMetadata.NONE
                        && one.getValue() >= before.exactFrom())
                .map(one -> new Earlier(buckets.withTtl(one.getKey()), one.getValue()))
                .toList();
    }

    /**
     * The highest time that was seen of the source partition of a record, in milliseconds since the epoch; {@link Long#MIN_VALUE} before
     * its first. It is kept across restarts.
     *
     * @param at the coordinates of the record; null if it has none
     */
    public long streamTime(@Nullable Coordinates at) {
        return times.of(at);
    }

    /** How far the slowest source partition is behind the fastest, of those that are waited for, in milliseconds. From any thread. */
    public long drift() {
        return times.drift();
    }

    /**
     * Advances the time of a source partition if that time is higher, but not beyond the wall clock: a record that is somewhat ahead
     * must not make those late that are on time. Not to be called with the time of a record from the future.
     *
     * @param at the coordinates of the record; null if it has none
     * @param time event time in milliseconds since the epoch
     * @param now the wall clock in milliseconds since the epoch
     */
    public void advance(@Nullable Coordinates at, long time, long now) {
        if (times.advance(at, time, now)) {
            census.advance(times.latest(), times.exactFrom());
            firstsOf.advanced(now);
        }
    }

    /**
     * Checks that commits reach the store, and writes stream time to the changelog of a topic that has gone quiet, before the
     * broker deletes it there. To be called every {@link #checkEvery}.
     *
     * @param now the wall clock in milliseconds since the epoch
     * @throws LinkageError if what is remembered is not written to the changelog
     */
    void check(long now) {
        firstsOf.check(now);
        boolean holdsSomething = times.latest() != Long.MIN_VALUE || times.exactFrom() > 0;
        if (holdsSomething && now - refreshedAt >= refreshEveryMs) {
            firstsOf.refresh(now);
            refreshedAt = now;
        }
    }

    /** How often {@link #check} is to be called. */
    Duration checkEvery() {
        return Duration.ofMillis(Math.min(CHECK_EVERY.toMillis(), refreshEveryMs));
    }

    /** The store key of that idempotency key within that scope. */
    public Bytes key(String scope, IdempotencyKey key) {
        return keys.of(scope, key);
    }

    /**
     * What is remembered of that key at that time. What was remembered under an earlier TTL is remembered as long as that one said.
     *
     * @param time event time in milliseconds since the epoch
     * @param ttlMs the TTL of the record in hand, in milliseconds
     * @param at the coordinates of that record; null if it has none. A first at the same coordinates is {@linkplain
     *     SeenRecord#settled settled} if the record cannot be that one, read again after a failure
     */
    public Recalled recall(Bytes key, long time, long ttlMs, @Nullable Coordinates at) {
        Search search = new Search(key, time, ttlMs);
        long bucket = buckets.start(time);
        BucketEntry own = firstsOf.get(key, bucket, bucket - buckets.width());
        search.in(bucket, own);
        search.before(buckets);
        search.after(buckets);
        for (Earlier one : earlier) {
            if (one.neededUntil() >= times.exactFrom()) {
                search.in(one.buckets().start(time));
                search.before(one.buckets());
                search.farAfter(one.buckets());
            }
        }
        return new Recalled(search.settled(at), search.foundIn, search.mayHaveForgotten, key, bucket, own);
    }

    /** For the first of a key whose TTL covers a time. Once it is found nothing more is read. */
    private final class Search {
        private final Bytes key;
        private final long time;
        private final long ttlMs;
        private @Nullable SeenRecord found;
        private long foundIn;
        private boolean mayHaveForgotten;

        Search(Bytes key, long time, long ttlMs) {
            this.key = key;
            this.time = time;
            this.ttlMs = ttlMs;
            this.mayHaveForgotten = time < times.exactFrom();
        }

        void in(long bucket, BucketEntry firsts) {
            if (found == null) {
                mayHaveForgotten |= time <= firsts.forgottenUntil();
                found = firsts.covering(time, ttlMs);
                foundIn = bucket;
            }
        }

        void in(long bucket) {
            if (found == null) {
                in(bucket, fetch(key, bucket));
            }
        }

        /** In the bucket before that of the time, if a first in it can cover the time. */
        void before(Buckets cut) {
            long start = cut.start(time);
            if (start >= cut.width() && time - cut.ttlMs() < start) {
                in(start - cut.width());
            }
        }

        /** In the bucket after that of the time, if the time can be so much before a first in it. */
        void after(Buckets cut) {
            long next = cut.start(time) + cut.width();
            if (next <= lastBucket && time + cut.ttlMs() >= next) {
                in(next);
            }
        }

        /** In all buckets after that of the time which the record's own TTL reaches: it may be longer than the one they are cut by. */
        void farAfter(Buckets cut) {
            Long next = cut.start(time) + 1;
            while (found == null && next <= lastBucket) {
                next = firstsOf.startFrom(next);
                if (next == null || next > time + ttlMs) {
                    return;
                }
                in(next);
                next++;
            }
        }

        @Nullable
        SeenRecord settled(@Nullable Coordinates at) {
            SeenRecord first = found;
            if (first == null || first.settled() || at == null || !at.equals(first.coordinates())) {
                return first;
            }
            return firstsOf.isCommitted(key, foundIn) ? first.asSettled() : first;
        }
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
        for (Earlier one : earlier) {
            released |= release(one.buckets(), key, time, now);
        }
        return released;
    }

    private boolean release(Buckets cut, Bytes key, long time, long now) {
        long bucket = cut.start(time);
        BucketEntry firsts = fetch(key, bucket);
        if (!firsts.hasOneOf(time)) {
            return false;
        }
        firstsOf.put(key, bucket, firsts.without(time), now);
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
        Map<Long, BucketEntry> found = new TreeMap<>();
        EntryCodec codec = new EntryCodec();
        try (WindowStoreIterator<ValueAndTimestamp<byte[]>> stored = store.fetch(key, 0L, Long.MAX_VALUE)) {
            stored.forEachRemaining(bucket -> {
                if (bucket.value.timestamp() <= rememberedBefore) {
                    found.put(bucket.key, codec.decodeVersioned(bucket.value.value(), bucket.key));
                }
            });
        }
        int forgotten = 0;
        for (Map.Entry<Long, BucketEntry> bucket : found.entrySet()) {
            firstsOf.put(key, bucket.getKey(), BucketEntry.NONE, now);
            for (int i = 0; i < bucket.getValue().seenRecords().size(); i++) {
                census.remove(buckets.roundedUntil(bucket.getKey()));
                forgotten++;
            }
        }
        return forgotten;
    }

    /** How many earlier TTLs are still looked into. */
    int earlierTtls() {
        return (int) earlier.stream()
                .filter(one -> one.neededUntil() >= times.exactFrom())
                .count();
    }

    /**
     * Remembers a first, in the place of what is remembered of the same time.
     *
     * @param recalled what is remembered of its key, since when nothing of that has changed
     * @param now the wall clock in milliseconds since the epoch
     */
    public void remember(Recalled recalled, SeenRecord first, long now) {
        SeenRecord known = recalled.first();
        // Once more, and where it is: it may have been remembered under another TTL.
        boolean isKnown = known != null && known.timestamp() == first.timestamp();
        long bucket = isKnown ? recalled.foundIn() : buckets.start(first.timestamp());
        BucketEntry firsts = bucket == recalled.bucket() ? recalled.own() : fetch(recalled.key(), bucket);
        BucketEntry more = firsts.with(first);
        // Before it is put, which may write what the store knows of itself.
        neededUntil = Math.max(neededUntil, first.expiresAt());
        lastBucket = Math.max(lastBucket, bucket);
        if (more.seenRecords().size() > firsts.seenRecords().size()) {
            census.add(buckets.roundedUntil(bucket), first.timestamp());
        }
        firstsOf.put(recalled.key(), bucket, more, now);
    }

    /** How many firsts are remembered. From any thread. */
    public long remembered() {
        return census.remembered();
    }

    /** Checks and writes the store no longer; Kafka Streams closes it. */
    @Override
    public void close() {
        if (checking != null) {
            checking.cancel();
        }
        firstsOf.close();
    }

    /** How many bytes of memory the store takes on this machine. From any thread. */
    public long bytes() {
        return firstsOf.bytes();
    }

    /** How many bytes of files the store has on this machine. From any thread. */
    public long diskBytes() {
        return firstsOf.diskBytes();
    }

    /**
     * How long before stream time the oldest first was, in milliseconds; 0 if there is none or it is not before. From any
     * thread.
     */
    public long reach() {
        return census.reach();
    }

    private BucketEntry fetch(Bytes key, long bucket) {
        return firstsOf.get(key, bucket);
    }
}
