// SPDX-License-Identifier: Apache-2.0
package io.dedup.config;

import io.dedup.Action;
import io.dedup.DedupPolicy;
import io.dedup.FailurePolicy;
import io.dedup.KeyResult;
import io.dedup.Mode;
import io.dedup.Partitioning;
import io.dedup.Scope;
import io.dedup.TombstonePolicy;
import io.dedup.Verdict;
import io.dedup.key.Fingerprinter;
import io.dedup.key.KeyExtractor;
import io.dedup.key.KeyExtractors;
import io.dedup.key.KeyRules;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.types.Password;
import org.jspecify.annotations.Nullable;

/**
 * The {@code dedup.*} properties, read and checked.
 *
 * <p>Reading is strict: an unknown {@code dedup.*} key, a value that its key does not take, and settings that
 * contradict each other are all reported at once, each with the exact key and the fix. Properties that do not start
 * with {@code dedup.} belong to Kafka and are left alone.
 *
 * <pre>{@code
 * DedupConfig config = DedupConfig.of(properties);   // throws DedupConfigException
 * KStream<K, V> unique = Dedup.configured(config).apply(stream);
 * }</pre>
 *
 * <p>Immutable and thread-safe.
 */
public final class DedupConfig {
    /** The prefix of every configuration key. */
    public static final String PREFIX = "dedup.";

    /** The sources of the idempotency key. */
    public static final String KEY = "dedup.key";
    /** The longest key that is accepted, in bytes. */
    public static final String KEY_MAX_BYTES = "dedup.key.max.bytes";
    /** Texts that are no keys. */
    public static final String KEY_PLACEHOLDERS = "dedup.key.placeholders";
    /** The pattern that every key matches. */
    public static final String KEY_PATTERN = "dedup.key.pattern";
    /** The scope of keys. */
    public static final String SCOPE = "dedup.scope";
    /** How long a first is remembered, in milliseconds. */
    public static final String TTL_MS = "dedup.ttl.ms";
    /** A header by which a record asks for a shorter TTL. */
    public static final String TTL_HEADER = "dedup.ttl.header";
    /** How late a record may be, in milliseconds. */
    public static final String ALLOWED_LATENESS_MS = "dedup.allowed.lateness.ms";
    /** How far ahead of the wall clock a record may be, in milliseconds. */
    public static final String MAX_FUTURE_MS = "dedup.max.future.ms";
    /** After how long a source partition without records is waited for no longer. */
    public static final String PARTITION_IDLE_TIMEOUT_MS = "dedup.partition.idle.timeout.ms";
    /** The default of {@link #PARTITION_IDLE_TIMEOUT_MS}: five minutes. */
    public static final long DEFAULT_PARTITION_IDLE_TIMEOUT_MS = 5 * 60 * 1000L;
    /** By how much one source partition may be behind another and still be waited for. */
    public static final String PARTITION_MAX_DRIFT_MS = "dedup.partition.max.drift.ms";
    /** The default of {@link #PARTITION_MAX_DRIFT_MS}: seven days, for which topics are kept by default. */
    public static final long DEFAULT_PARTITION_MAX_DRIFT_MS = 7 * 24 * 60 * 60 * 1000L;
    /** The fingerprint that distinguishes a retry from another operation with the same key. */
    public static final String FINGERPRINT = "dedup.fingerprint";
    /** The topic for duplicates. */
    public static final String DUPLICATES_TOPIC = "dedup.duplicates.topic";
    /** The topic for refused records. */
    public static final String DEAD_LETTER_TOPIC = "dedup.dead.letter.topic";
    /** The mode: how far verdicts are acted upon. */
    public static final String MODE = "dedup.mode";
    /** Whether the key already decides the partition. */
    public static final String PARTITIONING = "dedup.partitioning";
    /** The store engine. */
    public static final String STORE = "dedup.store";

    /** How many bytes of heap the keys may take. */
    public static final String STORE_MEMORY_MAX_BYTES = "dedup.store.memory.max.bytes";

    /** Whether keys are held on the heap whole or as digests. */
    public static final String STORE_MEMORY_KEYS = "dedup.store.memory.keys";
    /** How many bytes of RocksDB's files are kept in memory. */
    public static final String STORE_ROCKSDB_CACHE_BYTES = "dedup.store.rocksdb.cache.bytes";

    /** How many bytes of keys may wait to be written to RocksDB. */
    public static final String STORE_ROCKSDB_WRITE_BUFFER_BYTES = "dedup.store.rocksdb.write.buffer.bytes";

    /** How many RocksDB stores are written at a time. */
    public static final String STORE_ROCKSDB_THREADS = "dedup.store.rocksdb.threads";

    /** How many replicas of the changelog have to take a write. */
    public static final String CHANGELOG_MIN_INSYNC_REPLICAS = "dedup.changelog.min.insync.replicas";

    /** How long the broker keeps the changelog. */
    public static final String CHANGELOG_RETENTION_MS = "dedup.changelog.retention.ms";
    /** Topic to topic, for the runner. */
    public static final String ROUTES = "dedup.routes";
    /** Whether the runner creates topics that it writes and that are not there. */
    public static final String CREATE_TOPICS = "dedup.create.topics";
    /** What the runner does with a record that a topic does not take. */
    public static final String ON_UNWRITABLE = "dedup.on.unwritable";
    /** What decides the partition in a target, for the runner. */
    public static final String TARGET_PARTITION = "dedup.target.partition";
    /** Source topics whose processors the wrapper wraps. */
    public static final String WRAP_TOPICS = "dedup.wrap.topics";
    /** Processors that the wrapper wraps. */
    public static final String WRAP_NODES = "dedup.wrap.nodes";
    /** The treatment of the key of a first that failed further down and was skipped. */
    public static final String ON_FAILURE = "dedup.on.failure";
    /** The treatment of records without a value. */
    public static final String ON_TOMBSTONE = "dedup.on.tombstone";
    /** The longest outcome that is stored, in bytes. */
    public static final String OUTCOME_MAX_BYTES = "dedup.outcome.max.bytes";
    /** Which share of the keys is watched for being on two partitions. */
    public static final String AUDIT_SHARE = "dedup.audit.share";
    /** The topic with commands to forget a key. */
    public static final String CONTROL_TOPIC = "dedup.control.topic";
    /** The action where an outcome is missing. */
    public static final String ON_NO_OUTCOME = "dedup.on.no.outcome";
    /** The application's own handler for processing exceptions. */
    public static final String PROCESSING_EXCEPTION_HANDLER = "dedup.processing.exception.handler";
    /** The handler for failed writes to topics that are no changelogs. */
    public static final String PRODUCTION_EXCEPTION_HANDLER = "dedup.production.exception.handler";
    /** The store of an interceptor for consumers. */
    public static final String CONSUMER_STORE = "dedup.consumer.store";
    /** The user that logs in to that store. */
    public static final String CONSUMER_STORE_USER = "dedup.consumer.store.user";
    /** The password for that store. */
    public static final String CONSUMER_STORE_PASSWORD = "dedup.consumer.store.password";
    /** The key that an interceptor for producers makes. */
    public static final String PRODUCER_KEY = "dedup.producer.key";
    /** The header that an interceptor for producers puts it into. */
    public static final String PRODUCER_HEADER = "dedup.producer.header";

    /** Kafka Streams' own key for the dead-letter topic, which counts when {@link #DEAD_LETTER_TOPIC} is not set. */
    public static final String KAFKA_DEAD_LETTER_TOPIC = "errors.dead.letter.queue.topic.name";

    /** The longest outcome that is stored by default: 64 KiB. */
    public static final int DEFAULT_OUTCOME_MAX_BYTES = 64 * 1024;

    private final Map<String, Object> values;
    private final List<Route> routes;
    private final Optional<String> deadLetterTopic;

    private DedupConfig(Map<String, Object> values, Optional<String> deadLetterTopic) {
        this.values = values;
        this.deadLetterTopic = deadLetterTopic;
        this.routes = List.copyOf(Routes.parse(string(ROUTES)));
    }

    /**
     * Reads and checks the {@code dedup.*} keys among these properties.
     *
     * @throws DedupConfigException with everything that is wrong
     */
    public static DedupConfig of(Map<String, ?> properties) {
        List<ConfigProblem> problems = check(properties);
        if (!problems.isEmpty()) {
            throw new DedupConfigException(problems);
        }
        return parsed(DedupKeys.ours(properties), DedupKeys.deadLetterTopic(properties));
    }

    /**
     * As {@link #of}, for interceptors, which can forward and drop records and nothing else: what is to be done with a record
     * that is no duplicate is {@code forward} unless something else is configured.
     *
     * @throws DedupConfigException with everything that is wrong
     */
    public static DedupConfig ofInterceptor(Map<String, ?> properties) {
        Map<String, Object> forwarding = new HashMap<>(properties);
        for (Verdict verdict : DedupKeys.configurableVerdicts()) {
            if (verdict != Verdict.DUPLICATE) {
                forwarding.putIfAbsent(actionKey(verdict), Action.FORWARD.text());
            }
        }
        DedupConfig config = of(forwarding);
        List<ConfigProblem> problems = new ArrayList<>();
        for (Verdict verdict : DedupKeys.configurableVerdicts()) {
            Action action = config.policy().configuredAction(verdict);
            if (action != Action.FORWARD && action != Action.DROP) {
                problems.add(new ConfigProblem(
                        ConfigProblem.Code.INVALID_VALUE,
                        actionKey(verdict),
                        action.text(),
                        "An interceptor can forward a record or drop it, and nothing else",
                        "Allowed: " + Action.FORWARD.text() + ", " + Action.DROP.text()));
            }
        }
        if (!problems.isEmpty()) {
            throw new DedupConfigException(problems);
        }
        return config;
    }

    /** Reads keys of which each is known to hold something it takes. */
    static DedupConfig parsed(Map<String, String> ours, Optional<String> deadLetterTopic) {
        return new DedupConfig(DedupKeys.definition().parse(ours), deadLetterTopic);
    }

    /** Everything that is wrong with the {@code dedup.*} keys among these properties; empty if they can be used. */
    public static List<ConfigProblem> check(Map<String, ?> properties) {
        return ConfigCheck.problems(properties);
    }

    /** A copy of the definition of every key, with defaults and documentation. */
    public static ConfigDef definition() {
        return new ConfigDef(DedupKeys.definition());
    }

    /** The key that holds the action for that verdict, as in {@code dedup.on.missing.key}. */
    public static String actionKey(Verdict verdict) {
        return "dedup.on." + verdict.name().toLowerCase(Locale.ROOT).replace('_', '.');
    }

    /** The rules by which records get their verdicts. */
    public DedupPolicy policy() {
        DedupPolicy policy = DedupPolicy.of(duration(TTL_MS))
                .withMaxFuture(duration(MAX_FUTURE_MS))
                .withMode(Mode.valueOf(string(MODE).toUpperCase(Locale.ROOT)));
        if (ttlHeader().isPresent()) {
            policy = policy.withRecordTtls();
        }
        if (values.get(ALLOWED_LATENESS_MS) != null) {
            policy = policy.withAllowedLateness(duration(ALLOWED_LATENESS_MS));
        }
        for (Verdict verdict : DedupKeys.configurableVerdicts()) {
            policy = policy.withAction(verdict, action(string(actionKey(verdict))));
        }
        return policy;
    }

    /** Reads the idempotency key, refusing those that are too long, placeholders, and what does not match the pattern. */
    public KeyExtractor keyExtractor() {
        return KeyExtractors.atMost((Integer) value(KEY_MAX_BYTES), KeyExtractors.parse(keyText(), keyRules()));
    }

    /** The key sources each by itself, by their texts: with normalisers, and with the scope where that is read from records. */
    public Map<String, KeyExtractor> eachKeySource() {
        return KeyExtractors.each(keyText(), keyRules());
    }

    /** The names of the key sources, as keys and headers have them; with the one of the scope, where that is read from records. */
    public List<String> keySources() {
        return KeyExtractors.sources(keyText());
    }

    /**
     * The key of a record that has these texts where its key is read from, or why it has none.
     *
     * @param source one of {@link #keySources}
     * @param texts as for {@link KeyExtractors#keyOf}
     * @throws IllegalArgumentException if the source is not one of them, or there are more or fewer texts
     */
    public KeyResult keyOf(String source, List<byte[]> texts) {
        return KeyExtractors.keyOf(keyText(), keyRules(), source, texts);
    }

    /** The key sources as they are written; with the one of the scope as the first part of each, where it is read from records. */
    public String keyText() {
        String own = String.join(",", strings(KEY));
        return ScopeText.isOfRecords(string(SCOPE)) ? KeyExtractors.joined(string(SCOPE), own) : own;
    }

    /** The key sources with their normalisers, in one spelling for all settings that make the same keys. */
    public String keyDefinition() {
        return KeyExtractors.definition(keyText());
    }

    /** The rules for usable keys, apart from their length. */
    public KeyRules keyRules() {
        KeyRules rules = KeyRules.standard().withPlaceholders(strings(KEY_PLACEHOLDERS));
        String pattern = optionalString(KEY_PATTERN);
        return pattern == null ? rules : rules.withPattern(Pattern.compile(pattern));
    }

    /** Takes the fingerprint of the payload. */
    public Fingerprinter fingerprinter() {
        return Fingerprinter.parse(fingerprintText());
    }

    /** The fingerprint setting, as it is written. */
    public String fingerprintText() {
        return String.join(",", strings(FINGERPRINT));
    }

    /** What a key is unique within. Where that is read from records, it is a part of their keys, and this is {@link Scope#none()}. */
    public Scope scope() {
        return ScopeText.isOfRecords(string(SCOPE)) ? Scope.none() : Scope.parse(string(SCOPE));
    }

    /** What is done with records without a value. */
    public TombstonePolicy tombstonePolicy() {
        return TombstonePolicy.valueOf(string(ON_TOMBSTONE).toUpperCase(Locale.ROOT));
    }

    /** The policy for the key of a first whose processing failed and was skipped; empty if none is set. */
    public Optional<FailurePolicy> failurePolicy() {
        return Optional.ofNullable(optionalString(ON_FAILURE))
                .map(policy -> FailurePolicy.valueOf(policy.toUpperCase(Locale.ROOT)));
    }

    /** After how long, by the wall clock, a source partition without records is waited for no longer. */
    public Duration partitionIdleTimeout() {
        return duration(PARTITION_IDLE_TIMEOUT_MS);
    }

    /** By how much event time one source partition may be behind another and still be waited for. */
    public Duration partitionMaxDrift() {
        return duration(PARTITION_MAX_DRIFT_MS);
    }

    /** Which share of the keys is watched for being on two partitions, from 0 to 1. */
    public double auditShare() {
        return (Double) value(AUDIT_SHARE);
    }

    /** Where commands to forget a key come from, if they are taken. */
    public Optional<String> controlTopic() {
        return Optional.ofNullable(optionalString(CONTROL_TOPIC));
    }

    /** The longest outcome that is stored, in bytes. */
    public int outcomeMaxBytes() {
        return (Integer) value(OUTCOME_MAX_BYTES);
    }

    /** What to do where an outcome should be and is not: {@link Action#DEAD_LETTER} or {@link Action#FAIL}. */
    public Action onNoOutcome() {
        return action(string(ON_NO_OUTCOME));
    }

    /** The header by which a record asks for a shorter TTL, if there is one. */
    public Optional<String> ttlHeader() {
        return Optional.ofNullable(optionalString(TTL_HEADER));
    }

    /** Where duplicates go, if they are routed. */
    public Optional<String> duplicatesTopic() {
        return Optional.ofNullable(optionalString(DUPLICATES_TOPIC));
    }

    /** Where refused records go: our own key, else Kafka Streams' {@value #KAFKA_DEAD_LETTER_TOPIC}. */
    public Optional<String> deadLetterTopic() {
        return deadLetterTopic;
    }

    /** Who sees to it that equal keys meet on one partition. */
    public Partitioning partitioning() {
        return Partitioning.valueOf(
                string(PARTITIONING).toUpperCase(Locale.ROOT).replace('-', '_'));
    }

    /** {@code rocksdb} or {@code memory}. */
    public String store() {
        return string(STORE);
    }

    /** How many bytes all stores on the heap may take together; empty for half of the largest heap. */
    public OptionalLong storeMemoryMaxBytes() {
        return optionalLong(STORE_MEMORY_MAX_BYTES);
    }

    /** Whether whole keys are held on the heap, and not their digests. */
    public boolean storeHoldsWholeKeys() {
        return string(STORE_MEMORY_KEYS).equals("whole");
    }

    /** How many bytes of RocksDB's files are kept in memory; empty for 64 MB. */
    public OptionalLong storeRocksDbCacheBytes() {
        return optionalLong(STORE_ROCKSDB_CACHE_BYTES);
    }

    /** How many bytes of keys all RocksDB stores may hold before they are written; empty for 64 MB. */
    public OptionalLong storeRocksDbWriteBufferBytes() {
        return optionalLong(STORE_ROCKSDB_WRITE_BUFFER_BYTES);
    }

    /** How many RocksDB stores are written at a time; empty for one for every two processors. */
    public OptionalInt storeRocksDbThreads() {
        return values.get(STORE_ROCKSDB_THREADS) instanceof Integer threads
                ? OptionalInt.of(threads)
                : OptionalInt.empty();
    }

    private OptionalLong optionalLong(String key) {
        return values.get(key) instanceof Long number ? OptionalLong.of(number) : OptionalLong.empty();
    }

    /** Settings of the changelog topics by which they differ from what Kafka Streams and dedup choose, as of a topic. */
    public Map<String, String> changelogConfigs() {
        Map<String, String> configs = new TreeMap<>();
        for (String key : List.of(CHANGELOG_MIN_INSYNC_REPLICAS, CHANGELOG_RETENTION_MS)) {
            Object value = values.get(key);
            if (value != null) {
                configs.put(key.substring("dedup.changelog.".length()), value.toString());
            }
        }
        return configs;
    }

    /** What is deduplicated into what, in the order it is written; empty if there is nothing. */
    public List<Route> routes() {
        return routes;
    }

    /** The source topics of all routes, in the order they are written. */
    public List<String> sources() {
        return routes.stream().flatMap(route -> route.sources().stream()).toList();
    }

    /** The target topics of all routes, in the order they are written. */
    public List<String> targets() {
        return routes.stream().map(Route::target).toList();
    }

    /** Whether topics that are written and are not there are created. */
    public boolean createsTopics() {
        return (Boolean) value(CREATE_TOPICS);
    }

    /** What to do with a record that the topic it goes to does not take: {@link Action#DEAD_LETTER} or {@link Action#FAIL}. */
    public Action onUnwritable() {
        return action(string(ON_UNWRITABLE));
    }

    /** Whether a record has the same partition in the target as in its source. */
    public boolean keepsPartition() {
        return string(TARGET_PARTITION).equals("source");
    }

    /** The source topics whose processors are wrapped; empty if there are none. */
    public List<String> wrapTopics() {
        return strings(WRAP_TOPICS);
    }

    /** The processors to wrap; empty if there are none. */
    public List<String> wrapNodes() {
        return strings(WRAP_NODES);
    }

    /** Where an interceptor for consumers remembers keys; none if nothing is configured. */
    public Optional<String> consumerStore() {
        return Optional.ofNullable(optionalString(CONSUMER_STORE));
    }

    /** The user that logs in to that store. */
    public Optional<String> consumerStoreUser() {
        return Optional.ofNullable(optionalString(CONSUMER_STORE_USER));
    }

    /** The password for that store. */
    public Optional<String> consumerStorePassword() {
        return Optional.ofNullable((Password) values.get(CONSUMER_STORE_PASSWORD))
                .map(Password::value);
    }

    /** Which key an interceptor for producers gives to a record that has none; none if each gets a new one. */
    public Optional<KeyExtractor> producerKey() {
        String text = String.join(",", strings(PRODUCER_KEY));
        return text.equals(ClientKeys.RANDOM)
                ? Optional.empty()
                : Optional.of(
                        KeyExtractors.atMost((Integer) value(KEY_MAX_BYTES), KeyExtractors.parse(text, keyRules())));
    }

    /** Which header an interceptor for producers puts the key into. */
    public String producerHeader() {
        return string(PRODUCER_HEADER);
    }

    private static Action action(String text) {
        return Arrays.stream(Action.values())
                .filter(action -> action.text().equals(text))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException(text + " was validated and is no action"));
    }

    private Object value(String key) {
        Object value = values.get(key);
        if (value == null) {
            throw new IllegalStateException(key + " has no value");
        }
        return value;
    }

    private Duration duration(String key) {
        return Duration.ofMillis((Long) value(key));
    }

    private String string(String key) {
        return (String) value(key);
    }

    private @Nullable String optionalString(String key) {
        return (String) values.get(key);
    }

    private List<String> strings(String key) {
        return ((List<?>) value(key)).stream().map(String.class::cast).toList();
    }

    /** Every key with its value, in the order of the documentation. */
    @Override
    public String toString() {
        Map<String, Object> ordered = new LinkedHashMap<>();
        DedupKeys.definition().names().forEach(name -> ordered.put(name, values.get(name)));
        ordered.computeIfPresent(CONSUMER_STORE, (key, hidden) -> "(hidden)");
        return ordered.toString();
    }
}
