// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import io.dedup.Action;
import io.dedup.Candidate;
import io.dedup.Coordinates;
import io.dedup.FailurePolicy;
import io.dedup.Fingerprint;
import io.dedup.IdempotencyKey;
import io.dedup.Judgement;
import io.dedup.KeyResult;
import io.dedup.MissingKey;
import io.dedup.Mode;
import io.dedup.Partitioning;
import io.dedup.Verdict;
import io.dedup.key.RecordView;
import io.dedup.streams.store.SeenStore;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.Cancellable;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.ProcessingContext;
import org.jspecify.annotations.Nullable;

/**
 * Judges the records of one task, remembers the firsts and sends every record where its verdict says: what the
 * processors of both Kafka Streams APIs have in common.
 *
 * <p>Confined to the stream thread.
 *
 * @param <R> the kind of record that the API hands around
 */
final class Doorkeeper<R> implements AutoCloseable {
    /** Sends a record to one child, or to all of them if none is named. */
    @FunctionalInterface
    interface Forward<R> {
        void forward(R record, @Nullable String child);
    }

    /** The same record with other headers and another timestamp. */
    @FunctionalInterface
    interface Rewrite<R> {
        R apply(R record, Headers headers, long timestamp);
    }

    private final DedupSettings settings;
    private final Outlets outlets;
    private final ProcessingContext context;
    private final Rewrite<R> rewrite;
    private final Forward<R> forward;
    private final SeenStore store;
    private final VerdictSensors sensors;
    private final Cancellable refreshing;
    private final Siblings<Bytes> siblings = new Siblings<>();

    /**
     * Opens the door for a task whose store has been restored.
     *
     * @throws io.dedup.config.DedupConfigException if the application would not deal with refused records as configured
     */
    Doorkeeper(
            DedupSettings settings,
            Outlets outlets,
            ProcessingContext context,
            Rewrite<R> rewrite,
            Forward<R> forward) {
        DedupProcessingExceptionHandler.require(
                context.appConfigs(),
                settings.policy().uses(Action.DEAD_LETTER),
                settings.policy().uses(Action.FAIL),
                settings.failurePolicy() == FailurePolicy.RELEASE);
        settings.resolveSerdes(context);
        this.settings = settings;
        this.outlets = outlets;
        this.context = context;
        this.rewrite = rewrite;
        this.forward = forward;
        this.store = new SeenStore(context.getStateStore(settings.storeName()), settings.policy());
        this.sensors = new VerdictSensors(context.metrics(), context.taskId(), settings.name());
        this.refreshing =
                context.schedule(SeenStore.REFRESH_EVERY, PunctuationType.WALL_CLOCK_TIME, store::refreshStreamTime);
    }

    /**
     * Judges one record and does what follows from the verdict.
     *
     * @param key the record's key, in whatever type it has here
     * @param value the record's value, likewise
     * @param timestamp event time in milliseconds since the epoch
     * @throws RefusedRecordException if the record is to be dead-lettered or to stop the application
     */
    void admit(R record, Headers headers, @Nullable Object key, @Nullable Object value, long timestamp) {
        if (settings.policy().mode() == Mode.OFF) {
            long own = origin(headers, timestamp).timestamp();
            forward.forward(untouched(record, headers, own), outlets.forwarded());
            return;
        }
        long start = sensors.start();
        Ruling ruling = judge(headers, key, value, timestamp);
        sensors.count(ruling.verdict());
        sensors.stop(start);
        switch (settings.policy().actionFor(ruling.verdict())) {
            case FORWARD -> {
                if (ruling.verdict().isAccepted()) {
                    accept(unmarked(record, headers, ruling), ruling);
                } else {
                    forward.forward(marked(record, headers, ruling), outlets.forwarded());
                }
            }
            case DUPLICATES_TOPIC -> forward.forward(marked(record, headers, ruling), outlets.duplicatesChild());
            case DEAD_LETTER -> throw refusal(ruling, Action.DEAD_LETTER, "");
            case FAIL ->
                throw refusal(
                        ruling, Action.FAIL, ". The application stops here, as configured, and commits nothing of it");
            case DROP -> {
                // The sensors have counted it.
            }
        }
    }

    /** The record as it was before it went through our repartition topic, if it did; else itself. */
    private R untouched(R record, Headers headers, long timestamp) {
        if (settings.partitioning() == Partitioning.AS_IS) {
            return record;
        }
        return rewrite.apply(record, new RecordHeaders(headers).remove(Origin.HEADER), timestamp);
    }

    /** Forwards a record that is to be processed now, and releases its key if that fails and is skipped. */
    private void accept(R record, Ruling ruling) {
        long skipped = SkippedFailures.count();
        forward.forward(record, outlets.forwarded());
        Bytes key = ruling.storeKey();
        boolean failed = SkippedFailures.count() != skipped;
        if (failed && key != null && settings.failurePolicy() == FailurePolicy.RELEASE) {
            store.release(key, ruling.candidate().timestamp());
            siblings.remove(key);
            sensors.countRelease();
        }
    }

    private R marked(R record, Headers headers, Ruling ruling) {
        return rewrite.apply(
                record,
                DedupHeaders.merged(headers, marks(ruling)),
                ruling.origin().timestamp());
    }

    /** The record as it came, without marks that this operator made before the record was sent again. */
    private R unmarked(R record, Headers headers, Ruling ruling) {
        long timestamp = ruling.origin().timestamp();
        return DedupHeaders.isMarkedBy(settings.name(), headers)
                ? rewrite.apply(record, DedupHeaders.without(headers), timestamp)
                : untouched(record, headers, timestamp);
    }

    private Headers marks(Ruling ruling) {
        return DedupHeaders.of(
                settings.name(),
                ruling.judgement(),
                ruling.candidate(),
                ruling.origin().coordinates());
    }

    /** Judges one record and, if it is a first, remembers it. */
    private Ruling judge(Headers headers, @Nullable Object key, @Nullable Object value, long timestamp) {
        Origin origin = origin(headers, timestamp);
        Coordinates at = origin.coordinates();
        RecordView view = settings.view(at, headers, key, value, context);
        long now = context.currentSystemTimeMs();
        boolean future = settings.policy().isFuture(origin.timestamp(), now);
        KeyResult keyResult = settings.keyExtractor().extract(view);
        Bytes seenKey = null;
        Fingerprint fingerprint = null;
        if (keyResult instanceof IdempotencyKey found && !future) {
            seenKey = store.key(settings.scope().nameFor(at == null ? null : at.topic()), found);
            fingerprint = settings.fingerprinter().fingerprint(view);
        }
        Bytes storeKey = seenKey;
        siblings.moveTo(at);
        boolean sibling = origin.isSibling() || (storeKey != null && siblings.has(storeKey));
        Candidate candidate = new Candidate(keyResult, origin.timestamp(), sibling ? null : at, fingerprint);
        Judgement judgement = settings.policy()
                .judge(
                        candidate,
                        store.streamTime(),
                        now,
                        (idempotencyKey, time) -> storeKey == null ? null : store.recall(storeKey, time));
        if (!future) {
            store.advanceStreamTime(origin.timestamp(), now);
        }
        if (judgement.verdict() == Verdict.FIRST && storeKey != null) {
            store.remember(storeKey, settings.policy().sightingOf(candidate), now);
        }
        if (judgement.verdict().isAccepted() && storeKey != null) {
            siblings.add(storeKey);
        }
        return new Ruling(judgement, candidate, view, origin, storeKey);
    }

    private Origin origin(Headers headers, long timestamp) {
        return settings.partitioning() == Partitioning.BY_KEY
                ? Origin.read(headers)
                : new Origin(Origin.coordinates(context.recordMetadata().orElse(null)), timestamp, false);
    }

    private RefusedRecordException refusal(Ruling ruling, Action action, String advice) {
        Coordinates at = ruling.origin().coordinates();
        MissingKey missing = ruling.judgement().missing();
        String place = at == null ? "A record without coordinates" : "The record at " + at;
        String detail = missing == null ? "" : " (" + missing.detail() + ")";
        String message = place + " is refused by " + settings.name() + ": "
                + ruling.judgement().reason() + detail + advice;
        return new RefusedRecordException(
                ruling.judgement(), action, marks(ruling), message, ruling.view()::key, ruling.view()::value);
    }

    @Override
    public void close() {
        refreshing.cancel();
        sensors.close();
    }

    /** A judgement with the record it is about. */
    private record Ruling(
            Judgement judgement,
            Candidate candidate,
            RecordView view,
            Origin origin,
            @Nullable Bytes storeKey) {
        Verdict verdict() {
            return judgement.verdict();
        }
    }
}
