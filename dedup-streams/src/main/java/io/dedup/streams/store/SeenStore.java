// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import io.dedup.DedupPolicy;
import io.dedup.IdempotencyKey;
import io.dedup.Sighting;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.processor.Cancellable;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.ProcessingContext;
import org.apache.kafka.streams.query.Query;
import org.apache.kafka.streams.query.WindowKeyQuery;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.TimestampedWindowStore;
import org.apache.kafka.streams.state.ValueAndTimestamp;
import org.apache.kafka.streams.state.WindowBytesStoreSupplier;
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
    private static final String UNLIMITED = "-1";
    private static final Duration CHECK_EVERY = Duration.ofMinutes(5);
    private static final long DEFAULT_MAX_POLL_INTERVAL_MS = 300_000;
    private static final List<String> MAX_POLL_INTERVALS = Stream.of(
                    "", StreamsConfig.CONSUMER_PREFIX, StreamsConfig.MAIN_CONSUMER_PREFIX)
            .map(prefix -> prefix + ConsumerConfig.MAX_POLL_INTERVAL_MS_CONFIG)
            .toList();

    private final TimestampedWindowStore<Bytes, byte[]> store;
    private final BucketStore firstsOf;
    private final Buckets buckets;
    private final SeenKey keys = new SeenKey();
    private final List<Buckets> earlierBuckets;
    private final Census census;
    private final long writtenTtlMs;
    private final List<StoreMetadata.Earlier> earlier;
    /** Of records from before this time, firsts may have been forgotten. */
    private final long exactFrom;

    private final long refreshEveryMs;
    private long streamTime;
    private long refreshedAt;
    /** No first is remembered from after this time. */
    private long newest;

    private @Nullable Cancellable checking;
    private boolean mayHaveForgotten;
    /** The bucket that the last record belongs to as it was read, so that it need not be read again to be added to. */
    private @Nullable Bytes ownKey;

    private long ownBucket;
    private Firsts own = Firsts.NONE;

    /**
     * A view of the store of a task, which was built by {@link #builder} with the same policy and has been restored. From now on
     * it is checked by the clock.
     */
    public static SeenStore open(ProcessingContext context, String name, DedupPolicy policy) {
        TimestampedWindowStore<Bytes, byte[]> store = context.getStateStore(name);
        SeenStore seen = new SeenStore(store, policy, longestCommit(context.appConfigs()));
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
        this(store, policy, longestCommit(Map.of()));
    }

    private SeenStore(TimestampedWindowStore<Bytes, byte[]> store, DedupPolicy policy, Duration longestCommit) {
        this.store = store;
        this.buckets = Buckets.of(policy);
        this.firstsOf = BucketStore.of(store, buckets, this::metadata, longestCommit);
        StoreMetadata before = firstsOf.read();
        this.streamTime = before.streamTime();
        this.writtenTtlMs = before.ttlMs();
        this.earlier = earlier(before, buckets);
        this.exactFrom = exactFrom(before, buckets);
        // What was cut by the same TTL is looked for where everything else is.
        this.earlierBuckets =
                earlier.stream().map(one -> buckets.withTtl(one.ttlMs())).toList();
        // After a crash under at-least-once the disk can have firsts from after the metadata.
        this.newest =
                streamTime == Long.MIN_VALUE ? before.newest() : Math.max(before.newest(), mostAhead(before, buckets));
        this.census = new Census(before.counts(), streamTime);
        this.refreshEveryMs = buckets.refreshEvery().toMillis();
    }

    private StoreMetadata metadata() {
        return new StoreMetadata(
                streamTime,
                newest,
                buckets.ttlMs(),
                buckets.retention().toMillis(),
                buckets.latenessMs(),
                exactFrom,
                earlier.stream().filter(one -> one.until() >= streamTime).toList(),
                census.counts(),
                Map.of());
    }

    /** The TTL that was in force when the store was written last, in milliseconds; that of the policy if it never was. */
    public long writtenTtlMs() {
        return writtenTtlMs;
    }

    /** A larger lateness does not bring back what a smaller one has let go. */
    private static long exactFrom(StoreMetadata before, Buckets buckets) {
        boolean isLarger = before.streamTime() != Long.MIN_VALUE && buckets.latenessMs() > before.latenessMs();
        return isLarger ? Math.max(before.exactFrom(), before.streamTime() - before.latenessMs()) : before.exactFrom();
    }

    /**
     * The TTLs that were in force before these buckets, each once and as long as it matters, and that of these buckets if what was
     * cut by it is needed for longer than they are.
     */
    private static List<StoreMetadata.Earlier> earlier(StoreMetadata before, Buckets buckets) {
        Map<Long, StoreMetadata.Earlier> byTtl = new TreeMap<>();
        for (StoreMetadata.Earlier one : before.earlier()) {
            byTtl.put(one.ttlMs(), one);
        }
        if (before.streamTime() != Long.MIN_VALUE) {
            long until = Math.max(before.newest(), mostAhead(before, buckets)) + before.ttlMs() + buckets.latenessMs();
            byTtl.merge(
                    before.ttlMs(),
                    new StoreMetadata.Earlier(before.ttlMs(), before.retentionMs(), until),
                    (one, other) -> new StoreMetadata.Earlier(
                            one.ttlMs(),
                            Math.max(one.retentionMs(), other.retentionMs()),
                            Math.max(one.until(), other.until())));
        }
        return byTtl.values().stream()
                .filter(one -> one.until() >= before.streamTime())
                .filter(one -> one.ttlMs() != buckets.ttlMs()
                        || one.retentionMs() > buckets.retention().toMillis())
                .toList();
    }

    /** The latest time that what was remembered after the metadata was written can have. */
    private static long mostAhead(StoreMetadata before, Buckets buckets) {
        return before.streamTime() + buckets.withTtl(before.ttlMs()).streamTimeStep() + buckets.aheadMs();
    }

    /**
     * Builds the store to be added to a topology: no cache, a changelog, and a retention that follows the policy.
     *
     * @param changelog settings of the changelog topic that count instead of ours
     * @throws IllegalArgumentException if the topic would keep less than is remembered
     */
    public static StoreBuilder<TimestampedWindowStore<Bytes, byte[]>> builder(
            String name, StoreEngine engine, DedupPolicy policy, Map<String, String> changelog) {
        Buckets buckets = Buckets.of(policy);
        WindowBytesStoreSupplier supplier = engine.supplier(name, buckets.retention(), buckets.window());
        String kept = changelog.get(TopicConfig.RETENTION_MS_CONFIG);
        if (kept != null
                && !kept.equals(UNLIMITED)
                && Long.parseLong(kept) < buckets.retention().toMillis()) {
            throw new IllegalArgumentException("retention.ms of the changelog must be at least "
                    + buckets.retention().toMillis() + ", as long as a key is remembered: " + kept);
        }
        Map<String, String> topic = new HashMap<>(changelogConfigs(engine, policy));
        topic.putAll(changelog);
        return Stores.timestampedWindowStoreBuilder(supplier, Serdes.Bytes(), Serdes.ByteArray())
                .withLoggingEnabled(topic)
                .withCachingDisabled();
    }

    /** How long what is remembered is needed, from the start of its window. */
    public static Duration retention(DedupPolicy policy) {
        return Buckets.of(policy).retention();
    }

    /** Whether the stores of that engine are written in batches, as those of our engines are. */
    public static boolean isBatching(StoreEngine engine, DedupPolicy policy) {
        Buckets buckets = Buckets.of(policy);
        return engine.supplier("seen", buckets.retention(), buckets.window()) instanceof BucketedSupplier;
    }

    /**
     * How the changelog topic is made where it differs from that of other windowed stores. Batches have no keys that could be
     * compacted; and a file that is not full is deleted too, so that a short TTL does not restore what is long gone.
     */
    public static Map<String, String> changelogConfigs(StoreEngine engine, DedupPolicy policy) {
        if (!isBatching(engine, policy)) {
            return Map.of();
        }
        return Map.of(
                TopicConfig.CLEANUP_POLICY_CONFIG,
                TopicConfig.CLEANUP_POLICY_DELETE,
                // Of a broker that bounds topics by size.
                TopicConfig.RETENTION_BYTES_CONFIG,
                UNLIMITED,
                TopicConfig.SEGMENT_MS_CONFIG,
                Long.toString(Buckets.of(policy).changelogSegment().toMillis()));
    }

    /**
     * The highest time this task has seen, in milliseconds since the epoch; {@link Long#MIN_VALUE} before the first record. It is
     * kept across restarts as it was at the last commit, or with an engine of another kind to within a thousandth of the TTL.
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
        firstsOf.advanced(now);
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
        if (streamTime != Long.MIN_VALUE && now - refreshedAt >= refreshEveryMs) {
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
     * The first of that key whose TTL covers the time, or null. What was remembered under an earlier TTL is remembered as
     * long as that one said.
     *
     * @param time event time in milliseconds since the epoch
     * @param ttlMs the TTL of the record in hand, in milliseconds
     */
    public @Nullable Sighting recall(Bytes key, long time, long ttlMs) {
        mayHaveForgotten = time < exactFrom;
        ownKey = key;
        ownBucket = buckets.start(time);
        own = firstsOf.get(key, ownBucket, ownBucket - buckets.width());
        Sighting found = covering(own, time, ttlMs);
        if (found == null) {
            found = besideOwn(buckets, key, time, ttlMs);
        }
        for (int i = 0; found == null && i < earlierBuckets.size(); i++) {
            boolean isOtherCut = earlier.get(i).ttlMs() != buckets.ttlMs();
            if (isOtherCut && streamTime <= earlier.get(i).until()) {
                Buckets cut = earlierBuckets.get(i);
                found = covering(fetch(key, cut.start(time)), time, ttlMs);
                found = found == null ? besideOwn(cut, key, time, ttlMs) : found;
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
        for (Buckets cut : earlierBuckets) {
            if (cut.ttlMs() != buckets.ttlMs()) {
                released |= release(cut, key, time, now);
            }
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
        EntryCodec codec = new EntryCodec();
        try (WindowStoreIterator<ValueAndTimestamp<byte[]>> stored = store.fetch(key, 0L, Long.MAX_VALUE)) {
            stored.forEachRemaining(bucket -> {
                if (bucket.value.timestamp() <= rememberedBefore) {
                    found.put(bucket.key, codec.decodeVersioned(bucket.value.value(), bucket.key));
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
        EntryCodec codec = new EntryCodec();
        while (results.hasNext()) {
            KeyValue<Long, ValueAndTimestamp<byte[]>> bucket = results.next();
            Sighting covering =
                    codec.decodeVersioned(bucket.value.value(), bucket.key).covering(time, ttlMs);
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
     * Remembers a first, in the place of what is remembered of the same time.
     *
     * @param now the wall clock in milliseconds since the epoch
     */
    public void remember(Bytes key, Sighting first, long now) {
        long bucket = buckets.start(first.timestamp());
        Firsts firsts = key.equals(ownKey) && bucket == ownBucket ? own : fetch(key, bucket);
        Firsts more = firsts.with(first);
        // Before it is put, which may write what the store knows of itself.
        newest = Math.max(newest, first.timestamp());
        if (more.sightings().size() > firsts.sightings().size()) {
            census.add(buckets.roundedUntil(bucket), first.timestamp());
        }
        put(key, bucket, more, now);
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

    /** How many bytes of memory the store takes on this machine, if it is one that knows. From any thread. */
    public OptionalLong bytes() {
        return firstsOf.bytes();
    }

    /** How many bytes of files the store has on this machine, if it is one that knows. From any thread. */
    public OptionalLong diskBytes() {
        return firstsOf.diskBytes();
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
}
