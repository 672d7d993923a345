// SPDX-License-Identifier: Apache-2.0
package io.dedup.store;

import io.dedup.Fingerprint;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A request for the right to run an operation. The same request, sent again, asks for the same claim; another attempt needs a
 * request of its own.
 *
 * @param owner tells this request from every other
 * @param fingerprint of the payload; null if payloads are not compared
 * @param leaseFor how long no other owner may run the operation, from the claim; positive. Minutes: it is about the running
 *     operation
 * @param timeToLive how long it is known that the operation was claimed, from the end of the lease; positive. Days: it is
 *     about later calls with the key
 * @param reopensUnknown whether a key whose operation ended {@linkplain Completion.Kind#UNKNOWN unknown} may be claimed, to
 *     find out
 */
public record ClaimRequest(
        ScopedKey key,
        UUID owner,
        @Nullable Fingerprint fingerprint,
        Duration leaseFor,
        Duration timeToLive,
        boolean reopensUnknown) {
    /** Random numbers are drawn under a monitor: virtual threads of Java 21 to 23 would be pinned while they wait for it. */
    private static final Lock RANDOM = new ReentrantLock();

    /** The longest that anything can be leased or kept: a hundred years. */
    public static final Duration MAX_DURATION = Duration.ofDays(36_500);

    /**
     * A request.
     *
     * @throws IllegalArgumentException if a duration is less than a millisecond, or more than {@link #MAX_DURATION}
     */
    public ClaimRequest {
        millis("leaseFor", leaseFor);
        millis("timeToLive", timeToLive);
    }

    /** A new request with an owner of its own. */
    public static ClaimRequest of(
            ScopedKey key, @Nullable Fingerprint fingerprint, Duration leaseFor, Duration timeToLive) {
        return new ClaimRequest(key, newOwner(), fingerprint, leaseFor, timeToLive, false);
    }

    private static UUID newOwner() {
        RANDOM.lock();
        try {
            return UUID.randomUUID();
        } finally {
            RANDOM.unlock();
        }
    }

    /** The request for a key whose outcome is unknown, with an owner of its own. */
    public ClaimRequest reopening() {
        return new ClaimRequest(key, newOwner(), fingerprint, leaseFor, timeToLive, true);
    }

    /**
     * The duration as stores count it.
     *
     * @throws IllegalArgumentException if it is less than a millisecond, or more than {@link #MAX_DURATION}
     */
    public static long millis(String name, Duration duration) {
        if (duration.compareTo(MAX_DURATION) > 0 || duration.toMillis() < 1) {
            throw new IllegalArgumentException(name + " must be from PT0.001S to " + MAX_DURATION + ": " + duration);
        }
        return duration.toMillis();
    }
}
