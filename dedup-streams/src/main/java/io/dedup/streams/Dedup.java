// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import io.dedup.Action;
import io.dedup.DedupPolicy;
import io.dedup.FailurePolicy;
import io.dedup.Mode;
import io.dedup.Partitioning;
import io.dedup.Scope;
import io.dedup.Verdict;
import io.dedup.config.DedupConfig;
import io.dedup.key.Fingerprinter;
import io.dedup.key.KeyExtractor;
import io.dedup.key.KeyExtractors;
import io.dedup.key.TtlHeader;
import io.dedup.streams.store.SeenStore;
import io.dedup.streams.store.StoreEngine;
import java.time.Duration;
import java.util.Collection;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.kstream.ValueMapper;
import org.apache.kafka.streams.kstream.ValueMapperWithKey;
import org.apache.kafka.streams.processor.api.FixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorSupplier;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.state.StoreBuilder;
import org.jspecify.annotations.Nullable;

/**
 * The deduplicating operator: lets the first record of every operation through and keeps its duplicates away from
 * whatever comes after.
 *
 * <pre>{@code
 * KStream<String, Order> orders = builder.stream("orders", Consumed.with(Serdes.String(), orderSerde));
 *
 * Dedup.by(header("idempotency-key"))
 *         .within(Duration.ofHours(24))
 *         .apply(orders)
 *         .foreach((id, order) -> charge(order));
 * }</pre>
 *
 * <p><b>What it keeps.</b> Key, value, headers, timestamp, partitioning and serdes of the stream; it forces no
 * repartition. Equal idempotency keys must arrive on the same partition.
 *
 * <p><b>What it guarantees.</b> Under {@code exactly_once_v2}, one output per key and TTL, whatever crashes. Under
 * {@code at_least_once} nothing is lost; what was in flight at a crash may come out twice, as from any Kafka Streams
 * application.
 *
 * <p><b>What happens to the rest.</b> See {@link Verdict}; {@link #on} chooses another {@link Action}. The defaults send
 * records without a key, conflicts, late records and those from the future to the dead-letter topic, for which the
 * application's properties need two lines; without them it does not start, and says which:
 *
 * <pre>
 * processing.exception.handler=io.dedup.streams.DedupProcessingExceptionHandler
 * errors.dead.letter.queue.topic.name=orders-dead-letter
 * </pre>
 *
 * <p>Immutable and thread-safe: every {@code with} returns another operator. One operator goes into a topology once;
 * give the second one a name of its own.
 */
public final class Dedup {
    /** The name of the node, unless another is given. */
    public static final String DEFAULT_NAME = "dedup";

    private static final int DEFAULT_KEY_MAX_BYTES = 255;

    private final DedupSettings settings;

    private Dedup(DedupSettings settings) {
        this.settings = settings;
    }

    private Dedup changed(Consumer<DedupSettings.Draft> change) {
        return new Dedup(settings.with(change));
    }

    /**
     * An operator that finds idempotency keys there, with a TTL of 24 hours and every default.
     *
     * <p>Keys of more than 255 bytes are refused; bring {@link KeyExtractors#atMost} for another limit.
     */
    public static Dedup by(KeyExtractor keyExtractor) {
        return new Dedup(new DedupSettings(
                DEFAULT_NAME,
                KeyExtractors.atMost(DEFAULT_KEY_MAX_BYTES, keyExtractor),
                DedupPolicy.of(DedupPolicy.DEFAULT_TTL),
                Fingerprinter.none(),
                Scope.topic(),
                null,
                StoreEngine.rocksDb(),
                FailurePolicy.RELEASE,
                Partitioning.AS_IS,
                null,
                false,
                DedupConfig.DEFAULT_OUTCOME_MAX_BYTES,
                Action.DEAD_LETTER,
                null,
                0,
                null,
                null,
                null));
    }

    /**
     * An operator as {@code dedup.*} properties describe it.
     */
    public static Dedup configured(DedupConfig config) {
        Dedup dedup = new Dedup(new DedupSettings(
                DEFAULT_NAME,
                config.keyExtractor(),
                config.policy(),
                config.fingerprinter(),
                config.scope(),
                null,
                StoreEngine.named(config.store()),
                config.failurePolicy(),
                config.partitioning(),
                config.ttlHeader().orElse(null),
                false,
                config.outcomeMaxBytes(),
                config.onNoOutcome(),
                config.controlTopic().orElse(null),
                config.auditShare(),
                null,
                null,
                null));
        return config.duplicatesTopic().map(dedup::withDuplicatesTopic).orElse(dedup);
    }

    /**
     * How long a first is remembered, from its own time. It does not slide.
     *
     * @throws IllegalArgumentException if under 1 ms or over {@link DedupPolicy#LONGEST}
     */
    public Dedup within(Duration ttl) {
        return changed(draft -> draft.policy = settings.policy().withTtl(ttl));
    }

    /**
     * How much older than stream time a record may be and still be judged exactly; as the TTL unless set.
     *
     * @throws IllegalArgumentException if negative or over {@link DedupPolicy#LONGEST}
     */
    public Dedup withAllowedLateness(Duration lateness) {
        return changed(draft -> draft.policy = settings.policy().withAllowedLateness(lateness));
    }

    /**
     * How far ahead of the wall clock a record may be; one hour unless set.
     *
     * @throws IllegalArgumentException if negative or over {@link DedupPolicy#LONGEST}
     */
    public Dedup withMaxFuture(Duration ahead) {
        return changed(draft -> draft.policy = settings.policy().withMaxFuture(ahead));
    }

    /**
     * Lets a record ask for a TTL of its own in that header: milliseconds as decimal text, no more than the TTL of the
     * operator. What asks for anything else is {@link Verdict#INVALID_TTL}; what has no such header has the TTL of the
     * operator.
     *
     * <p>A key whose TTL is short can be used again soon. The last 16 firsts of one key are kept for every TTL of the
     * operator, so that what arrives out of order is judged exactly; what is older than that is {@link Verdict#LATE}.
     *
     * @throws IllegalArgumentException if the name is blank
     */
    public Dedup withTtlHeader(String header) {
        TtlHeader checked = new TtlHeader(header, settings.policy().ttl());
        return changed(draft -> {
            draft.ttlHeader = checked.name();
            draft.policy = settings.policy().withRecordTtls();
        });
    }

    /**
     * The longest outcome that {@link #mapOnce} stores, in bytes; 64 KiB unless set. The changelog topic has to
     * take 8 KiB more than this or 256 KiB, whichever is more.
     *
     * @throws IllegalArgumentException if negative
     */
    public Dedup withOutcomeMaxBytes(int bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("An outcome cannot have " + bytes + " bytes");
        }
        return changed(draft -> draft.outcomeMaxBytes = bytes);
    }

    /**
     * What {@link #mapOnce} does with a first whose outcome is too large to be stored, and with a duplicate whose first was
     * remembered without an outcome; {@link Action#DEAD_LETTER} unless set.
     *
     * @throws IllegalArgumentException unless {@link Action#DEAD_LETTER} or {@link Action#FAIL}
     */
    public Dedup onNoOutcome(Action action) {
        if (action != Action.DEAD_LETTER && action != Action.FAIL) {
            throw new IllegalArgumentException("A record without an outcome goes to the dead-letter topic or stops the"
                    + " application; it cannot be answered with " + action.text());
        }
        return changed(draft -> draft.onNoOutcome = action);
    }

    /** How far verdicts are acted upon; {@link Mode#ENFORCE} unless set. */
    public Dedup withMode(Mode mode) {
        return changed(draft -> draft.policy = settings.policy().withMode(mode));
    }

    /** By what a reused key is told from a retry; not at all unless set. */
    public Dedup withFingerprint(Fingerprinter fingerprinter) {
        return changed(draft -> draft.fingerprinter = fingerprinter);
    }

    /** What a key is unique within; its topic unless set. */
    public Dedup withScope(Scope scope) {
        return changed(draft -> draft.scope = scope);
    }

    /** What holds remembered firsts on this machine; RocksDB unless set. */
    public Dedup withStore(StoreEngine engine) {
        return changed(draft -> draft.engine = engine);
    }

    /**
     * What becomes of the key of a first whose processing fails further down in the same sub-topology and is skipped by the
     * application's exception handler; {@link FailurePolicy#RELEASE} unless set. Without such a handler the application
     * stops and reads the record again, and nothing is skipped.
     *
     * <p>To learn of skipped failures the application's own handler has to be the one named by {@value
     * DedupConfig#PROCESSING_EXCEPTION_HANDLER}, behind the {@link DedupProcessingExceptionHandler}.
     */
    public Dedup onFailure(FailurePolicy failurePolicy) {
        return changed(draft -> draft.failurePolicy = failurePolicy);
    }

    /**
     * The name of the node. Its store is called {@code NAME-seen} and its changelog follows from that, so a name that
     * changes is a memory that is lost.
     */
    public Dedup withName(String name) {
        return changed(draft -> draft.name = name);
    }

    /**
     * How keys and values become bytes for a key source or a fingerprint that reads them. Not needed for byte arrays, nor
     * in the DSL if the stream has serdes. Without them the application's default serdes are used.
     */
    public Dedup withSerdes(Serde<?> keySerde, Serde<?> valueSerde) {
        return changed(draft -> {
            draft.keySerde = keySerde;
            draft.valueSerde = valueSerde;
        });
    }

    /**
     * What to do after that verdict.
     *
     * @throws IllegalArgumentException if the action is not one of {@link Verdict#actions()}; for duplicates on their
     *     own topic see {@link #withDuplicatesTopic}
     */
    public Dedup on(Verdict verdict, Action action) {
        return changed(draft -> draft.policy = settings.policy().withAction(verdict, action));
    }

    /**
     * Routes duplicates to that topic, with headers that name their first. The topic must exist; its records keep their
     * key, value and timestamp.
     */
    public Dedup withDuplicatesTopic(String topic) {
        return changed(draft -> draft.duplicatesTopic = topic).on(Verdict.DUPLICATE, Action.DUPLICATES_TOPIC);
    }

    /**
     * Who sees to it that equal idempotency keys meet on one partition; the producer unless set. With {@link
     * Partitioning#BY_KEY} the operator repartitions through a topic {@code APPLICATION-NAME-repartition}.
     */
    public Dedup withPartitioning(Partitioning partitioning) {
        return changed(draft -> draft.partitioning = partitioning);
    }

    /**
     * Watches for equal idempotency keys on different partitions, which the operator misses with {@link Partitioning#AS_IS}: a
     * sample of the keys goes through a topic {@code APPLICATION-NAME-audit-repartition} to where all sightings of a key
     * meet. What is found is counted as {@code split-keys-total} and logged. It costs looking for every key once more, and a
     * write and a read for every sampled record.
     *
     * @param share of the keys, from 0, which is the default and none, to 1; a hundredth shows a systematic fault soon
     * @throws IllegalArgumentException if it is not between 0 and 1
     */
    public Dedup withPartitionAudit(double share) {
        if (!(share >= 0 && share <= 1)) {
            throw new IllegalArgumentException("A share is between 0 and 1, and this is " + share);
        }
        return changed(draft -> draft.auditShare = share);
    }

    /**
     * Judges only the records of these topics, and lets all others through untouched: for a stream that is made of several.
     *
     * @throws IllegalArgumentException if there are none
     */
    public Dedup onlyFrom(Collection<String> topics) {
        if (topics.isEmpty()) {
            throw new IllegalArgumentException("Name at least one topic");
        }
        Set<String> only = Set.copyOf(topics);
        return changed(draft -> draft.onlyFrom = only);
    }

    /**
     * Takes commands from that topic, with which {@link DedupControl} makes the operator forget a key. The topic must exist
     * and have as many partitions as the topics of the stream; with {@link Partitioning#BY_KEY} it decides how many the
     * repartition topic has. Whoever may write it decides what is forgotten, so give that right to the owner of the
     * application alone. Operators on streams of the same topics may share one; others need one of their own.
     *
     * <p>In the Processor API add it as a source with byte-array deserializers, and make it another parent of the node.
     */
    public Dedup withControlTopic(String topic) {
        if (topic.isBlank()) {
            throw new IllegalArgumentException("A control topic needs a name");
        }
        return changed(draft -> draft.controlTopic = topic);
    }

    /**
     * Puts the operator behind that stream.
     *
     * @return what is let through, with the serdes of {@code stream}; with {@link Partitioning#BY_KEY}, where records are
     *     not partitioned by their own keys any more, with its value serde, and what needs the key on its partition
     *     repartitions
     * @throws IllegalArgumentException if the stream is not one of Kafka's own
     * @throws org.apache.kafka.streams.errors.TopologyException if the topology has a node of that name already
     */
    public <K, V> KStream<K, V> apply(KStream<K, V> stream) {
        refuseOutcomes();
        GraphSplice<K, V> splice = GraphSplice.of(stream);
        DedupSettings typed = settings.forStream(splice.keys(), splice.values());
        String duplicatesChild = settings.name() + "-duplicates";
        String topic = duplicatesTopicIfRouted();
        Outlets outlets = topic == null ? Outlets.ALL_CHILDREN : new Outlets(forwardedChild(), duplicatesChild);

        KStream<K, V> met = isByKey() ? routed(stream, typed) : stream;
        KStream<K, V> judged = met.processValues(
                new FixedKeySupplier<K, V, V>(typed, outlets, Passage.unchanged()), Named.as(settings.name()));
        complete(met, judged, typed);
        KStream<K, V> forwarded =
                isByKey() ? withAnyPartition(met) : met.peek((key, value) -> {}, Named.as(forwardedChild()));
        GraphSplice.of(met).move(forwarded, judged);
        if (topic != null) {
            judged.to(topic, Produced.with(splice.keys(), splice.values()).withName(duplicatesChild));
        }
        return forwarded;
    }

    /**
     * Processes every operation once and answers its duplicates with the very same outcome: see {@link
     * #mapOnce(KStream, ValueMapperWithKey, Serde)}.
     */
    public <K, V, W> KStream<K, W> mapOnce(
            KStream<K, V> stream, ValueMapper<? super V, ? extends W> mapper, Serde<W> outcomeSerde) {
        return mapOnce(stream, (key, value) -> mapper.apply(value), outcomeSerde);
    }

    /**
     * Processes every operation once and answers its duplicates with the very same outcome, for request and reply over
     * Kafka.
     *
     * <p>The mapper runs for a first, and the bytes of what it returns are stored beside the key. A duplicate does not run
     * it: it comes out with its own key, headers and timestamp, the stored outcome as its value, and headers that name its
     * first and say {@link DedupHeaders#REPLAYED}. Null is an outcome too.
     *
     * <p>Once means: unless it failed. If the mapper throws, if its outcome is too large, or if something behind it fails and
     * is skipped by the exception handler, the key is released and a retry runs the mapper again; with {@link
     * FailurePolicy#KEEP} it is not and does not. And what the mapper does outside of Kafka is done again if the application
     * crashes before it commits.
     *
     * <p>An outcome that is too large to be stored, and a duplicate whose first was remembered without one, are dealt with
     * as {@link #onNoOutcome} says. What is forwarded though it is not a first, as everything is in {@link Mode#OBSERVE},
     * is mapped and not stored.
     *
     * @param mapper called by several stream threads
     * @param outcomeSerde writes and reads outcomes, without headers; its topic is the changelog of the operator's store; used
     *     by several stream threads
     * @return the outcomes, with the key serde of {@code stream} and, as after {@code mapValues}, no value serde
     * @throws IllegalStateException if duplicates are to be forwarded or routed
     * @throws IllegalArgumentException if the stream is not one of Kafka's own
     */
    public <K, V, W> KStream<K, W> mapOnce(
            KStream<K, V> stream, ValueMapperWithKey<? super K, ? super V, ? extends W> mapper, Serde<W> outcomeSerde) {
        Action duplicates = settings.policy().configuredAction(Verdict.DUPLICATE);
        if (duplicates == Action.FORWARD || duplicates == Action.DUPLICATES_TOPIC) {
            throw new IllegalStateException(
                    "mapOnce answers duplicates with the outcome of their first, so they cannot be" + " answered with "
                            + duplicates.text() + " too");
        }
        GraphSplice<K, V> splice = GraphSplice.of(stream);
        DedupSettings typed = settings.forStream(splice.keys(), splice.values()).with(draft -> {
            draft.policy = settings.policy().withAction(Verdict.DUPLICATE, Action.REPLAY_OUTCOME);
            draft.storesOutcomes = true;
        });
        KStream<K, V> met = isByKey() ? routed(stream, typed) : stream;
        KStream<K, W> answered = met.processValues(
                new FixedKeySupplier<>(typed, Outlets.ALL_CHILDREN, new OutcomePassage<>(mapper, outcomeSerde)),
                Named.as(settings.name()));
        complete(met, answered, typed);
        return isByKey() ? withAnyPartition(answered) : answered;
    }

    /** Finishes the node of the operator, which was made behind {@code met}. */
    private <K, V> void complete(KStream<K, V> met, KStream<?, ?> node, DedupSettings typed) {
        GraphSplice.of(node).keepInPlace();
        if (settings.auditShare() > 0) {
            audit(met, typed);
        }
        String topic = settings.controlTopic();
        if (topic != null) {
            GraphSplice.of(met).alsoInto(node, topic, "dedup-control-" + topic);
        }
    }

    private <K, V> void audit(KStream<K, V> stream, DedupSettings typed) {
        if (isByKey()) {
            throw new IllegalStateException("With a repartition by key there is nothing to audit");
        }
        String audit = settings.name() + "-audit";
        KStream<byte[], byte[]> samples =
                stream.process(() -> new AuditSampler<K, V>(typed), Named.as(audit + "-sample"));
        GraphSplice.of(samples).keepInPlace();
        samples.repartition(Repartitioned.with(Serdes.ByteArray(), Serdes.ByteArray())
                        .withName(audit))
                .process(new AuditSupplier(typed), Named.as(audit));
    }

    DedupSettings settings() {
        return settings;
    }

    private void refuseOutcomes() {
        if (settings.policy().configuredAction(Verdict.DUPLICATE) == Action.REPLAY_OUTCOME) {
            throw new IllegalStateException("Duplicates are to be answered with the outcome of their first ("
                    + DedupConfig.actionKey(Verdict.DUPLICATE) + "=" + Action.REPLAY_OUTCOME.text()
                    + "), and here is none: use mapOnce");
        }
    }

    private boolean isByKey() {
        return settings.partitioning() == Partitioning.BY_KEY;
    }

    private String forwardedChild() {
        return settings.name() + "-forwarded";
    }

    /** Says that records are not on the partitions of their own keys, so that what needs that repartitions. */
    private <K, W> KStream<K, W> withAnyPartition(KStream<K, W> stream) {
        return stream.selectKey((key, value) -> key, Named.as(forwardedChild()));
    }

    /** The stream after a repartition by idempotency key, in which records keep their own keys. */
    @SuppressWarnings("unchecked") // the serdes are the stream's
    private static <K, V> KStream<K, V> routed(KStream<K, V> stream, DedupSettings typed) {
        KStream<K, V> routed =
                stream.process(() -> new RouteProcessor<K, V>(typed), Named.as(typed.name() + "-by-key"));
        GraphSplice.of(routed).keepInPlace();
        return routed.repartition(Repartitioned.with((Serde<K>) typed.keySerde(), (Serde<V>) typed.valueSerde())
                .withName(typed.name())
                .withStreamPartitioner(new KeyPartitioner<>()));
    }

    /**
     * The operator for the Processor API. It brings its own store, and forwards to every child.
     *
     * @throws IllegalStateException if duplicates are routed: their child has to be named, see {@link
     *     #supplier(String, String)}
     */
    public <K, V> ProcessorSupplier<K, V, K, V> supplier() {
        refuseOutcomes();
        if (duplicatesTopicIfRouted() != null || settings.policy().uses(Action.DUPLICATES_TOPIC)) {
            throw new IllegalStateException(
                    "Duplicates are routed, so the node has two outlets: name the child for what"
                            + " is let through and the sink for the duplicates with supplier(forwardedTo, duplicatesTo)");
        }
        return supplier(settings, Outlets.ALL_CHILDREN);
    }

    /**
     * The operator for the Processor API with two outlets. It brings its own store.
     *
     * @param forwardedTo the name of the child that gets what is let through
     * @param duplicatesTo the name of the child, usually a sink, that gets duplicates
     */
    public <K, V> ProcessorSupplier<K, V, K, V> supplier(String forwardedTo, String duplicatesTo) {
        DedupPolicy routing = settings.policy().withAction(Verdict.DUPLICATE, Action.DUPLICATES_TOPIC);
        return supplier(settings.with(draft -> draft.policy = routing), new Outlets(forwardedTo, duplicatesTo));
    }

    private static <K, V> ProcessorSupplier<K, V, K, V> supplier(DedupSettings settings, Outlets outlets) {
        if (settings.partitioning() == Partitioning.BY_KEY) {
            throw new IllegalStateException(
                    "In the Processor API a node cannot repartition: send records through a topic"
                            + " that is partitioned by idempotency key, and leave the partitioning as-is");
        } else if (settings.auditShare() > 0) {
            throw new IllegalStateException(
                    "In the Processor API a node cannot repartition, so it cannot audit partitions either");
        }
        return new Supplier<>(settings, outlets);
    }

    /**
     * That processor with the operator in front of it, in the same node: it is given what is let through and nothing else.
     * So a topology gets the operator without another node.
     *
     * @throws IllegalStateException if something is set that needs a node of its own: a topic for duplicates, a repartition,
     *     an audit, a control topic
     */
    public <K, V, L, W> ProcessorSupplier<K, V, L, W> inFrontOf(ProcessorSupplier<K, V, L, W> supplier) {
        return new GuardedSupplier<>(guarding(), supplier);
    }

    /**
     * The same for a processor of the DSL that keeps its keys.
     *
     * @throws IllegalStateException as for the other
     */
    public <K, V, W> FixedKeyProcessorSupplier<K, V, W> inFrontOf(FixedKeyProcessorSupplier<K, V, W> supplier) {
        return new GuardedFixedKeySupplier<>(guarding(), supplier);
    }

    /** The settings, if they need no node of their own. */
    private DedupSettings guarding() {
        refuseOutcomes();
        String unavailable = null;
        if (settings.policy().configuredAction(Verdict.DUPLICATE) == Action.DUPLICATES_TOPIC) {
            unavailable = DedupConfig.actionKey(Verdict.DUPLICATE) + "=" + Action.DUPLICATES_TOPIC.text();
        } else if (isByKey()) {
            unavailable = DedupConfig.PARTITIONING + "=" + Partitioning.BY_KEY.text();
        } else if (settings.auditShare() > 0) {
            unavailable = DedupConfig.AUDIT_SHARE;
        } else if (settings.controlTopic() != null) {
            unavailable = DedupConfig.CONTROL_TOPIC;
        }
        if (unavailable != null) {
            throw new IllegalStateException("In front of a processor, in the same node, there is no " + unavailable
                    + ": put the operator into the topology with apply, or remove the setting");
        }
        return settings;
    }

    /** The topic, or null if duplicates do not go to one of their own. */
    private @Nullable String duplicatesTopicIfRouted() {
        boolean routed = settings.policy().configuredAction(Verdict.DUPLICATE) == Action.DUPLICATES_TOPIC;
        if (routed && settings.duplicatesTopic() == null) {
            throw new IllegalStateException(
                    "Duplicates are to go to a topic of their own: name it withDuplicatesTopic");
        }
        return routed ? settings.duplicatesTopic() : null;
    }

    /** Brings processor and store into a DSL topology. */
    private record FixedKeySupplier<K, V, W>(
            DedupSettings settings, Outlets outlets, Passage<FixedKeyRecord<K, V>, FixedKeyRecord<K, W>> passage)
            implements FixedKeyProcessorSupplier<K, V, W> {
        @Override
        public FixedKeyProcessor<K, V, W> get() {
            return new DedupFixedKeyProcessor<>(settings, outlets, passage);
        }

        @Override
        public Set<StoreBuilder<?>> stores() {
            return settings.stores();
        }
    }

    /** Brings the auditor and its store into a DSL topology. */
    private record AuditSupplier(DedupSettings settings) implements ProcessorSupplier<byte[], byte[], Void, Void> {
        @Override
        public Processor<byte[], byte[], Void, Void> get() {
            return new Auditor(settings);
        }

        @Override
        public Set<StoreBuilder<?>> stores() {
            return Set.of(SeenStore.builder(settings.auditStoreName(), settings.engine(), settings.policy()));
        }
    }

    /** Brings processor and store into a topology of the Processor API. */
    private record Supplier<K, V>(DedupSettings settings, Outlets outlets) implements ProcessorSupplier<K, V, K, V> {
        @Override
        public Processor<K, V, K, V> get() {
            return new DedupProcessor<>(settings, outlets);
        }

        @Override
        public Set<StoreBuilder<?>> stores() {
            return settings.stores();
        }
    }

    /** Brings a guarded processor, its stores and ours. */
    private record GuardedSupplier<K, V, L, W>(DedupSettings settings, ProcessorSupplier<K, V, L, W> supplier)
            implements ProcessorSupplier<K, V, L, W> {
        @Override
        public Processor<K, V, L, W> get() {
            return new GuardedProcessor<>(settings, supplier.get());
        }

        @Override
        public Set<StoreBuilder<?>> stores() {
            return settings.storesAnd(supplier.stores());
        }
    }

    /** Brings a guarded processor of the DSL, its stores and ours. */
    private record GuardedFixedKeySupplier<K, V, W>(DedupSettings settings, FixedKeyProcessorSupplier<K, V, W> supplier)
            implements FixedKeyProcessorSupplier<K, V, W> {
        @Override
        public FixedKeyProcessor<K, V, W> get() {
            return new GuardedFixedKeyProcessor<>(settings, supplier.get());
        }

        @Override
        public Set<StoreBuilder<?>> stores() {
            return settings.storesAnd(supplier.stores());
        }
    }
}
