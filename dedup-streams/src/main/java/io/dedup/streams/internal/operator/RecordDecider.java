// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.operator;

import io.dedup.Candidate;
import io.dedup.Coordinates;
import io.dedup.Decision;
import io.dedup.Fingerprint;
import io.dedup.IdempotencyKey;
import io.dedup.KeyResult;
import io.dedup.Partitioning;
import io.dedup.Recollection;
import io.dedup.SeenRecords;
import io.dedup.key.RecordView;
import io.dedup.key.TtlHeader;
import io.dedup.streams.errors.DedupTimestampExtractor;
import io.dedup.streams.internal.Origin;
import io.dedup.streams.internal.store.SeenStore;
import java.util.Objects;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.api.ProcessingContext;
import org.jspecify.annotations.Nullable;

/**
 * Decides on the records of one task by {@link io.dedup.DedupPolicy}: finds key, fingerprint and TTL of a record, asks the store once, and
 * moves stream time.
 *
 * <p>Confined to the stream thread.
 */
final class RecordDecider {
    private final DedupSettings settings;
    private final ProcessingContext context;
    private final SeenStore store;
    private final @Nullable TtlHeader ttlHeader;
    private final SameOffsetKeys<Bytes> siblings = new SameOffsetKeys<>();

    RecordDecider(DedupSettings settings, ProcessingContext context, SeenStore store) {
        this.settings = settings;
        this.context = context;
        this.store = store;
        String ttlName = settings.ttlHeader();
        this.ttlHeader = ttlName == null
                ? null
                : new TtlHeader(ttlName, settings.policy().ttl());
    }

    /** Where a record comes from: its own place, or that before it went through the repartition topic. */
    Origin origin(Headers headers, long timestamp) {
        Origin origin = settings.partitioning() == Partitioning.BY_KEY
                ? Origin.read(headers)
                : new Origin(Origin.coordinates(context.recordMetadata().orElse(null)), timestamp, false);
        Long invalid = DedupTimestampExtractor.invalid(headers);
        return invalid == null ? origin : new Origin(origin.coordinates(), invalid, origin.isSibling());
    }

    /** The decision on a record with these headers, key and value. */
    DecidedRecord decide(Origin origin, Headers headers, @Nullable Object key, @Nullable Object value) {
        Coordinates at = origin.coordinates();
        RecordView view = settings.view(at, headers, key, value, context);
        long now = context.currentSystemTimeMs();
        long time = origin.timestamp();
        boolean hasTime = time >= 0 && !settings.policy().isFuture(time, now);
        KeyResult keyResult = settings.keyExtractor().extract(view);
        Bytes storeKey = null;
        Fingerprint fingerprint = null;
        if (keyResult instanceof IdempotencyKey found && hasTime) {
            storeKey = store.key(settings.scope().nameFor(at == null ? null : at.topic()), found);
            fingerprint = settings.fingerprinter().fingerprint(view);
        }
        siblings.moveTo(at);
        boolean sibling = origin.isSibling() || (storeKey != null && siblings.has(storeKey));
        Candidate candidate = new Candidate(
                keyResult, time, sibling ? null : at, fingerprint, ttlHeader == null ? null : ttlHeader.read(headers));
        Asked asked = new Asked(storeKey, candidate.coordinates());
        Decision decision = settings.policy().decide(candidate, store.streamTime(at), now, asked);
        if (hasTime) {
            store.advance(at, time, now);
        }
        return new DecidedRecord(decision, candidate, view, origin, asked.recalled, storeKey, now);
    }

    /** What the store says of the key of a record. */
    private final class Asked implements SeenRecords {
        private final @Nullable Bytes storeKey;
        private final @Nullable Coordinates at;
        private SeenStore.@Nullable Recalled recalled;

        Asked(@Nullable Bytes storeKey, @Nullable Coordinates at) {
            this.storeKey = storeKey;
            this.at = at;
        }

        @Override
        public Recollection recall(IdempotencyKey key, long time, long ttlMs) {
            SeenStore.Recalled found = store.recall(
                    Objects.requireNonNull(storeKey, "a key that is asked for has a name"), time, ttlMs, at);
            recalled = found;
            return found;
        }
    }

    /** Notes that the record of this key was let through, so that others of its offset with the key are distinguished from it. */
    void accepted(Bytes key) {
        siblings.add(key);
    }

    /** Takes that back. */
    void released(Bytes key) {
        siblings.remove(key);
    }
}
