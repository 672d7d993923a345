// SPDX-License-Identifier: Apache-2.0
package io.dedup.config;

import io.dedup.Action;
import io.dedup.DedupPolicy;
import io.dedup.FailurePolicy;
import io.dedup.Mode;
import io.dedup.Partitioning;
import io.dedup.Scope;
import io.dedup.TombstonePolicy;
import io.dedup.Verdict;
import io.dedup.key.Fingerprinter;
import io.dedup.key.KeyExtractors;
import io.dedup.key.KeyRules;
import io.dedup.key.TtlHeader;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigDef.Range;
import org.apache.kafka.common.config.ConfigDef.ValidString;
import org.apache.kafka.common.config.ConfigException;
import org.jspecify.annotations.Nullable;

/** The definition of every {@code dedup.*} key: type, default, what it takes, and its documentation. */
final class DedupKeys {
    private static final long MAX_MS = DedupPolicy.MAX_DURATION.toMillis();
    private static final List<Verdict> CONFIGURABLE = List.of(
            Verdict.DUPLICATE,
            Verdict.CONFLICT,
            Verdict.MISSING_KEY,
            Verdict.INVALID_TTL,
            Verdict.INVALID_TIMESTAMP,
            Verdict.LATE,
            Verdict.FUTURE);
    private static final int MAX_OUTCOME_BYTES = 64 * 1024 * 1024;
    private static final Pattern TOPIC_NAME = Pattern.compile("[a-zA-Z0-9._-]{1,249}");
    private static final ConfigDef DEFINITION = ClientKeys.addTo(define());

    private DedupKeys() {}

    static ConfigDef definition() {
        return DEFINITION;
    }

    /** The verdicts whose action can be chosen. */
    static List<Verdict> configurableVerdicts() {
        return CONFIGURABLE;
    }

    /** The {@code dedup.*} keys among these properties, as text. */
    static Map<String, String> ours(Map<String, ?> properties) {
        Map<String, String> ours = new TreeMap<>();
        properties.forEach((key, value) -> {
            if (key.startsWith(DedupConfig.PREFIX) && value != null) {
                ours.put(
                        key,
                        value instanceof Class<?> type
                                ? type.getName()
                                : text(value).strip());
            }
        });
        return ours;
    }

    static Optional<String> deadLetterTopic(Map<String, ?> properties) {
        Object own = properties.get(DedupConfig.DEAD_LETTER_TOPIC);
        Object kafkas = properties.get(DedupConfig.KAFKA_DEAD_LETTER_TOPIC);
        return Optional.ofNullable(own == null ? kafkas : own)
                .map(topic -> topic.toString().strip());
    }

    private static ConfigDef define() {
        ConfigDef keys = new ConfigDef()
                .define(
                        DedupConfig.KEY,
                        ConfigDef.Type.LIST,
                        "header:idempotency-key",
                        takes(KeyExtractors.FORMS, KeyExtractors::parse),
                        Importance.HIGH,
                        "Where the idempotency key of a record is. Several sources mean the first that has something;"
                                + " a source that has something unusable ends the search. A part that starts with a"
                                + " slash belongs to the source before it.")
                .define(
                        DedupConfig.TTL_MS,
                        ConfigDef.Type.LONG,
                        DedupPolicy.DEFAULT_TTL.toMillis(),
                        Range.between(1L, MAX_MS),
                        Importance.HIGH,
                        "How long a first is remembered, in milliseconds from its own time. It does not slide: a"
                                + " duplicate does not prolong it. Exactly this far apart is still a duplicate.")
                .define(
                        DedupConfig.MODE,
                        ConfigDef.Type.STRING,
                        Mode.ENFORCE.text(),
                        ValidString.in(texts(Mode.values(), Mode::text)),
                        Importance.HIGH,
                        "How far verdicts are acted upon. observe forwards everything, counts verdicts and marks what"
                                + " would not have been forwarded; off decides nothing.")
                .define(
                        DedupConfig.KEY_MAX_BYTES,
                        ConfigDef.Type.INT,
                        255,
                        Range.between(1, 65_535),
                        Importance.LOW,
                        "The longest key that is accepted, in bytes. A record with a longer one is refused as"
                                + " missing-key:too-long.")
                .define(
                        DedupConfig.KEY_PLACEHOLDERS,
                        ConfigDef.Type.LIST,
                        String.join(",", KeyRules.PLACEHOLDERS),
                        Importance.MEDIUM,
                        "Texts that are no keys, in small letters or capitals and with any white space around them: a record with one is"
                                + " refused as missing-key:placeholder, since unrelated records have it as well. Empty: none.")
                .define(
                        DedupConfig.KEY_PATTERN,
                        ConfigDef.Type.STRING,
                        null,
                        optional(takes("a regular expression (java.util.regex.Pattern)", Pattern::compile)),
                        Importance.MEDIUM,
                        "A regular expression that every key matches as a whole, as normalised. A record with another, or with"
                                + " one of more than 1024 bytes, is refused as missing-key:pattern-mismatch. Not set: any"
                                + " bytes.")
                .define(
                        DedupConfig.SCOPE,
                        ConfigDef.Type.STRING,
                        Scope.topic().toString(),
                        takes(ScopeText.FORMS, ScopeText::check),
                        Importance.MEDIUM,
                        "What a key is unique within. topic: the same key on two topics names two operations. none:"
                                + " it names one. A name: as none, apart from other scopes. header:tenant, value:/tenant: as"
                                + " none, within what each record has there, which is the first part of its key. The sources of one"
                                + " route of the runner are one topic in this sense.")
                .define(
                        DedupConfig.ALLOWED_LATENESS_MS,
                        ConfigDef.Type.LONG,
                        null,
                        optional(Range.between(0L, MAX_MS)),
                        Importance.MEDIUM,
                        "How much older than stream time a record may be and still be decided exactly, in milliseconds."
                                + " Firsts are remembered for the TTL plus this. Not set: as dedup.ttl.ms.")
                .define(
                        DedupConfig.MAX_FUTURE_MS,
                        ConfigDef.Type.LONG,
                        DedupPolicy.DEFAULT_MAX_FUTURE.toMillis(),
                        Range.between(0L, MAX_MS),
                        Importance.MEDIUM,
                        "How far ahead of the wall clock a record may be, in milliseconds. One that is further ahead"
                                + " gets the verdict future and never advances stream time.")
                .define(
                        DedupConfig.PARTITION_IDLE_TIMEOUT_MS,
                        ConfigDef.Type.LONG,
                        DedupConfig.DEFAULT_PARTITION_IDLE_TIMEOUT_MS,
                        Range.between(0L, MAX_MS),
                        Importance.LOW,
                        "After how long, by the wall clock and in milliseconds, a source partition without records is waited for no"
                                + " longer by those that are further. While it is waited for, what it may repeat is kept.")
                .define(
                        DedupConfig.PARTITION_MAX_DRIFT_MS,
                        ConfigDef.Type.LONG,
                        DedupConfig.DEFAULT_PARTITION_MAX_DRIFT_MS,
                        Range.between(0L, MAX_MS),
                        Importance.LOW,
                        "By how much event time, in milliseconds, one source partition may be behind another of the same task and"
                                + " still be waited for. What is further behind, and not remembered, is late. Memory and disk"
                                + " grow with the distance, which the metric partition-drift shows.")
                .define(
                        DedupConfig.TTL_HEADER,
                        ConfigDef.Type.STRING,
                        null,
                        optional(takes(
                                "a header's name, without blanks around it",
                                name -> new TtlHeader(name, DedupPolicy.DEFAULT_TTL))),
                        Importance.LOW,
                        "A header by which a record asks for a TTL of its own, in milliseconds as decimal text, no longer"
                                + " than dedup.ttl.ms. A record without it has that of dedup.ttl.ms.")
                .define(
                        DedupConfig.FINGERPRINT,
                        ConfigDef.Type.LIST,
                        "none",
                        takes(Fingerprinter.FORMS, Fingerprinter::parse),
                        Importance.MEDIUM,
                        "What must be equal for a record with a remembered key to be its duplicate. Where it differs"
                                + " the record is a conflict. value compares every byte, value:/a,/b only those fields"
                                + " of a JSON value.");
        for (Verdict verdict : CONFIGURABLE) {
            keys.define(
                    DedupConfig.actionKey(verdict),
                    ConfigDef.Type.STRING,
                    verdict.defaultAction().text(),
                    ValidString.in(texts(verdict.actions().toArray(Action[]::new), Action::text)),
                    Importance.MEDIUM,
                    actionDoc(verdict));
        }
        return keys.define(
                        DedupConfig.ON_FAILURE,
                        ConfigDef.Type.STRING,
                        null,
                        optional(ValidString.in(texts(FailurePolicy.values(), FailurePolicy::text))),
                        Importance.MEDIUM,
                        "What is done with the key of a first whose processing fails further down and is skipped by the"
                                + " exception handler. release: it is forgotten, and a retry is processed, by what had been"
                                + " done before the failure too. keep: it stays remembered, and a retry is a duplicate. Not"
                                + " set: release; but it has to be set where branches follow, or a processor with a store and"
                                + " something behind it, or a guarded processor with something behind it.")
                .define(
                        DedupConfig.ON_TOMBSTONE,
                        ConfigDef.Type.STRING,
                        TombstonePolicy.JUDGE.text(),
                        ValidString.in(texts(TombstonePolicy.values(), TombstonePolicy::text)),
                        Importance.MEDIUM,
                        "What is done with a record that has no value. judge: as with every other. forward: it passes"
                                + " as it is, without a verdict, neither remembered nor counted, so that a deletion is never taken"
                                + " for a duplicate.")
                .define(
                        DedupConfig.OUTCOME_MAX_BYTES,
                        ConfigDef.Type.INT,
                        DedupConfig.DEFAULT_OUTCOME_MAX_BYTES,
                        Range.between(0, MAX_OUTCOME_BYTES),
                        Importance.LOW,
                        "The longest outcome that is stored beside a key, in bytes. The changelog topic has to take"
                                + " (max.message.bytes, 1 MiB unless changed) 8 KiB more than this or 256 KiB, whichever is"
                                + " more.")
                .define(
                        DedupConfig.ON_NO_OUTCOME,
                        ConfigDef.Type.STRING,
                        Action.DEAD_LETTER.text(),
                        ValidString.in(Action.DEAD_LETTER.text(), Action.FAIL.text()),
                        Importance.LOW,
                        "What to do where outcomes are stored and there is none: a first whose outcome is longer than"
                                + " dedup.outcome.max.bytes, and a duplicate whose first was remembered without one.")
                .define(
                        DedupConfig.DUPLICATES_TOPIC,
                        ConfigDef.Type.STRING,
                        null,
                        optional(topicName()),
                        Importance.MEDIUM,
                        "Where duplicates go with dedup.on.duplicate=duplicates-topic.")
                .define(
                        DedupConfig.DEAD_LETTER_TOPIC,
                        ConfigDef.Type.STRING,
                        null,
                        optional(topicName()),
                        Importance.HIGH,
                        "Where records go that are answered with dead-letter, with the reason in their headers. Not"
                                + " set: Kafka Streams' " + DedupConfig.KAFKA_DEAD_LETTER_TOPIC + ".")
                .define(
                        DedupConfig.CONTROL_TOPIC,
                        ConfigDef.Type.STRING,
                        null,
                        optional(topicName()),
                        Importance.LOW,
                        "A topic with commands to forget a key, so that a wrongly dropped operation can be sent again. It"
                                + " must exist and have as many partitions as the input; grant writing to it to the owner of"
                                + " the application only. Not set: no commands are taken.")
                .define(
                        DedupConfig.PARTITIONING,
                        ConfigDef.Type.STRING,
                        Partitioning.AS_IS.text(),
                        ValidString.in(texts(Partitioning.values(), Partitioning::text)),
                        Importance.MEDIUM,
                        "as-is: the producer already sends equal idempotency keys to the same partition. by-key:"
                                + " the operator repartitions by idempotency key before it decides.")
                .define(
                        DedupConfig.AUDIT_SHARE,
                        ConfigDef.Type.DOUBLE,
                        0.0,
                        Range.between(0, 1),
                        Importance.LOW,
                        "With dedup.partitioning=as-is: which share of the keys, from 0 to 1, is watched for being on two"
                                + " partitions, where duplicates are missed. What is found is counted as split-keys and"
                                + " logged.")
                .define(
                        DedupConfig.STORE,
                        ConfigDef.Type.STRING,
                        "rocksdb",
                        ValidString.in("rocksdb", "memory"),
                        Importance.MEDIUM,
                        "What keeps the keys: rocksdb on local disk behind filters in memory, or memory on the heap, some"
                                + " 40 bytes a key. Both are backed by a changelog topic and survive the loss of the"
                                + " machine.")
                .define(
                        DedupConfig.STORE_MEMORY_MAX_BYTES,
                        ConfigDef.Type.LONG,
                        null,
                        optional(Range.between(1L << 20, Long.MAX_VALUE)),
                        Importance.MEDIUM,
                        "With dedup.store=memory: how many bytes all stores of a process may take together. Where they"
                                + " would take more the application stops and says so; nothing is forgotten early. Not"
                                + " set: half of the largest heap.")
                .define(
                        DedupConfig.STORE_MEMORY_KEYS,
                        ConfigDef.Type.STRING,
                        "digest",
                        ValidString.in("digest", "whole"),
                        Importance.LOW,
                        "With dedup.store=memory: what is held of a key. digest: 128 bits, so that two keys could be"
                                + " taken for one, which among a billion keys happens with a probability of about"
                                + " 10^-21. whole: the key itself, which takes so much more.")
                .define(
                        DedupConfig.STORE_ROCKSDB_CACHE_BYTES,
                        ConfigDef.Type.LONG,
                        null,
                        optional(Range.between(0, Long.MAX_VALUE)),
                        Importance.MEDIUM,
                        "With dedup.store=rocksdb: how many bytes of its files all stores of a process keep in memory, outside"
                                + " of the heap. docs/operations.md says from how many keys on more is of use. Not set: 64"
                                + " MB.")
                .define(
                        DedupConfig.STORE_ROCKSDB_WRITE_BUFFER_BYTES,
                        ConfigDef.Type.LONG,
                        null,
                        optional(Range.between(0, Long.MAX_VALUE)),
                        Importance.LOW,
                        "With dedup.store=rocksdb: how many bytes of keys all stores of a process hold on the heap before they"
                                + " are written to disk, but for 4 MB that each may hold in any case. Not set: 64 MB.")
                .define(
                        DedupConfig.STORE_ROCKSDB_THREADS,
                        ConfigDef.Type.INT,
                        null,
                        optional(Range.between(1, 1024)),
                        Importance.LOW,
                        "With dedup.store=rocksdb: how many stores of a process are written at a time, and of how many the"
                                + " filters are made after a restart. Not set: half as many as there are processors.")
                .define(
                        DedupConfig.CHANGELOG_MIN_INSYNC_REPLICAS,
                        ConfigDef.Type.INT,
                        null,
                        optional(Range.between(1, Short.MAX_VALUE)),
                        Importance.MEDIUM,
                        "How many replicas of the changelog topic have to take a write before it counts: the topic's"
                                + " min.insync.replicas, when it is created. How many there are is replication.factor of Kafka"
                                + " Streams. Not set: as the broker has it.")
                .define(
                        DedupConfig.CHANGELOG_RETENTION_MS,
                        ConfigDef.Type.LONG,
                        null,
                        optional(Range.between(1, Long.MAX_VALUE)),
                        Importance.LOW,
                        "How long the broker keeps the changelog topic: its retention.ms, at least as long as what is"
                                + " remembered is needed, and an hour. Not set: so long, and"
                                + " windowstore.changelog.additional.retention.ms of Kafka Streams more, a day.")
                .define(
                        DedupConfig.ROUTES,
                        ConfigDef.Type.STRING,
                        "",
                        takes("SOURCE->TARGET,SOURCE+SOURCE->TARGET…", Routes::parse),
                        Importance.HIGH,
                        "For the runner: which topic is deduplicated into which. Sources with a plus between them are deduplicated"
                                + " together: a key that was seen on one of them is a duplicate on the others. The first"
                                + " names what is remembered. Those behind it may be patterns, as in eu.orders+*.orders->orders:"
                                + " they stand for the topics that are there when the relay starts.")
                .define(
                        DedupConfig.CREATE_TOPICS,
                        ConfigDef.Type.BOOLEAN,
                        true,
                        Importance.LOW,
                        "For the runner: whether the topics that it writes are created if they are not there, with as many"
                                + " partitions as the source.")
                .define(
                        DedupConfig.ON_UNWRITABLE,
                        ConfigDef.Type.STRING,
                        Action.DEAD_LETTER.text(),
                        ValidString.in(Action.DEAD_LETTER.text(), Action.FAIL.text()),
                        Importance.LOW,
                        "For the runner: what to do with a record that the topic it goes to would refuse, because of its size, its"
                                + " time or a key that is not there. dead-letter: the application goes on, and the key is not"
                                + " remembered. fail: the application stops.")
                .define(
                        DedupConfig.TARGET_PARTITION,
                        ConfigDef.Type.STRING,
                        "record-key",
                        ValidString.in("record-key", "source"),
                        Importance.LOW,
                        "For the runner: what decides the partition of a record in the target. record-key: the record's key, as of"
                                + " every producer, and none without one. source: it keeps the number that its partition has in the"
                                + " source; both topics have to have as many.")
                .define(
                        DedupConfig.WRAP_TOPICS,
                        ConfigDef.Type.LIST,
                        "",
                        Importance.MEDIUM,
                        "For the wrapper: guard the processors right after these source topics. The topology has to be"
                                + " built with DedupTopology.")
                .define(
                        DedupConfig.WRAP_NODES,
                        ConfigDef.Type.LIST,
                        "",
                        Importance.MEDIUM,
                        "For the wrapper: guard these processors, by their names in the topology.")
                .define(
                        DedupConfig.PROCESSING_EXCEPTION_HANDLER,
                        ConfigDef.Type.STRING,
                        null,
                        Importance.LOW,
                        "The ProcessingExceptionHandler that is asked about exceptions of other processors. Ours only"
                                + " answers for records that dedup refuses. Not set: log and fail, as in Kafka.")
                .define(
                        DedupConfig.PRODUCTION_EXCEPTION_HANDLER,
                        ConfigDef.Type.STRING,
                        null,
                        Importance.LOW,
                        "The ProductionExceptionHandler that is asked about failed writes, where production.exception.handler"
                                + " is io.dedup.streams.errors.DedupProductionExceptionHandler: that one lets no write to a changelog"
                                + " be skipped. Not set: fail, as in Kafka.");
    }

    private static String actionDoc(Verdict verdict) {
        return switch (verdict) {
            case DUPLICATE ->
                "What to do with a record whose key is remembered. replay-outcome, which mapOnce always does, answers it"
                        + " with the stored outcome of its first.";
            case CONFLICT ->
                "What to do with a record whose key is remembered with another payload. Needs dedup.fingerprint,"
                        + " without which there are no conflicts.";
            case MISSING_KEY -> "What to do with a record that has no usable key.";
            case INVALID_TTL ->
                "What to do with a record that asks for a TTL that it cannot have. It is never remembered, even if"
                        + " forwarded. Needs dedup.ttl.header.";
            case INVALID_TIMESTAMP ->
                "What to do with a record with a negative time. It is never remembered, even if forwarded. Kafka Streams hands"
                        + " such records on only with default.timestamp.extractor=io.dedup.streams.errors.DedupTimestampExtractor.";
            case LATE -> "What to do with a record that is too old for its first to be surely remembered.";
            case FUTURE -> "What to do with a record from the future. It is never remembered, even if forwarded.";
            case FIRST, REPLAY -> throw new IllegalArgumentException(verdict + " is always forwarded");
        };
    }

    private static <T> String[] texts(T[] values, Function<T, String> text) {
        return Arrays.stream(values).map(text).toArray(String[]::new);
    }

    /** A validator that asks the parser itself, so that what is accepted and what is understood cannot differ. */
    private static ConfigDef.Validator takes(String forms, Consumer<String> parser) {
        return ConfigDef.LambdaValidator.with(
                (name, value) -> {
                    try {
                        parser.accept(text(value));
                    } catch (IllegalArgumentException refused) {
                        throw new ConfigException(name, value, refused.getMessage());
                    }
                },
                () -> forms);
    }

    private static ConfigDef.Validator topicName() {
        return takes("a topic name: letters, digits, '.', '_' and '-', at most 249", name -> {
            if (!TOPIC_NAME.matcher(name).matches() || name.equals(".") || name.equals("..")) {
                throw new IllegalArgumentException("this is not a name that a topic can have");
            }
        });
    }

    static String text(@Nullable Object value) {
        if (value instanceof List<?> list) {
            return String.join(",", list.stream().map(String::valueOf).toList());
        }
        return String.valueOf(value);
    }

    private static ConfigDef.Validator optional(ConfigDef.Validator validator) {
        return ConfigDef.LambdaValidator.with(
                (name, value) -> {
                    if (value != null) {
                        validator.ensureValid(name, value);
                    }
                },
                validator::toString);
    }
}
