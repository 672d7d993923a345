// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import io.dedup.Fingerprint;
import io.dedup.IdempotencyKey;
import io.dedup.key.Fingerprints;
import io.dedup.store.ClaimRequest;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A request to an {@link IdempotentHandler}: the key, and what differs from the settings of the handler.
 *
 * <pre>{@code
 * payments.handle(Call.of(key).withPayload(request).withinScope(tenant).withTtl(Duration.ofDays(7)), execution -> …);
 * }</pre>
 *
 * <p>Immutable and thread-safe.
 */
public final class Call {
    private final IdempotencyKey key;
    private final @Nullable Fingerprint fingerprint;
    private final @Nullable String part;
    private final @Nullable Duration lease;
    private final @Nullable Duration ttl;
    private final @Nullable Duration wait;

    private Call(
            IdempotencyKey key,
            @Nullable Fingerprint fingerprint,
            @Nullable String part,
            @Nullable Duration lease,
            @Nullable Duration ttl,
            @Nullable Duration wait) {
        this.key = key;
        this.fingerprint = fingerprint;
        this.part = part;
        this.lease = lease;
        this.ttl = ttl;
        this.wait = wait;
    }

    /** A call with that key, whose payload is not compared. */
    public static Call of(IdempotencyKey key) {
        return new Call(key, null, null, null, null, null);
    }

    /**
     * A call with that key, whose payload is not compared.
     *
     * @throws IllegalArgumentException if the key is blank
     */
    public static Call of(String key) {
        return of(IdempotencyKey.of(key));
    }

    /**
     * Compares the payload, so that the key is not used for something else.
     *
     * @param of what is to be done, in full: compared as {@linkplain Fingerprints#of canonical JSON}; null if it is not compared
     * @throws IllegalArgumentException if it cannot be written as JSON
     */
    public Call withPayload(@Nullable Object of) {
        return withFingerprint(of == null ? null : Fingerprints.of(of));
    }

    /** Compares this fingerprint of the payload; null if it is not compared. */
    public Call withFingerprint(@Nullable Fingerprint of) {
        return new Call(key, of, part, lease, ttl, wait);
    }

    /**
     * Takes the key as unique within that part of the handler's scope, as {@link IdempotentHandler#within} does; called again,
     * within a part of that part.
     */
    public Call withinScope(String partOfScope) {
        String escaped = IdempotentHandler.escaped(partOfScope);
        return new Call(key, fingerprint, part == null ? escaped : part + "/" + escaped, lease, ttl, wait);
    }

    /** How long the operation may be without a sign of life, as {@link HandlerBuilder#withLease}. */
    public Call withLease(Duration duration) {
        HandlerSettings.requireLease(duration);
        return new Call(key, fingerprint, part, duration, ttl, wait);
    }

    /** How long the outcome is kept, as {@link HandlerBuilder#withTtl}. */
    public Call withTtl(Duration duration) {
        ClaimRequest.millis("duration", duration);
        return new Call(key, fingerprint, part, lease, duration, wait);
    }

    /** How long this call waits for another owner, as {@link HandlerBuilder#withWait}. */
    public Call withWait(Duration atMost) {
        HandlerSettings.requireNotNegative("atMost", atMost);
        return new Call(key, fingerprint, part, lease, ttl, atMost);
    }

    IdempotencyKey key() {
        return key;
    }

    @Nullable
    Fingerprint fingerprint() {
        return fingerprint;
    }

    /** The way to the part of the handler's scope, escaped; null if it is the whole. */
    @Nullable
    String part() {
        return part;
    }

    /** The settings for this call. */
    <T> HandlerSettings<T> over(HandlerSettings<T> settings) {
        return lease == null && ttl == null && wait == null ? settings : settings.with(lease, ttl, wait);
    }
}
