// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.operator;

import io.dedup.Action;
import io.dedup.Candidate;
import io.dedup.Coordinates;
import io.dedup.Decision;
import io.dedup.DedupHeaders;
import io.dedup.Fingerprint;
import io.dedup.IdempotencyKey;
import io.dedup.KeyResult;
import io.dedup.Mode;
import io.dedup.Partitioning;
import io.dedup.Recollection;
import io.dedup.SeenRecord;
import io.dedup.SeenRecords;
import io.dedup.StoredOutcome;
import io.dedup.config.ConfigProblem;
import io.dedup.config.ConfigProblem.Code;
import io.dedup.config.DedupConfig;
import io.dedup.config.DedupConfigException;
import io.dedup.key.RecordView;
import io.dedup.key.TtlHeader;
import io.dedup.streams.errors.DedupTimestampExtractor;
import io.dedup.streams.errors.RefusedRecordException;
import io.dedup.streams.internal.Isolation;
import io.dedup.streams.internal.Marks;
import io.dedup.streams.internal.Origin;
import io.dedup.streams.internal.Records;
import io.dedup.streams.internal.Rejection;
import io.dedup.streams.internal.SkippedFailures;
import io.dedup.streams.internal.SourcePartitioner;
import io.dedup.streams.internal.metrics.VerdictSensors;
import io.dedup.streams.internal.store.SeenStore;
import io.dedup.streams.target.Target;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.api.ProcessingContext;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Judges the records of one task, remembers the firsts and sends every record where its verdict says: what the
 * processors of both Kafka Streams APIs have in common.
 *
 * <p>Confined to the stream thread.
 *
 * @param <R> the kind of record that comes in
 * @param <O> the kind of record that goes out
 */
public final class Deduplicator<R, O> implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(Deduplicator.class);

    private final DedupSettings settings;
    private final Children outlets;
    private final ProcessingContext context;
    private final RecordMapper<R, O> passage;
    private final Records<R, O> records;
    private final @Nullable WriteCheck writes;
    private final String outcomeTopic;
    private final @Nullable TtlHeader ttlHeader;
    private final @Nullable ControlCommands commands;
    private final SeenStore store;
    private final ChangelogCheck changelog;
    private final VerdictSensors sensors;
    private final SameOffsetKeys<Bytes> siblings = new SameOffsetKeys<>();

    /**
     * Opens the door for a task whose store has been restored.
     *
     * @throws io.dedup.config.DedupConfigException if the application would not deal with refused records as configured
     */
    Deduplicator(
            DedupSettings settings,
            Children outlets,
            ProcessingContext context,
            RecordMapper<R, O> passage,
            Records<R, O> records) {
        HandlerChecks.requireForRecords(
                context.appConfigs(),
                settings.uses(Action.DEAD_LETTER),
                settings.uses(Action.FAIL),
                settings.releases());
        HandlerChecks.requireForWrites(context.appConfigs());
        requireFailurePolicy(settings, outlets, context, passage);
        Isolation.warnIfUncommittedIsRead(context);
        settings.resolveSerdes(context);
        this.settings = settings;
        this.outlets = outlets;
        this.context = context;
        this.passage = passage;
        this.records = records;
        this.writes = WriteCheck.of(settings, context.appConfigs());
        this.outcomeTopic = settings.changelog(context.applicationId());
        String ttlName = settings.ttlHeader();
        this.ttlHeader = ttlName == null
                ? null
                : new TtlHeader(ttlName, settings.policy().ttl());
        this.changelog = ChangelogCheck.start(settings, outcomeTopic, context.appConfigs());
        this.store = SeenStore.open(
                context,
                settings.storeName(),
                settings.policy(),
                settings.waiting(),
                settings.partitioning() == Partitioning.AS_IS,
                settings.definition());
        if (store.writtenTtlMs() != settings.policy().ttl().toMillis()) {
            LOGGER.warn(
                    "{}, task {}: the TTL is {} and was {} when the store was written last. What is remembered keeps its"
                            + " own. If it was not changed, instances of this application have different settings",
                    settings.name(),
                    context.taskId(),
                    settings.policy().ttl(),
                    Duration.ofMillis(store.writtenTtlMs()));
        }
        StartWarnings.log(settings, context, store.writtenDefinition());
        this.sensors = new VerdictSensors(context.metrics(), context.taskId(), settings.name(), store);
        String controlTopic = settings.controlTopic();
        this.commands =
                controlTopic == null ? null : new ControlCommands(controlTopic, settings, context, store, sensors);
    }

    /** Where a retry would do again what has been done, that has to be wanted. */
    private static void requireFailurePolicy(
            DedupSettings settings, Children outlets, ProcessingContext context, RecordMapper<?, ?> passage) {
        Map<String, Object> configs = context.appConfigs();
        boolean skips = HandlerChecks.maySkipFailures(configs) || HandlerChecks.maySkipWrites(configs);
        if (skips
                && settings.failurePolicy() == null
                && Downstream.canBeDoneInPart(context, outlets.forwarded(), passage.isGuarding())) {
            throw new DedupConfigException(List.of(new ConfigProblem(
                    Code.FAILURE_POLICY_NEEDED,
                    DedupConfig.ON_FAILURE,
                    null,
                    "A failure behind " + settings.name()
                            + " may be skipped when something else there has been done: branches follow,"
                            + " or a processor with something behind it",
                    "Set " + DedupConfig.ON_FAILURE
                            + "=release (or onFailure) to have a retry processed by all of it once more, or keep"
                            + " to have it dropped as a duplicate")));
        }
    }

    /**
     * Decides on one record and does what follows from the verdict.
     *
     * @param key the record's key, of the type that it has in this topology
     * @param value the record's value, likewise
     * @param timestamp event time in milliseconds since the epoch
     * @throws RefusedRecordException if the record is to be dead-lettered or to stop the application
     */
    void admit(R record, Headers headers, @Nullable Object key, @Nullable Object value, long timestamp) {
        if (commands != null && commands.obeyed(headers, key)) {
            return;
        }
        Origin origin = origin(headers, timestamp);
        if (settings.policy().mode() == Mode.OFF
                || isOfAnotherTopic(origin.coordinates())
                || settings.passesUnjudged(value)) {
            R passing = untouched(record, headers, origin.timestamp());
            if (settings.target() != null) {
                RecordView view = settings.view(origin.coordinates(), headers, key, value, context);
                writable(
                        passing,
                        view,
                        origin,
                        context.currentSystemTimeMs(),
                        settings.target().topic());
            }
            pass(passing, origin);
            return;
        }
        changelog.throwIfUnusable();
        long start = sensors.start();
        DecidedRecord ruling = decide(origin, headers, key, value);
        sensors.count(ruling.verdict(), ruling.now());
        sensors.stop(start);
        switch (settings.policy().actionFor(ruling.verdict())) {
            case FORWARD -> {
                boolean accepted = ruling.verdict().isAccepted();
                R passing = accepted ? unmarked(record, headers, ruling) : marked(record, headers, ruling);
                if (settings.target() != null) {
                    writable(passing, ruling, settings.target().topic());
                }
                if (accepted) {
                    accept(passing, ruling);
                } else {
                    pass(passing, ruling.origin());
                }
            }
            case REPLAY_OUTCOME -> replay(record, headers, ruling);
            case DUPLICATES_TOPIC -> {
                R duplicate = marked(record, headers, ruling);
                writable(duplicate, ruling, Objects.requireNonNullElse(settings.duplicatesTopic(), ""));
                records.forward(passage.process(duplicate), outlets.duplicatesChild());
            }
            case DEAD_LETTER -> throw ruling.refusal(settings.name(), Action.DEAD_LETTER);
            case FAIL -> throw ruling.refusal(settings.name(), Action.FAIL);
            case DROP -> {
                // The sensors have counted it.
            }
        }
    }

    private boolean isOfAnotherTopic(@Nullable Coordinates at) {
        Set<String> only = settings.onlyFrom();
        return only != null && (at == null || !only.contains(at.topic()));
    }

    /** Forwards a record that is not remembered. */
    private void pass(R record, Origin origin) {
        forward(passage.process(record), origin);
    }

    private void forward(O record, Origin origin) {
        Target target = settings.target();
        if (target != null && target.keepsPartition()) {
            SourcePartitioner.deciding(origin.coordinates(), () -> records.forward(record, outlets.forwarded()));
        } else {
            records.forward(record, outlets.forwarded());
        }
    }

    private void writable(R record, DecidedRecord ruling, String topic) {
        writable(record, ruling.view(), ruling.origin(), ruling.now(), topic);
    }

    /** Refuses a record that this topic does not take, as far as is known; it is not remembered then. */
    private void writable(R record, RecordView view, Origin origin, long now, String topic) {
        if (writes == null) {
            return;
        }
        try {
            writes.require(topic, view, records.headers(record), Math.max(0, origin.timestamp()), origin, now);
        } catch (RefusedRecordException refused) {
            sensors.countUnwritable();
            throw refused;
        }
    }

    /** Answers a duplicate with what its first came to. */
    private void replay(R record, Headers headers, DecidedRecord ruling) {
        SeenRecord first = ruling.decision().first();
        StoredOutcome outcome = first == null ? null : first.outcome();
        if (outcome == null) {
            throw withoutOutcome(ruling, Rejection.NOT_STORED);
        }
        Headers marks = Marks.replayed(ruling.marks(settings.name()));
        R answered = records.rewrite(
                record, Marks.merged(headers, marks), ruling.origin().timestamp());
        forward(read(answered, outcome, ruling), ruling.origin());
    }

    /** The record with that outcome as its value. */
    private O read(R record, StoredOutcome outcome, DecidedRecord ruling) {
        try {
            return passage.replay(record, outcome, outcomeTopic);
        } catch (RuntimeException unreadable) {
            throw withoutOutcome(ruling, Rejection.unreadable(unreadable));
        }
    }

    /** The record as it was before it went through our repartition topic, if it did; else itself. */
    private R untouched(R record, Headers headers, long timestamp) {
        if (settings.partitioning() == Partitioning.AS_IS && timestamp >= 0) {
            return record;
        }
        Headers clean = new RecordHeaders(headers).remove(Origin.HEADER).remove(DedupTimestampExtractor.INVALID);
        return records.rewrite(record, clean, Math.max(0, timestamp));
    }

    /** Processes and forwards a record, and releases its key if what follows fails and is skipped. */
    private void accept(R record, DecidedRecord ruling) {
        Bytes key = ruling.storeKey();
        if (key != null) {
            siblings.add(key);
        }
        try (SkippedFailures.Watch watch =
                SkippedFailures.watch(context.recordMetadata().orElse(null))) {
            acceptWatched(record, ruling);
            if (watch.hasFailed()) {
                release(ruling);
            }
        }
    }

    private void acceptWatched(R record, DecidedRecord ruling) {
        SeenRecord first = ruling.decision().first();
        StoredOutcome known = first == null ? null : first.outcome();
        O passing = known == null ? processed(record, ruling) : read(record, known, ruling);
        if (known != null) {
            remember(ruling, known);
        }
        try {
            forward(passing, ruling.origin());
        } catch (RuntimeException failed) {
            releaseAfter(failed, ruling);
            throw failed;
        }
    }

    /**
     * A sink has no handler of its own, and what it throws comes through here on its way to the one of this node. If that goes on, the
     * record was skipped; if not, nothing of it is committed.
     */
    private void releaseAfter(RuntimeException failed, DecidedRecord ruling) {
        try {
            release(ruling);
        } catch (RuntimeException again) {
            // As where the store is what has failed.
            failed.addSuppressed(again);
        }
    }

    private void release(DecidedRecord ruling) {
        Bytes key = ruling.storeKey();
        if (key == null || !settings.releases()) {
            return;
        }
        siblings.remove(key);
        SeenRecord first = ruling.decision().first();
        boolean released = store.release(key, ruling.candidate().timestamp(), ruling.now());
        if (first != null && first.timestamp() != ruling.candidate().timestamp()) {
            released |= store.release(key, first.timestamp(), ruling.now());
        }
        if (released) {
            sensors.countRelease();
        }
    }

    /** Processes a record, and remembers it with what that came to. */
    private O processed(R record, DecidedRecord ruling) {
        try {
            O processed = passage.process(record);
            remember(ruling, storable(passage.outcomeOf(processed, outcomeTopic), ruling));
            return processed;
        } catch (RuntimeException failed) {
            if (!settings.releases()) {
                remember(ruling, null);
            }
            throw failed;
        }
    }

    /** That outcome if it may be stored; none if it may not and nothing is enforced. */
    private @Nullable StoredOutcome storable(@Nullable StoredOutcome outcome, DecidedRecord ruling) {
        if (outcome == null || outcome.length() <= settings.outcomeMaxBytes()) {
            return outcome;
        } else if (settings.policy().mode() == Mode.ENFORCE) {
            throw withoutOutcome(ruling, Rejection.tooLarge(outcome.length(), settings.outcomeMaxBytes()));
        }
        return null;
    }

    /**
     * Remembers a first; one that is read again as well, since this disk alone may know of it, and not the changelog. If the time of that
     * one is another now, it is remembered at both.
     */
    private void remember(DecidedRecord ruling, @Nullable StoredOutcome outcome) {
        SeenStore.Recalled recalled = ruling.recalled();
        if (recalled == null) {
            return;
        }
        SeenRecord own = settings.policy().seenRecordOf(ruling.candidate());
        SeenRecord first = ruling.decision().first();
        SeenRecord known = first == null ? own : first;
        store.remember(recalled, outcome == null ? known : known.withOutcome(outcome), ruling.now());
        if (known.timestamp() != own.timestamp()) {
            // It has another time than when it was read before, or is another record on a re-created topic.
            SeenStore.Recalled again =
                    store.recall(recalled.key(), own.timestamp(), own.expiresAt() - own.timestamp(), null);
            store.remember(again, outcome == null ? own : own.withOutcome(outcome), ruling.now());
        }
    }

    private R marked(R record, Headers headers, DecidedRecord ruling) {
        return records.rewrite(
                record,
                Marks.merged(headers, ruling.marks(settings.name())),
                // Kafka Streams takes no negative time.
                Math.max(0, ruling.origin().timestamp()));
    }

    /** The record as it came, without marks that this operator made before the record was sent again. */
    private R unmarked(R record, Headers headers, DecidedRecord ruling) {
        long timestamp = ruling.origin().timestamp();
        if (Marks.isMarkedBy(settings.name(), headers)) {
            return records.rewrite(record, Marks.without(headers), timestamp);
        }
        // A mark of another writer must not present what mapOnce makes as a stored outcome.
        if (settings.storesOutcomes() && headers.lastHeader(DedupHeaders.REPLAYED) != null) {
            Headers cleaned =
                    new RecordHeaders(headers).remove(DedupHeaders.REPLAYED).remove(Origin.HEADER);
            return records.rewrite(record, cleaned, timestamp);
        }
        return untouched(record, headers, timestamp);
    }

    private DecidedRecord decide(Origin origin, Headers headers, @Nullable Object key, @Nullable Object value) {
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

    private Origin origin(Headers headers, long timestamp) {
        Origin origin = settings.partitioning() == Partitioning.BY_KEY
                ? Origin.read(headers)
                : new Origin(Origin.coordinates(context.recordMetadata().orElse(null)), timestamp, false);
        Long invalid = DedupTimestampExtractor.invalid(headers);
        return invalid == null ? origin : new Origin(origin.coordinates(), invalid, origin.isSibling());
    }

    private RefusedRecordException withoutOutcome(DecidedRecord ruling, Rejection fault) {
        sensors.countNoOutcome();
        return ruling.refusal(settings.name(), settings.onNoOutcome(), fault);
    }

    @Override
    public void close() {
        store.close();
        sensors.close();
    }
}
