// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.operator;

import io.dedup.Action;
import io.dedup.Coordinates;
import io.dedup.Mode;
import io.dedup.Partitioning;
import io.dedup.SeenRecord;
import io.dedup.StoredOutcome;
import io.dedup.key.RecordView;
import io.dedup.streams.errors.RefusedRecordException;
import io.dedup.streams.internal.Isolation;
import io.dedup.streams.internal.Origin;
import io.dedup.streams.internal.Records;
import io.dedup.streams.internal.Rejection;
import io.dedup.streams.internal.SkippedFailures;
import io.dedup.streams.internal.SourcePartitioner;
import io.dedup.streams.internal.metrics.VerdictSensors;
import io.dedup.streams.internal.store.SeenStore;
import io.dedup.streams.target.Target;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.api.ProcessingContext;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The operator on one task: has a decision made on every record ({@link RecordDecider}, {@link io.dedup.DedupPolicy}), remembers the firsts,
 * and sends each record where its verdict says. The processors of both Kafka Streams APIs share it.
 *
 * <p>Confined to the stream thread.
 *
 * @param <R> the kind of record that comes in
 * @param <O> the kind of record that goes out
 */
public final class Deduplicator<R, O> implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(Deduplicator.class);

    private final DedupSettings settings;
    private final Children children;
    private final ProcessingContext context;
    private final RecordMapper<R, O> mapper;
    private final Records<R, O> records;
    private final @Nullable WriteCheck writes;
    private final String outcomeTopic;
    private final @Nullable ControlCommands commands;
    private final SeenStore store;
    private final ChangelogCheck changelog;
    private final VerdictSensors sensors;
    private final RecordDecider decider;
    private final MarkedRecords<R> marked;

    /**
     * The operator of a task whose store has been restored.
     *
     * @throws io.dedup.config.DedupConfigException if the application would not deal with refused records as configured
     */
    Deduplicator(
            DedupSettings settings,
            Children children,
            ProcessingContext context,
            RecordMapper<R, O> mapper,
            Records<R, O> records) {
        HandlerChecks.requireForRecords(
                context.appConfigs(),
                settings.uses(Action.DEAD_LETTER),
                settings.uses(Action.FAIL),
                settings.releases());
        HandlerChecks.requireForWrites(context.appConfigs());
        HandlerChecks.requireFailurePolicy(settings, children, context, mapper);
        Isolation.warnIfUncommittedIsRead(context);
        settings.resolveSerdes(context);
        this.settings = settings;
        this.children = children;
        this.context = context;
        this.mapper = mapper;
        this.records = records;
        this.writes = WriteCheck.of(settings, context.appConfigs());
        this.outcomeTopic = settings.changelog(context.applicationId());
        this.changelog = ChangelogCheck.start(settings, outcomeTopic, context.appConfigs());
        this.store = SeenStore.open(
                context,
                settings.storeName(),
                settings.policy(),
                settings.waiting(),
                settings.partitioning() == Partitioning.AS_IS,
                settings.definition());
        this.decider = new RecordDecider(settings, context, store);
        this.marked = new MarkedRecords<>(settings, records);
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

    /**
     * Decides on one record and does what follows from the verdict.
     *
     * @param key the record's key, of the type that it has in this topology
     * @param value the record's value, likewise
     * @param timestamp event time in milliseconds since the epoch
     * @throws RefusedRecordException if the record is to be dead-lettered or to stop the application
     */
    void process(R record, Headers headers, @Nullable Object key, @Nullable Object value, long timestamp) {
        if (commands != null && commands.handle(headers, key)) {
            return;
        }
        Origin origin = decider.origin(headers, timestamp);
        if (settings.policy().mode() == Mode.OFF
                || isOfAnotherTopic(origin.coordinates())
                || settings.passesUnjudged(value)) {
            R passing = marked.untouched(record, headers, origin.timestamp());
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
        DecidedRecord decided = decider.decide(origin, headers, key, value);
        sensors.count(decided.verdict(), decided.now());
        sensors.stop(start);
        switch (settings.policy().actionFor(decided.verdict())) {
            case FORWARD -> {
                boolean accepted = decided.verdict().isAccepted();
                R passing =
                        accepted ? marked.unmarked(record, headers, decided) : marked.marked(record, headers, decided);
                if (settings.target() != null) {
                    writable(passing, decided, settings.target().topic());
                }
                if (accepted) {
                    accept(passing, decided);
                } else {
                    pass(passing, decided.origin());
                }
            }
            case REPLAY_OUTCOME -> replay(record, headers, decided);
            case DUPLICATES_TOPIC -> {
                R duplicate = marked.marked(record, headers, decided);
                writable(duplicate, decided, Objects.requireNonNullElse(settings.duplicatesTopic(), ""));
                records.forward(mapper.process(duplicate), children.duplicatesChild());
            }
            case DEAD_LETTER -> throw decided.refusal(settings.name(), Action.DEAD_LETTER);
            case FAIL -> throw decided.refusal(settings.name(), Action.FAIL);
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
        forward(mapper.process(record), origin);
    }

    private void forward(O record, Origin origin) {
        Target target = settings.target();
        if (target != null && target.keepsPartition()) {
            SourcePartitioner.deciding(origin.coordinates(), () -> records.forward(record, children.forwarded()));
        } else {
            records.forward(record, children.forwarded());
        }
    }

    private void writable(R record, DecidedRecord decided, String topic) {
        writable(record, decided.view(), decided.origin(), decided.now(), topic);
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
    private void replay(R record, Headers headers, DecidedRecord decided) {
        SeenRecord first = decided.decision().first();
        StoredOutcome outcome = first == null ? null : first.outcome();
        if (outcome == null) {
            throw withoutOutcome(decided, Rejection.NOT_STORED);
        }
        R answered = marked.replayed(record, headers, decided);
        forward(read(answered, outcome, decided), decided.origin());
    }

    /** The record with that outcome as its value. */
    private O read(R record, StoredOutcome outcome, DecidedRecord decided) {
        try {
            return mapper.replay(record, outcome, outcomeTopic);
        } catch (RuntimeException unreadable) {
            throw withoutOutcome(decided, Rejection.unreadable(unreadable));
        }
    }

    /** Processes and forwards a record, and releases its key if what follows fails and is skipped. */
    private void accept(R record, DecidedRecord decided) {
        Bytes key = decided.storeKey();
        if (key != null) {
            decider.accepted(key);
        }
        try (SkippedFailures.Watch watch =
                SkippedFailures.watch(context.recordMetadata().orElse(null))) {
            acceptWatched(record, decided);
            if (watch.hasFailed()) {
                release(decided);
            }
        }
    }

    private void acceptWatched(R record, DecidedRecord decided) {
        SeenRecord first = decided.decision().first();
        StoredOutcome known = first == null ? null : first.outcome();
        O passing = known == null ? processed(record, decided) : read(record, known, decided);
        if (known != null) {
            remember(decided, known);
        }
        try {
            forward(passing, decided.origin());
        } catch (RuntimeException failed) {
            releaseAfter(failed, decided);
            throw failed;
        }
    }

    /**
     * A sink has no handler of its own, and what it throws comes through here on its way to the one of this node. If that goes on, the
     * record was skipped; if not, nothing of it is committed.
     */
    private void releaseAfter(RuntimeException failed, DecidedRecord decided) {
        try {
            release(decided);
        } catch (RuntimeException again) {
            // As where the store is what has failed.
            failed.addSuppressed(again);
        }
    }

    private void release(DecidedRecord decided) {
        Bytes key = decided.storeKey();
        if (key == null || !settings.releases()) {
            return;
        }
        decider.released(key);
        SeenRecord first = decided.decision().first();
        boolean released = store.release(key, decided.candidate().timestamp(), decided.now());
        if (first != null && first.timestamp() != decided.candidate().timestamp()) {
            released |= store.release(key, first.timestamp(), decided.now());
        }
        if (released) {
            sensors.countRelease();
        }
    }

    /** Processes a record, and remembers it with what that came to. */
    private O processed(R record, DecidedRecord decided) {
        try {
            O processed = mapper.process(record);
            remember(decided, storable(mapper.outcomeOf(processed, outcomeTopic), decided));
            return processed;
        } catch (RuntimeException failed) {
            if (!settings.releases()) {
                remember(decided, null);
            }
            throw failed;
        }
    }

    /** That outcome if it may be stored; none if it may not and nothing is enforced. */
    private @Nullable StoredOutcome storable(@Nullable StoredOutcome outcome, DecidedRecord decided) {
        if (outcome == null || outcome.length() <= settings.outcomeMaxBytes()) {
            return outcome;
        } else if (settings.policy().mode() == Mode.ENFORCE) {
            throw withoutOutcome(decided, Rejection.tooLarge(outcome.length(), settings.outcomeMaxBytes()));
        }
        return null;
    }

    /**
     * Remembers a first; one that is read again as well, since this disk alone may know of it, and not the changelog. If the time of that
     * one is another now, it is remembered at both.
     */
    private void remember(DecidedRecord decided, @Nullable StoredOutcome outcome) {
        SeenStore.Recalled recalled = decided.recalled();
        if (recalled == null) {
            return;
        }
        SeenRecord own = settings.policy().seenRecordOf(decided.candidate());
        SeenRecord first = decided.decision().first();
        SeenRecord known = first == null ? own : first;
        store.remember(recalled, outcome == null ? known : known.withOutcome(outcome), decided.now());
        if (known.timestamp() != own.timestamp()) {
            // It has another time than when it was read before, or is another record on a re-created topic.
            SeenStore.Recalled again =
                    store.recall(recalled.key(), own.timestamp(), own.expiresAt() - own.timestamp(), null);
            store.remember(again, outcome == null ? own : own.withOutcome(outcome), decided.now());
        }
    }

    private RefusedRecordException withoutOutcome(DecidedRecord decided, Rejection fault) {
        sensors.countNoOutcome();
        return decided.refusal(settings.name(), settings.onNoOutcome(), fault);
    }

    @Override
    public void close() {
        store.close();
        sensors.close();
    }
}
