// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store;

import io.dedup.Coordinates;
import io.dedup.Waiting;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The progress of event time in each source partition, and the time from which on the store has to be exact: a watermark, as Flink
 * has it. It follows the slowest partition that is not idle, and the fastest at some distance at least.
 *
 * <p>Changed by the stream thread alone; {@link #drift} may be read by any.
 */
final class SourceTimes {
    /** Where a record comes from that has no coordinates, as from a punctuator. */
    private static final Coordinates NOWHERE = new Coordinates("-", 0, 0);

    private static final long CHECK_IDLE_EVERY_MS = 1_000;

    /** How far event time has come in one of them. */
    private static final class Source {
        private final String topic;
        private final int partition;
        private long time;
        /** By the wall clock, when a record came from there. */
        private long heardAt;

        Source(String topic, int partition, long time, long heardAt) {
            this.topic = topic;
            this.partition = partition;
            this.time = time;
            this.heardAt = heardAt;
        }

        boolean is(Coordinates at) {
            return partition == at.partition() && topic.equals(at.topic());
        }
    }

    private final Map<String, Map<Integer, Source>> sources = new HashMap<>();
    private final long idleMs;
    private final long driftMs;
    private final long latenessMs;
    /** By the wall clock, until when a partition may still come that has not been heard of. */
    private long completeAt;

    private final AtomicLong fastest = new AtomicLong(Long.MIN_VALUE);
    /** What the slowest had come to when it was last looked for. */
    private final AtomicLong slowest = new AtomicLong(Long.MIN_VALUE);

    private @Nullable Source last;
    private int count;
    private long lookAgainAt = Long.MIN_VALUE;
    /** By the wall clock, when any record came. */
    private long heardAt;

    private long exactFrom;

    /**
     * The times that a store had when it was written last.
     *
     * @param exactFrom what the store was exact from; it will not be from earlier
     * @param lateness how much later than its own partition a record may be and still get an exact verdict
     * @param inOrder whether Kafka Streams reads the partitions in the order of time, so that none appears that is far behind
     * @param now the wall clock in milliseconds since the epoch
     */
    SourceTimes(
            Map<String, Map<Integer, Long>> times,
            long exactFrom,
            Duration lateness,
            Waiting waiting,
            boolean inOrder,
            long now) {
        this.idleMs = waiting.idleTimeout().toMillis();
        this.driftMs = waiting.maxDrift().toMillis();
        this.latenessMs = lateness.toMillis();
        this.completeAt = inOrder ? Long.MIN_VALUE : now + idleMs;
        this.exactFrom = exactFrom;
        this.heardAt = now;
        times.forEach((topic, partitions) ->
                partitions.forEach((partition, time) -> add(new Source(topic, partition, time, now))));
        if (count > 0) {
            fastest.lazySet(all().mapToLong(source -> source.time).max().orElse(Long.MIN_VALUE));
            look(now);
        }
    }

    private Stream<Source> all() {
        return sources.values().stream().flatMap(partitions -> partitions.values().stream());
    }

    private void add(Source source) {
        sources.computeIfAbsent(source.topic, unseen -> new HashMap<>()).put(source.partition, source);
        count++;
    }

    private @Nullable Source find(@Nullable Coordinates coordinates) {
        Coordinates at = coordinates == null ? NOWHERE : coordinates;
        Source found = last;
        if (found != null && found.is(at)) {
            return found;
        }
        Map<Integer, Source> partitions = sources.get(at.topic());
        found = partitions == null ? null : partitions.get(at.partition());
        if (found != null) {
            last = found;
        }
        return found;
    }

    /** The highest time of any record from that partition; {@link Long#MIN_VALUE} if there was none. */
    long of(@Nullable Coordinates at) {
        Source source = find(at);
        return source == null ? Long.MIN_VALUE : source.time;
    }

    /**
     * Takes the time of a record that is not too far ahead of the clock.
     *
     * @param now the wall clock in milliseconds since the epoch
     * @return whether the time of its partition has advanced
     */
    boolean advance(@Nullable Coordinates at, long time, long now) {
        if (now - heardAt >= Math.max(1, idleMs / 2)) {
            standStill(now - heardAt);
        }
        heardAt = now;
        long advanced = Math.min(time, now);
        Source source = find(at);
        boolean isNew = source == null;
        if (source == null) {
            Coordinates known = at == null ? NOWHERE : at;
            source = new Source(known.topic(), known.partition(), advanced, now);
            add(source);
        }
        source.heardAt = now;
        if (!isNew && advanced <= source.time) {
            return false;
        }
        boolean wasSlowest = isNew || source.time <= slowest.get();
        source.time = advanced;
        if (advanced > fastest.get()) {
            fastest.lazySet(advanced);
        }
        if (wasSlowest || now >= lookAgainAt) {
            look(now);
        }
        return true;
    }

    /** Nothing has come for so long, of any partition: it is the task that has been idle, or its cluster. */
    private void standStill(long ms) {
        all().forEach(source -> source.heardAt += ms);
        if (completeAt != Long.MIN_VALUE) {
            completeAt += ms;
        }
    }

    /** Looks for the slowest that is not idle. */
    private void look(long now) {
        long least = Long.MAX_VALUE;
        if (count == 1 && last != null) {
            least = last.time;
        } else {
            for (Map<Integer, Source> partitions : sources.values()) {
                for (Source source : partitions.values()) {
                    if (now - source.heardAt < idleMs) {
                        least = Math.min(least, source.time);
                    }
                }
            }
            lookAgainAt = now + CHECK_IDLE_EVERY_MS;
        }
        boolean isComplete = now >= completeAt;
        // Without an idle timeout none is waited for.
        long found = least == Long.MAX_VALUE ? fastest.get() : least;
        slowest.lazySet(found);
        long reached = Math.max(isComplete ? found : Long.MIN_VALUE, fastest.get() - driftMs);
        // Written so that there is no overflow before the first record.
        if (reached > 0) {
            exactFrom = Math.max(exactFrom, reached - latenessMs);
        }
    }

    /** Records of that time or later get exact verdicts, all others may have been forgotten. */
    long exactFrom() {
        return exactFrom;
    }

    /** The highest time of any record; {@link Long#MIN_VALUE} if there was none. From any thread. */
    long latest() {
        return fastest.get();
    }

    /** How far the slowest partition that is waited for is behind the fastest, in milliseconds. From any thread. */
    long drift() {
        long least = slowest.get();
        return least == Long.MIN_VALUE ? 0 : Math.max(0, fastest.get() - least);
    }

    /** The times that still matter, as a store has them: what comes from another partition and is not older is decided on as a new one. */
    Map<String, Map<Integer, Long>> times() {
        Map<String, Map<Integer, Long>> times = new TreeMap<>();
        // The fastest too if it is older than that: that there were records is not forgotten.
        all().filter(source -> source.time >= exactFrom || source.time == fastest.get())
                .forEach(source -> times.computeIfAbsent(source.topic, unseen -> new TreeMap<>())
                        .put(source.partition, source.time));
        return times;
    }
}
