// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.operator;

import io.dedup.Action;
import io.dedup.Coordinates;
import io.dedup.DedupPolicy;
import io.dedup.FailurePolicy;
import io.dedup.Mode;
import io.dedup.Partitioning;
import io.dedup.Scope;
import io.dedup.TombstonePolicy;
import io.dedup.Waiting;
import io.dedup.config.DedupConfig;
import io.dedup.key.Fingerprinter;
import io.dedup.key.KeyExtractor;
import io.dedup.key.KeyExtractors;
import io.dedup.key.RecordView;
import io.dedup.streams.internal.NullableKeySerde;
import io.dedup.streams.internal.store.SeenStores;
import io.dedup.streams.internal.store.format.KeyDefinition;
import io.dedup.streams.store.StoreEngine;
import io.dedup.streams.target.Target;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.streams.errors.StreamsException;
import org.apache.kafka.streams.processor.api.ProcessingContext;
import org.apache.kafka.streams.state.StoreBuilder;
import org.jspecify.annotations.Nullable;

/**
 * The settings of a deduplicating node.
 *
 * @param name the node's name, from which those of its store and its children follow
 * @param definition by what keys are made, as it is written in configuration
 * @param duplicatesTopic null unless duplicates are routed
 * @param tombstonePolicy what is done with records without a value
 * @param ttlHeader null unless records may ask for a TTL of their own
 * @param storesOutcomes whether duplicates are answered with the outcome of their first
 * @param failurePolicy null if none was chosen
 * @param onNoOutcome {@link Action#DEAD_LETTER} or {@link Action#FAIL}
 * @param controlTopic null unless commands are taken
 * @param auditShare of the keys, from 0 to 1
 * @param changelogConfigs settings of the changelog topics
 * @param waiting for source partitions that are behind
 * @param target null unless it is a relay that writes what is let through
 * @param onlyFrom the topics whose records are decided on; null for all
 * @param keySerde null for the application's default
 * @param valueSerde null for the application's default
 */
public record DedupSettings(
        String name,
        KeyExtractor keyExtractor,
        DedupPolicy policy,
        Fingerprinter fingerprinter,
        Scope scope,
        KeyDefinition definition,
        @Nullable String duplicatesTopic,
        StoreEngine engine,
        @Nullable FailurePolicy failurePolicy,
        Partitioning partitioning,
        TombstonePolicy tombstonePolicy,
        @Nullable String ttlHeader,
        boolean storesOutcomes,
        int outcomeMaxBytes,
        Action onNoOutcome,
        @Nullable String controlTopic,
        double auditShare,
        Map<String, String> changelogConfigs,
        Waiting waiting,
        @Nullable Target target,
        @Nullable Set<String> onlyFrom,
        @Nullable Serde<?> keySerde,
        @Nullable Serde<?> valueSerde) {

    /** Settings with every default. */
    public static DedupSettings of(String name, KeyExtractor keyExtractor) {
        return new DedupSettings(
                name,
                keyExtractor,
                DedupPolicy.of(DedupPolicy.DEFAULT_TTL),
                Fingerprinter.none(),
                Scope.topic(),
                new KeyDefinition(
                        KeyExtractors.definitionOf(keyExtractor), Scope.topic().toString(), "none"),
                null,
                StoreEngine.rocksDb(),
                null,
                Partitioning.AS_IS,
                TombstonePolicy.JUDGE,
                null,
                false,
                DedupConfig.DEFAULT_OUTCOME_MAX_BYTES,
                Action.DEAD_LETTER,
                null,
                0,
                Map.of(),
                Waiting.DEFAULT,
                null,
                null,
                null,
                null);
    }

    /** The same settings but for what {@code change} sets. */
    public DedupSettings with(Consumer<Draft> change) {
        Draft draft = new Draft(this);
        change.accept(draft);
        return draft.settings();
    }

    /** For a stream with those serdes, of which those that were set before are not replaced. */
    public DedupSettings forStream(@Nullable Serde<?> keys, @Nullable Serde<?> values) {
        Serde<?> ownKeys = keySerde == null ? keys : keySerde;
        return with(draft -> {
            draft.keySerde = partitioning == Partitioning.BY_KEY ? new NullableKeySerde<>(ownKeys) : ownKeys;
            draft.valueSerde = valueSerde == null ? values : valueSerde;
        });
    }

    /** Whether the key of a first is forgotten whose processing has failed and was skipped. */
    boolean releases() {
        return failurePolicy != FailurePolicy.KEEP;
    }

    /** Whether a record with that value is forwarded without a decision. */
    public boolean passesUnjudged(@Nullable Object value) {
        return value == null && tombstonePolicy == TombstonePolicy.FORWARD;
    }

    /** Whether some record may be answered with that action. */
    boolean uses(Action action) {
        boolean ofOutcomes = storesOutcomes && policy.mode() == Mode.ENFORCE && onNoOutcome == action;
        boolean ofUnwritable = target != null && target.onUnwritable() == action;
        return ofOutcomes || ofUnwritable || policy.uses(action);
    }

    /** The topic that records go through on their way to the partition of their idempotency key. */
    public String repartitionTopic(String applicationId) {
        return applicationId + "-" + name + "-repartition";
    }

    public String storeName() {
        return name + "-seen";
    }

    public String auditStoreName() {
        return name + "-audit-seen";
    }

    /** The changelog topic of the store. */
    public String changelog(String applicationId) {
        return changelog(applicationId, storeName());
    }

    public String auditChangelog(String applicationId) {
        return changelog(applicationId, auditStoreName());
    }

    private static String changelog(String applicationId, String store) {
        return applicationId + "-" + store + "-changelog";
    }

    /** A new set with one new builder, as Kafka Streams wants it. */
    Set<StoreBuilder<?>> stores() {
        return Set.of(SeenStores.builder(storeName(), engine, policy, changelogConfigs));
    }

    /** The same and those that a processor brings; null if it brings none. */
    Set<StoreBuilder<?>> storesAnd(@Nullable Set<StoreBuilder<?>> others) {
        Set<StoreBuilder<?>> all = new HashSet<>(stores());
        if (others != null) {
            all.addAll(others);
        }
        return all;
    }

    /** Takes the application's serdes where the stream has none of its own; to be called when a node is initialised. */
    public void resolveSerdes(ProcessingContext context) {
        if (keySerde instanceof NullableKeySerde<?> route) {
            route.orElse(context::keySerde);
        }
    }

    /**
     * A record as key extractors see it, which does not depend on the types of its key and value here.
     *
     * @param at where it stands; null if unknown
     */
    public RecordView view(
            @Nullable Coordinates at,
            Headers headers,
            @Nullable Object key,
            @Nullable Object value,
            ProcessingContext context) {
        String topic = at == null ? name : at.topic();
        return RecordView.lazily(
                headers,
                () -> bytes(topic, key, keySerde, context::keySerde),
                () -> bytes(topic, value, valueSerde, context::valueSerde));
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
        try {
            return serde.serializer().serialize(topic, data);
        } catch (ClassCastException otherType) {
            throw new StreamsException(
                    "A key source or a fingerprint reads what is a "
                            + data.getClass().getName() + " here, and "
                            + serde.serializer().getClass().getName() + " cannot write it: set default.key.serde and"
                            + " default.value.serde, give the operator withSerdes, or take the key from a header",
                    otherType);
        }
    }

    /** Settings while they are changed. */
    public static final class Draft {
        public String name;
        KeyExtractor keyExtractor;
        public DedupPolicy policy;
        public Fingerprinter fingerprinter;
        public Scope scope;
        public KeyDefinition definition;

        @Nullable
        public String duplicatesTopic;

        public StoreEngine engine;

        @Nullable
        public FailurePolicy failurePolicy;

        public Partitioning partitioning;
        public TombstonePolicy tombstonePolicy;

        @Nullable
        public String ttlHeader;

        public boolean storesOutcomes;
        public int outcomeMaxBytes;
        public Action onNoOutcome;

        @Nullable
        public String controlTopic;

        public double auditShare;
        public Map<String, String> changelogConfigs;
        public Waiting waiting;

        @Nullable
        public Target target;

        @Nullable
        public Set<String> onlyFrom;

        @Nullable
        public Serde<?> keySerde;

        @Nullable
        public Serde<?> valueSerde;

        private Draft(DedupSettings settings) {
            name = settings.name;
            keyExtractor = settings.keyExtractor;
            policy = settings.policy;
            fingerprinter = settings.fingerprinter;
            scope = settings.scope;
            definition = settings.definition;
            duplicatesTopic = settings.duplicatesTopic;
            engine = settings.engine;
            failurePolicy = settings.failurePolicy;
            partitioning = settings.partitioning;
            tombstonePolicy = settings.tombstonePolicy;
            ttlHeader = settings.ttlHeader;
            storesOutcomes = settings.storesOutcomes;
            outcomeMaxBytes = settings.outcomeMaxBytes;
            onNoOutcome = settings.onNoOutcome;
            controlTopic = settings.controlTopic;
            auditShare = settings.auditShare;
            changelogConfigs = settings.changelogConfigs;
            waiting = settings.waiting;
            target = settings.target;
            onlyFrom = settings.onlyFrom;
            keySerde = settings.keySerde;
            valueSerde = settings.valueSerde;
        }

        private DedupSettings settings() {
            return new DedupSettings(
                    name,
                    keyExtractor,
                    policy,
                    fingerprinter,
                    scope,
                    definition,
                    duplicatesTopic,
                    engine,
                    failurePolicy,
                    partitioning,
                    tombstonePolicy,
                    ttlHeader,
                    storesOutcomes,
                    outcomeMaxBytes,
                    onNoOutcome,
                    controlTopic,
                    auditShare,
                    changelogConfigs,
                    waiting,
                    target,
                    onlyFrom,
                    keySerde,
                    valueSerde);
        }
    }
}
