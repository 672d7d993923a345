// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.format;

import io.dedup.DedupPolicy;
import java.time.Duration;

/**
 * The division of time into buckets, so that everything within the TTL of a record is found by at most three point reads.
 *
 * <p>A bucket is one millisecond wider than the TTL. Two firsts of one key are further apart than the TTL, so a bucket
 * holds at most one; and what lies within the TTL of a time lies in its own bucket or one beside it.
 *
 * @param ttlMs how long a first is remembered, in milliseconds
 * @param latenessMs how late a record may be, in milliseconds
 * @param aheadMs how far ahead of the wall clock a record may be, in milliseconds
 */
public record Buckets(long ttlMs, long latenessMs, long aheadMs) {
    /** Into how many parts retention is cut for what need not be exact. */
    private static final long COARSE_STEPS = 32;

    private static final Duration MIN_RETENTION = Duration.ofHours(1);
    private static final Duration MAX_REFRESH = Duration.ofHours(12);
    private static final Duration MIN_CHANGELOG_SEGMENT = Duration.ofMinutes(15);
    private static final Duration MAX_CHANGELOG_SEGMENT = Duration.ofDays(7);

    public static Buckets of(DedupPolicy policy) {
        return new Buckets(
                policy.ttl().toMillis(),
                policy.allowedLateness().toMillis(),
                policy.maxFuture().toMillis());
    }

    /** The buckets of another TTL. */
    public Buckets withTtl(long otherTtlMs) {
        return new Buckets(otherTtlMs, latenessMs, aheadMs);
    }

    /** The width of a bucket in milliseconds. */
    public long width() {
        return ttlMs + 1;
    }

    /** The start of the bucket that the time falls into. */
    public long start(long time) {
        return Math.floorDiv(time, width()) * width();
    }

    /** The last time of a record that a first in the bucket of that start can be needed for. */
    long until(long start) {
        return start + width() - 1 + ttlMs;
    }

    /**
     * The same, rounded up, so that there are no more than some thirty of these however many buckets there are. By what decisions need,
     * and not by how far ahead records may be: that can be any number of TTLs.
     */
    public long roundedUntil(long start) {
        long step = Math.max(width(), (ttlMs + latenessMs) / COARSE_STEPS);
        return Math.floorDiv(until(start) + step - 1, step) * step;
    }

    /**
     * How long a first is needed after it was written, where stream time advances with the clock. It may be ahead of the clock; it is
     * remembered for a TTL; and a record may be late. At least an hour: however soon keys are forgotten, a restart must find how far
     * stream time had come, and that is not to be written all the time.
     */
    public Duration retention() {
        return Duration.ofMillis(retentionMs());
    }

    private long retentionMs() {
        return Math.max(MIN_RETENTION.toMillis(), aheadMs + ttlMs + latenessMs);
    }

    /**
     * How long nothing may be written of a store that does not change: the broker deletes what is older than the retention, and a
     * restart must not find nothing.
     */
    public Duration refreshEvery() {
        return Duration.ofMillis(Math.min(MAX_REFRESH.toMillis(), retentionMs() / 4));
    }

    /**
     * After how long the broker begins another file of the changelog: only files that are not added to are deleted, so what is read
     * back when a store is restored can be older than the retention by so much.
     */
    public Duration changelogSegment() {
        return Duration.ofMillis(Math.max(
                MIN_CHANGELOG_SEGMENT.toMillis(), Math.min(MAX_CHANGELOG_SEGMENT.toMillis(), retentionMs() / 4)));
    }

    public Duration window() {
        return Duration.ofMillis(width());
    }
}
