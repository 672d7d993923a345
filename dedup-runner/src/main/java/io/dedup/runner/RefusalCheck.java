// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.Action;
import io.dedup.Mode;
import io.dedup.TombstonePolicy;
import io.dedup.Verdict;
import io.dedup.config.ConfigProblem;
import io.dedup.config.ConfigProblem.Code;
import io.dedup.config.DedupConfig;
import io.dedup.config.Route;
import io.dedup.streams.target.TopicLimits;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.streams.StreamsConfig;

/** Which records would not reach the topics of a relay, by the settings of these. Confined to one thread. */
final class RefusalCheck {
    private final RelayTopics topics;
    private final TopicSettings settings;
    private final ProducerSettings producer;
    private final Map<String, TopicDescription> found;
    private final List<ConfigProblem> problems = new ArrayList<>();

    /**
     * A check.
     *
     * @param found those of the topics that are there
     */
    RefusalCheck(
            RelayTopics topics,
            TopicSettings settings,
            ProducerSettings producer,
            Map<String, TopicDescription> found) {
        this.topics = topics;
        this.settings = settings;
        this.producer = producer;
        this.found = found;
    }

    List<ConfigProblem> problems(int replicationFactor) {
        for (Route route : topics.routes()) {
            route.sources().stream().filter(found::containsKey).forEach(source -> {
                sent(source);
                Set<String> takers = new LinkedHashSet<>(List.of(route.target()));
                topics.duplicates().ifPresent(takers::add);
                takers.stream().filter(found::containsKey).forEach(taker -> between(source, taker));
                deletions(route.target());
                topics.deadLetters().filter(found::containsKey).ifPresent(letters -> deadLetters(source, letters));
            });
        }
        topics.deadLetters().filter(found::containsKey).ifPresent(this::compacted);
        Set<String> written = new LinkedHashSet<>(topics.written());
        written.addAll(topics.internal());
        if (producer.awaitsReplicas()) {
            written.forEach(topic -> replicas(topic, replicationFactor));
        }
        topics.internal().stream().filter(found::containsKey).forEach(this::internal);
        hidden();
        return problems;
    }

    /** What the producer sends of what the source has. */
    private void sent(String source) {
        long largest = settings.limitsOf(source).maxBytes();
        if (largest == Long.MAX_VALUE) {
            return;
        }
        producer.maxRequestSize()
                .filter(most -> most < largest)
                .ifPresent(most -> tooSmall(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, most, source, largest));
        if (producer.bufferMemory() < largest) {
            tooSmall(ProducerConfig.BUFFER_MEMORY_CONFIG, producer.bufferMemory(), source, largest);
        }
    }

    private void tooSmall(String key, long value, String source, long largest) {
        add(
                Code.REQUEST_TOO_SMALL,
                key,
                Long.toString(value),
                source + " has records of up to " + largest + " bytes (" + TopicConfig.MAX_MESSAGE_BYTES_CONFIG
                        + "), and larger ones than this are not sent",
                "Raise it to " + largest + ", or remove the key");
    }

    private void between(String source, String taker) {
        TopicLimits from = settings.limitsOf(source);
        TopicLimits to = settings.limitsOf(taker);
        if (to.maxBytes() < from.maxBytes() && from.maxBytes() != Long.MAX_VALUE) {
            add(
                    Code.RECORDS_TOO_LARGE,
                    topics.keyOf(taker),
                    taker,
                    "It takes records of up to " + to.maxBytes() + " bytes, and " + source + " has records of up to "
                            + from.maxBytes(),
                    "Set " + TopicConfig.MAX_MESSAGE_BYTES_CONFIG + "=" + from.maxBytes() + " on the topic");
        }
        long oldest = sum(kept(source), from.maxAgeMs());
        if (to.maxAgeMs() < oldest) {
            add(
                    Code.OLD_REFUSED,
                    topics.keyOf(taker),
                    taker,
                    "It refuses records that are more than " + to.maxAgeMs() + " ms old, and " + source
                            + " can have older ones",
                    "Raise " + TopicConfig.MESSAGE_TIMESTAMP_BEFORE_MAX_MS_CONFIG + " of the topic");
        }
        future(taker, to);
        if (to.needsKey() && !from.needsKey()) {
            add(
                    Code.KEY_REQUIRED,
                    topics.keyOf(taker),
                    taker,
                    "It is compacted and refuses records without a key, and " + source + " is not",
                    "Set " + TopicConfig.CLEANUP_POLICY_CONFIG + "=" + TopicConfig.CLEANUP_POLICY_DELETE
                            + " on the topic, unless every record has a key");
        }
        int own = partitions(taker);
        if (topics.config().keepsPartition()
                && topics.config().targets().contains(taker)
                && own != partitions(source)) {
            add(
                    Code.PARTITIONS_NOT_KEPT,
                    DedupConfig.TARGET_PARTITION,
                    "source",
                    source + " has " + partitions(source) + " partitions, and " + taker + " has " + own,
                    "Give both as many, or set " + DedupConfig.TARGET_PARTITION + "=record-key");
        }
    }

    /** A tombstone is taken for a duplicate of the record that it deletes, if both have their key from the key of the record. */
    private void deletions(String target) {
        DedupConfig config = topics.config();
        boolean sharesKeys = config.keySources().stream()
                .anyMatch(source -> List.of(source.split(" \\+ ")).contains("record-key"));
        if (found.containsKey(target)
                && settings.limitsOf(target).needsKey()
                && config.tombstonePolicy() == TombstonePolicy.JUDGE
                && config.policy().mode() == Mode.ENFORCE
                && sharesKeys) {
            add(
                    Code.DELETIONS_HELD_BACK,
                    DedupConfig.ON_TOMBSTONE,
                    config.tombstonePolicy().text(),
                    target + " is compacted, and a tombstone has the key of the record that it deletes, so that it is"
                            + " dropped as its duplicate",
                    "Set " + DedupConfig.ON_TOMBSTONE + "=" + TombstonePolicy.FORWARD.text()
                            + ", or take the key from what each record has of its own");
        }
    }

    private int partitions(String topic) {
        TopicDescription description = found.get(topic);
        return description == null ? 0 : description.partitions().size();
    }

    /** How long records stay in that topic. */
    private long kept(String topic) {
        String retention = settings.of(topic).getOrDefault(TopicConfig.RETENTION_MS_CONFIG, "-1");
        boolean forEver = retention.equals("-1") || settings.limitsOf(topic).needsKey();
        return forEver ? Long.MAX_VALUE : Long.parseLong(retention);
    }

    private static long sum(long one, long other) {
        return one > Long.MAX_VALUE - other ? Long.MAX_VALUE : one + other;
    }

    private void future(String taker, TopicLimits to) {
        DedupConfig config = topics.config();
        boolean forwards = config.policy().mode() == Mode.ENFORCE
                && config.policy().configuredAction(Verdict.FUTURE) == Action.FORWARD;
        long ahead = forwards ? Long.MAX_VALUE : config.policy().maxFuture().toMillis();
        if (to.maxAheadMs() < ahead) {
            add(
                    Code.FUTURE_REFUSED,
                    DedupConfig.MAX_FUTURE_MS,
                    String.valueOf(config.policy().maxFuture().toMillis()),
                    taker + " refuses records that are more than " + to.maxAheadMs()
                            + " ms ahead of the broker's clock",
                    forwards
                            ? "Answer records from the future with dead-letter or drop, or raise the topic's"
                                    + " message.timestamp.after.max.ms"
                            : "Set it to " + to.maxAheadMs()
                                    + " or less, or raise the topic's message.timestamp.after.max.ms");
        }
    }

    private void deadLetters(String source, String letters) {
        long most = settings.limitsOf(letters).maxBytes();
        long largest = settings.limitsOf(source).maxBytes();
        if (largest != Long.MAX_VALUE && most < largest) {
            add(
                    Code.DEAD_LETTERS_CUT,
                    DedupConfig.DEAD_LETTER_TOPIC,
                    letters,
                    "It takes records of up to " + most + " bytes, and " + source + " has records of up to " + largest,
                    "Set " + TopicConfig.MAX_MESSAGE_BYTES_CONFIG + "=" + (largest + TopicCreation.HEADERS_BYTES)
                            + " on the topic, with room for the headers that say why");
        }
    }

    private void compacted(String letters) {
        if (settings.limitsOf(letters).needsKey()) {
            add(
                    Code.DEAD_LETTERS_COMPACTED,
                    DedupConfig.DEAD_LETTER_TOPIC,
                    letters,
                    "It is compacted, so that it loses dead letters and refuses those without a key",
                    "Set " + TopicConfig.CLEANUP_POLICY_CONFIG + "=" + TopicConfig.CLEANUP_POLICY_DELETE
                            + " on the topic");
        }
    }

    private void replicas(String topic, int replicationFactor) {
        TopicDescription description = found.get(topic);
        Map<String, String> own = new TreeMap<>(description == null ? settings.ofNewTopics() : settings.of(topic));
        if (description == null
                && topic.endsWith("-changelog")
                && topics.internal().contains(topic)) {
            own.putAll(topics.config().changelogConfigs());
        }
        int asked = Integer.parseInt(own.getOrDefault(TopicConfig.MIN_IN_SYNC_REPLICAS_CONFIG, "1"));
        int has = description == null
                ? replicationFactor
                : description.partitions().stream()
                        .mapToInt(partition -> partition.replicas().size())
                        .min()
                        .orElse(Integer.MAX_VALUE);
        if (asked > has) {
            boolean isInternal = topics.internal().contains(topic);
            add(
                    Code.TOO_FEW_REPLICAS,
                    isInternal ? StreamsConfig.APPLICATION_ID_CONFIG : topics.keyOf(topic),
                    isInternal ? topics.applicationId() : topic,
                    (isInternal ? topic : "It") + (description == null ? " would have " : " has ") + has
                            + (has == 1 ? " replica" : " replicas") + ", and " + asked + " have to take a write ("
                            + TopicConfig.MIN_IN_SYNC_REPLICAS_CONFIG + ")",
                    description == null
                            ? "Set " + StreamsConfig.REPLICATION_FACTOR_CONFIG + " to " + asked + " or more"
                            : "Give it more replicas, or lower " + TopicConfig.MIN_IN_SYNC_REPLICAS_CONFIG
                                    + " of the topic");
        }
    }

    /** Topics of Kafka Streams that are there, refuse too much, and cannot be altered. */
    private void internal(String topic) {
        Map<String, String> alterations = new InternalTopics(topics, settings).alterations(topic);
        TopicDescription description = found.get(topic);
        Set<AclOperation> allowed = description == null ? null : description.authorizedOperations();
        if (!alterations.isEmpty() && allowed != null && !allowed.contains(AclOperation.ALTER_CONFIGS)) {
            add(
                    Code.INTERNAL_TOPIC_REFUSES,
                    StreamsConfig.APPLICATION_ID_CONFIG,
                    topics.applicationId(),
                    "Its topic " + topic + " refuses records that it has to take",
                    "Set " + InternalTopics.text(alterations)
                            + " on the topic, or have the cluster's owner allow this client to alter it");
        }
    }

    private void hidden() {
        if (!settings.hidden().isEmpty()) {
            add(
                    Code.SETTINGS_HIDDEN,
                    DedupConfig.ROUTES,
                    String.join(",", settings.hidden()),
                    "This client may not see the settings of these topics",
                    "Have the cluster's owner allow it to describe their configs");
        }
    }

    private void add(Code code, String key, String value, String message, String fix) {
        ConfigProblem problem = new ConfigProblem(code, key, value, message, fix);
        if (!problems.contains(problem)) {
            problems.add(problem);
        }
    }
}
