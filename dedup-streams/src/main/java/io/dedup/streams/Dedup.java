// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import io.dedup.Action;
import io.dedup.DedupHeaders;
import io.dedup.DedupPolicy;
import io.dedup.FailurePolicy;
import io.dedup.Mode;
import io.dedup.Partitioning;
import io.dedup.Scope;
import io.dedup.TombstonePolicy;
import io.dedup.Verdict;
import io.dedup.Waiting;
import io.dedup.config.DedupConfig;
import io.dedup.key.Fingerprinter;
import io.dedup.key.KeyExtractor;
import io.dedup.key.KeyExtractors;
import io.dedup.key.TtlHeader;
import io.dedup.streams.errors.DedupProcessingExceptionHandler;
import io.dedup.streams.internal.StreamsVersion;
import io.dedup.streams.internal.dsl.DslWiring;
import io.dedup.streams.internal.operator.Children;
import io.dedup.streams.internal.operator.DedupSettings;
import io.dedup.streams.internal.operator.Suppliers;
import io.dedup.streams.internal.store.format.KeyDefinition;
import io.dedup.streams.store.RocksDbOptions;
import io.dedup.streams.store.StoreEngine;
import io.dedup.streams.target.Target;
import io.dedup.streams.target.WriteLimits;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.ValueMapper;
import org.apache.kafka.streams.kstream.ValueMapperWithKey;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorSupplier;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The deduplicating operator: lets the first record of every operation through and keeps its duplicates away from
 * what follows.
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
 * <p><b>What it guarantees.</b> Under {@code exactly_once_v2}, one output per key and TTL, also after crashes. Under
 * {@code at_least_once} nothing is lost; what was in flight at a crash may come out twice, as from any Kafka Streams
 * application.
 *
 * <p><b>How it decides.</b> By {@link DedupPolicy#decide}, which its {@link io.dedup.streams.internal.operator.Deduplicator} calls for
 * every record.
 *
 * <p><b>What happens to the rest.</b> See {@link Verdict}; {@link #on} chooses another {@link Action}. The defaults send
 * records without a key, conflicts, late records and those from the future to the dead-letter topic, for which the
 * application's properties need two lines; without them it does not start, and says which:
 *
 * <pre>
 * processing.exception.handler=io.dedup.streams.errors.DedupProcessingExceptionHandler
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
        StreamsVersion.requireSupported();
        return new Dedup(
                DedupSettings.of(DEFAULT_NAME, KeyExtractors.atMostUnlessSet(DEFAULT_KEY_MAX_BYTES, keyExtractor)));
    }

    private static StoreEngine engine(DedupConfig config) {
        return config.store().equals("memory")
                ? StoreEngine.sharedMemory(
                        config.storeMemoryMaxBytes().orElse(StoreEngine.halfOfTheHeap()), config.storeHoldsWholeKeys())
                : StoreEngine.rocksDb(options(config));
    }

    private static RocksDbOptions options(DedupConfig config) {
        RocksDbOptions defaults = RocksDbOptions.defaults();
        return new RocksDbOptions(
                config.storeRocksDbCacheBytes().orElse(defaults.cacheBytes()),
                config.storeRocksDbWriteBufferBytes().orElse(defaults.writeBufferBytes()),
                config.storeRocksDbThreads().orElse(defaults.threads()));
    }

    /** An operator as {@code dedup.*} properties describe it. */
    public static Dedup configured(DedupConfig config) {
        StreamsVersion.requireSupported();
        DedupSettings defaults = DedupSettings.of(DEFAULT_NAME, config.keyExtractor());
        Dedup dedup = new Dedup(defaults.with(draft -> {
            draft.policy = config.policy();
            draft.fingerprinter = config.fingerprinter();
            draft.scope = config.scope();
            draft.definition =
                    new KeyDefinition(config.keyDefinition(), config.scope().toString(), config.fingerprintText());
            draft.engine = engine(config);
            draft.failurePolicy = config.failurePolicy().orElse(null);
            draft.partitioning = config.partitioning();
            draft.tombstonePolicy = config.tombstonePolicy();
            draft.ttlHeader = config.ttlHeader().orElse(null);
            draft.outcomeMaxBytes = config.outcomeMaxBytes();
            draft.onNoOutcome = config.onNoOutcome();
            draft.controlTopic = config.controlTopic().orElse(null);
            draft.auditShare = config.auditShare();
            draft.changelogConfigs = config.changelogConfigs();
            draft.waiting = new Waiting(config.partitionIdleTimeout(), config.partitionMaxDrift());
        }));
        return config.duplicatesTopic().map(dedup::withDuplicatesTopic).orElse(dedup);
    }

    /**
     * How long a first is remembered, from its own time. It does not slide.
     *
     * @throws IllegalArgumentException if under 1 ms or over {@link DedupPolicy#MAX_DURATION}
     */
    public Dedup within(Duration ttl) {
        return changed(draft -> draft.policy = settings.policy().withTtl(ttl));
    }

    /**
     * How much older than what came before it from its source partition a record may be and still get an exact verdict; as the TTL
     * unless set.
     *
     * @throws IllegalArgumentException if negative or over {@link DedupPolicy#MAX_DURATION}
     */
    public Dedup withAllowedLateness(Duration lateness) {
        return changed(draft -> draft.policy = settings.policy().withAllowedLateness(lateness));
    }

    /**
     * How far ahead of the wall clock a record may be; one hour unless set.
     *
     * @throws IllegalArgumentException if negative or over {@link DedupPolicy#MAX_DURATION}
     */
    public Dedup withMaxFuture(Duration ahead) {
        return changed(draft -> draft.policy = settings.policy().withMaxFuture(ahead));
    }

    /**
     * How long partitions that are behind others of the same task are waited for, as when a backlog is read after a repartition by key;
     * {@link Waiting#DEFAULT} unless set. Memory and disk grow with the distance, which the metric {@code partition-drift} shows.
     */
    public Dedup withWaiting(Waiting waiting) {
        return changed(draft -> draft.waiting = waiting);
    }

    /**
     * Lets a record ask for a TTL of its own in that header: milliseconds as decimal text, no more than the TTL of the
     * operator. What asks for anything else is {@link Verdict#INVALID_TTL}; what has no such header has the TTL of the
     * operator.
     *
     * <p>A key whose TTL is short can be used again soon. The last 16 firsts of one key are kept for every TTL of the
     * operator, so that what arrives out of order gets an exact verdict; what is older than that is {@link Verdict#LATE}.
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
            throw new IllegalArgumentException("bytes must not be negative: " + bytes);
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
            throw new IllegalArgumentException("action must be dead-letter or fail: " + action.text());
        }
        return changed(draft -> draft.onNoOutcome = action);
    }

    /** The mode, which says how far verdicts are acted upon; {@link Mode#ENFORCE} unless set. */
    public Dedup withMode(Mode mode) {
        return changed(draft -> draft.policy = settings.policy().withMode(mode));
    }

    /** The fingerprint that distinguishes a reused key from a retry; none unless set. */
    public Dedup withFingerprint(Fingerprinter fingerprinter) {
        return changed(draft -> {
            draft.fingerprinter = fingerprinter;
            draft.definition = draft.definition.withFingerprint("");
        });
    }

    /** The range within which a key is unique; its topic unless set. */
    public Dedup withScope(Scope scope) {
        return changed(draft -> {
            draft.scope = scope;
            draft.definition = draft.definition.withScope(scope.toString());
        });
    }

    /** The engine that holds remembered firsts on this machine; RocksDB unless set. */
    public Dedup withStore(StoreEngine engine) {
        return changed(draft -> draft.engine = engine);
    }

    /**
     * What is done with the key of a first whose processing fails further down in the same sub-topology and is skipped by the
     * application's exception handler; {@link FailurePolicy#RELEASE} unless set. It has to be set where branches follow, or a processor
     * with a store and something behind it: a retry is then processed again by what had been done. Without such a handler the application
     * stops and reads the record again, and nothing is skipped.
     *
     * <p>To learn of skipped failures the application's own handler has to be the one named by {@value
     * DedupConfig#PROCESSING_EXCEPTION_HANDLER}, behind the {@link DedupProcessingExceptionHandler}.
     */
    public Dedup onFailure(FailurePolicy failurePolicy) {
        return changed(draft -> draft.failurePolicy = failurePolicy);
    }

    /**
     * The name of the node. Its store is called {@code NAME-seen} and its changelog follows from that, so
     * renaming the operator starts it with an empty store.
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
     * Sets the action after that verdict.
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
     * Which component brings equal idempotency keys together on one partition; the producer unless set. With {@link
     * Partitioning#BY_KEY} the operator repartitions through a topic {@code APPLICATION-NAME-repartition}.
     */
    public Dedup withPartitioning(Partitioning partitioning) {
        return changed(draft -> draft.partitioning = partitioning);
    }

    /** The treatment of records without a value; {@link TombstonePolicy#JUDGE} unless set. */
    public Dedup onTombstone(TombstonePolicy tombstonePolicy) {
        return changed(draft -> draft.tombstonePolicy = tombstonePolicy);
    }

    /**
     * Watches for equal idempotency keys on different partitions, which the operator misses with {@link Partitioning#AS_IS}: a
     * sample of the keys goes through a topic {@code APPLICATION-NAME-audit-repartition} to where all seen records of a key
     * meet. What is found is counted as {@code split-keys-total} and logged. It costs looking for every key once more, and a
     * write and a read for every sampled record.
     *
     * @param share of the keys, from 0, which is the default and none, to 1; a hundredth shows a systematic fault soon
     * @throws IllegalArgumentException if it is not between 0 and 1
     */
    public Dedup withPartitionAudit(double share) {
        if (!(share >= 0 && share <= 1)) {
            throw new IllegalArgumentException("share must be between 0 and 1: " + share);
        }
        return changed(draft -> draft.auditShare = share);
    }

    /**
     * Sets configs of the changelog topic beside those that Kafka Streams and dedup set, such as {@code min.insync.replicas}. They are
     * applied when the topic is created. How many replicas there are is {@code replication.factor} of the application.
     *
     * @param configs as of a topic
     * @throws IllegalArgumentException if there is a {@code cleanup.policy} among them: nothing may be compacted
     */
    public Dedup withChangelog(Map<String, String> configs) {
        String policy = configs.get(TopicConfig.CLEANUP_POLICY_CONFIG);
        if (policy != null) {
            throw new IllegalArgumentException(
                    "configs must not set " + TopicConfig.CLEANUP_POLICY_CONFIG + ": " + policy);
        }
        Map<String, String> copy = Map.copyOf(configs);
        return changed(draft -> draft.changelogConfigs = copy);
    }

    /**
     * Decides only on the records of these topics, and lets all others through untouched: for a stream that is made of several.
     *
     * @throws IllegalArgumentException if there are none
     */
    public Dedup onlyFrom(Collection<String> topics) {
        if (topics.isEmpty()) {
            throw new IllegalArgumentException("topics must name one at least: []");
        }
        Set<String> only = Set.copyOf(topics);
        return changed(draft -> draft.onlyFrom = only);
    }

    /**
     * Takes commands from that topic, with which {@link DedupControl} makes the operator forget a key. The topic must exist
     * and have as many partitions as the topics of the stream; with {@link Partitioning#BY_KEY} it decides how many the
     * repartition topic has. Every client that may write it can make keys be forgotten, so give that right to the owner of the
     * application alone. Operators on streams of the same topics may share one; others need one of their own.
     *
     * <p>In the Processor API add it as a source with byte-array deserializers, and make it another parent of the node.
     */
    public Dedup withControlTopic(String topic) {
        if (topic.isBlank()) {
            throw new IllegalArgumentException("topic must not be blank: '" + topic + "'");
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
        return new DslWiring(settings).apply(stream, duplicatesTopicIfRouted());
    }

    /**
     * Puts the operator behind that stream, and writes what is let through to that topic.
     *
     * <p>With {@link WriteLimits} in the application's properties, a record that its topic would refuse is not remembered and goes
     * to the dead-letter topic, or stops the application, as the target says. Needs the {@link DedupProcessingExceptionHandler}.
     *
     * @throws IllegalArgumentException if the stream is not one of Kafka's own
     * @throws org.apache.kafka.streams.errors.TopologyException if the topology has a node of that name already
     */
    public <K, V> void relay(KStream<K, V> stream, Target target) {
        refuseOutcomes();
        new DslWiring(settings.with(draft -> draft.target = target)).relay(stream, target, duplicatesTopicIfRouted());
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
        requireAnswers();
        return new DslWiring(settings).mapOnce(stream, mapper, outcomeSerde);
    }

    /**
     * The same with a processor, which sees headers and times and may use stores, as for a reply that carries the correlation id of its
     * request.
     *
     * <p>It forwards one record for each that it processes, before it returns; the value of that is the outcome. The first time the record
     * goes out as it was forwarded; a duplicate has its own headers and time.
     *
     * @param outcomeSerde as in the other
     * @param storeNames of stores that the processor uses and that the supplier does not bring
     * @throws IllegalStateException if duplicates are to be forwarded or routed
     * @throws IllegalArgumentException if the stream is not one of Kafka's own
     */
    public <K, V, W> KStream<K, W> mapOnce(
            KStream<K, V> stream,
            FixedKeyProcessorSupplier<K, V, W> supplier,
            Serde<W> outcomeSerde,
            String... storeNames) {
        requireAnswers();
        return new DslWiring(settings).mapOnce(stream, supplier, outcomeSerde, storeNames);
    }

    private void requireAnswers() {
        Action duplicates = settings.policy().configuredAction(Verdict.DUPLICATE);
        if (duplicates == Action.FORWARD || duplicates == Action.DUPLICATES_TOPIC) {
            throw new IllegalStateException(
                    "mapOnce answers duplicates with the outcome of their first, so they cannot be" + " answered with "
                            + duplicates.text() + " too");
        }
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
        return supplier(settings, Children.ALL_CHILDREN);
    }

    /**
     * The operator for the Processor API with two outlets. It brings its own store.
     *
     * @param forwardedTo the name of the child that gets what is let through
     * @param duplicatesTo the name of the child, usually a sink, that gets duplicates
     */
    public <K, V> ProcessorSupplier<K, V, K, V> supplier(String forwardedTo, String duplicatesTo) {
        DedupPolicy routing = settings.policy().withAction(Verdict.DUPLICATE, Action.DUPLICATES_TOPIC);
        return supplier(settings.with(draft -> draft.policy = routing), new Children(forwardedTo, duplicatesTo));
    }

    private static <K, V> ProcessorSupplier<K, V, K, V> supplier(DedupSettings settings, Children outlets) {
        if (settings.partitioning() == Partitioning.BY_KEY) {
            throw new IllegalStateException(
                    "In the Processor API a node cannot repartition: send records through a topic"
                            + " that is partitioned by idempotency key, and leave the partitioning as-is");
        } else if (settings.auditShare() > 0) {
            throw new IllegalStateException(
                    "In the Processor API a node cannot repartition, so it cannot audit partitions either");
        }
        return Suppliers.alone(settings, outlets);
    }

    /**
     * That processor with the operator in front of it, in the same node: it receives what is let through and nothing else.
     * So a topology gets the operator without another node.
     *
     * @throws IllegalStateException if something is set that needs a node of its own: a topic for duplicates, a repartition,
     *     an audit, a control topic
     */
    public <K, V, L, W> ProcessorSupplier<K, V, L, W> inFrontOf(ProcessorSupplier<K, V, L, W> supplier) {
        return Suppliers.inFrontOf(supplier, guarding());
    }

    /**
     * The same for a processor of the DSL that keeps its keys.
     *
     * @throws IllegalStateException as for the other
     */
    public <K, V, W> FixedKeyProcessorSupplier<K, V, W> inFrontOf(FixedKeyProcessorSupplier<K, V, W> supplier) {
        return Suppliers.inFrontOf(supplier, guarding());
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
}
