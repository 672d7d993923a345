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
import io.dedup.Verdict;
import io.dedup.key.RecordView;
import io.dedup.streams.store.SeenStore;
import java.util.HashSet;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.Cancellable;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.ProcessingContext;
import org.apache.kafka.streams.processor.api.RecordMetadata;
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

    private final DedupSettings settings;
    private final Outlets outlets;
    private final ProcessingContext context;
    private final BiFunction<R, Headers, R> withHeaders;
    private final Forward<R> forward;
    private final SeenStore store;
    private final VerdictSensors sensors;
    private final Cancellable refreshing;
    private final Set<Bytes> rememberedHere = new HashSet<>();
    private @Nullable Coordinates here;

    /**
     * Opens the door for a task whose store has been restored.
     *
     * @throws io.dedup.config.DedupConfigException if the application would not deal with refused records as configured
     */
    Doorkeeper(
            DedupSettings settings,
            Outlets outlets,
            ProcessingContext context,
            BiFunction<R, Headers, R> withHeaders,
            Forward<R> forward) {
        DedupProcessingExceptionHandler.require(
                context.appConfigs(),
                settings.policy().uses(Action.DEAD_LETTER),
                settings.policy().uses(Action.FAIL),
                settings.failurePolicy() == FailurePolicy.RELEASE);
        this.settings = settings;
        this.outlets = outlets;
        this.context = context;
        this.withHeaders = withHeaders;
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
            forward.forward(record, outlets.forwarded());
            return;
        }
        long start = sensors.start();
        Ruling ruling = judge(headers, key, value, timestamp);
        sensors.count(ruling.verdict());
        sensors.stop(start);
        switch (settings.policy().actionFor(ruling.verdict())) {
            case FORWARD -> {
                if (ruling.verdict().isAccepted()) {
                    accept(unmarked(record, headers), ruling);
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

    /** Forwards a record that is to be processed now, and releases its key if that fails and is skipped. */
    private void accept(R record, Ruling ruling) {
        long skipped = SkippedFailures.count();
        forward.forward(record, outlets.forwarded());
        Bytes key = ruling.storeKey();
        boolean failed = SkippedFailures.count() != skipped;
        if (failed && key != null && settings.failurePolicy() == FailurePolicy.RELEASE) {
            store.release(key, ruling.candidate().timestamp());
            rememberedHere.remove(key);
            sensors.countRelease();
        }
    }

    private R marked(R record, Headers headers, Ruling ruling) {
        return withHeaders.apply(record, DedupHeaders.merged(headers, marks(ruling)));
    }

    /** The record itself, unless it is one that this operator has marked before and that was sent again. */
    private R unmarked(R record, Headers headers) {
        return DedupHeaders.isMarkedBy(settings.name(), headers)
                ? withHeaders.apply(record, DedupHeaders.without(headers))
                : record;
    }

    private Headers marks(Ruling ruling) {
        return DedupHeaders.of(settings.name(), ruling.judgement(), ruling.candidate());
    }

    /** Judges one record and, if it is a first, remembers it. */
    private Ruling judge(Headers headers, @Nullable Object key, @Nullable Object value, long timestamp) {
        Coordinates at = coordinates();
        String topic = at == null ? settings.name() : at.topic();
        RecordView view = RecordView.lazily(
                headers,
                () -> bytes(topic, key, settings.keySerde(), context::keySerde),
                () -> bytes(topic, value, settings.valueSerde(), context::valueSerde));
        long now = context.currentSystemTimeMs();
        boolean future = settings.policy().isFuture(timestamp, now);
        KeyResult keyResult = settings.keyExtractor().extract(view);
        Bytes seenKey = null;
        Fingerprint fingerprint = null;
        if (keyResult instanceof IdempotencyKey found && !future) {
            seenKey = store.key(settings.scope().nameFor(at == null ? null : at.topic()), found);
            fingerprint = settings.fingerprinter().fingerprint(view);
        }
        Bytes storeKey = seenKey;
        Candidate candidate = new Candidate(keyResult, timestamp, replayable(at, seenKey), fingerprint);
        Judgement judgement = settings.policy()
                .judge(
                        candidate,
                        store.streamTime(),
                        now,
                        (idempotencyKey, time) -> storeKey == null ? null : store.recall(storeKey, time));
        if (!future) {
            store.advanceStreamTime(timestamp, now);
        }
        if (judgement.verdict() == Verdict.FIRST && storeKey != null) {
            store.remember(storeKey, settings.policy().sightingOf(candidate), now);
        }
        if (judgement.verdict().isAccepted() && storeKey != null) {
            rememberedHere.add(storeKey);
        }
        return new Ruling(judgement, candidate, view, storeKey);
    }

    private RefusedRecordException refusal(Ruling ruling, Action action, String advice) {
        Coordinates at = coordinates();
        MissingKey missing = ruling.judgement().missing();
        String place = at == null ? "A record without coordinates" : "The record at " + at;
        String detail = missing == null ? "" : " (" + missing.detail() + ")";
        String message = place + " is refused by " + settings.name() + ": "
                + ruling.judgement().reason() + detail + advice;
        return new RefusedRecordException(
                ruling.judgement(), action, marks(ruling), message, ruling.view()::key, ruling.view()::value);
    }

    /**
     * The coordinates by which a record may turn out to be a replay. An earlier operation may have made several records
     * of one: they share its coordinates, and the second of a key is a duplicate of the first, which was remembered a
     * moment ago and not in an earlier life of this task.
     */
    private @Nullable Coordinates replayable(@Nullable Coordinates at, @Nullable Bytes key) {
        if (at == null) {
            return null;
        }
        if (!at.equals(here)) {
            here = at;
            rememberedHere.clear();
        }
        return key != null && rememberedHere.contains(key) ? null : at;
    }

    private @Nullable Coordinates coordinates() {
        RecordMetadata metadata = context.recordMetadata().orElse(null);
        // Records that a punctuator made have no topic and no offset.
        if (metadata == null || metadata.topic() == null || metadata.offset() < 0) {
            return null;
        }
        return new Coordinates(metadata.topic(), metadata.partition(), metadata.offset());
    }

    @SuppressWarnings("unchecked") // the serde is the stream's own, or the application's for all streams
    private static byte @Nullable [] bytes(
            String topic, @Nullable Object data, @Nullable Serde<?> own, Supplier<Serde<?>> applications) {
        if (data == null) {
            return null;
        }
        if (data instanceof byte[] bytes) {
            return bytes;
        }
        Serde<Object> serde = (Serde<Object>) (own == null ? applications.get() : own);
        return serde.serializer().serialize(topic, data);
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
            @Nullable Bytes storeKey) {
        Verdict verdict() {
            return judgement.verdict();
        }
    }
}
