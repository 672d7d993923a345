// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.Action;
import io.dedup.Mode;
import io.dedup.Partitioning;
import io.dedup.Verdict;
import io.dedup.config.ConfigProblem;
import io.dedup.config.ConfigProblem.Code;
import io.dedup.config.DedupConfig;
import io.dedup.config.Route;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.DescribeTopicsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.streams.StreamsConfig;

/** Everything that can be found wrong with a relay by asking the cluster. Confined to one thread. */
final class ClusterCheck {
    private final Properties application;
    private final DedupConfig config;
    private final Admin admin;
    private final List<ConfigProblem> problems = new ArrayList<>();
    private final Map<String, TopicDescription> topics = new TreeMap<>();
    private final Set<String> hidden = new TreeSet<>();
    private int brokers;

    ClusterCheck(Properties application, DedupConfig config, Admin admin) {
        this.application = application;
        this.config = config;
        this.admin = admin;
    }

    /** What is wrong; the only problem is {@link Code#CLUSTER_UNREACHABLE} if the cluster cannot be asked. */
    List<ConfigProblem> problems() {
        try {
            brokers = Answers.of(admin.describeCluster().nodes()).size();
            for (String topic : allTopics()) {
                describe(topic);
            }
            seen();
            sources();
            written();
            replication();
            problems.addAll(new GroupCheck(application, config, admin).problems(topics, hidden));
        } catch (TimeoutException | AuthenticationException unreachable) {
            problems.clear();
            problems.add(new ConfigProblem(
                    Code.CLUSTER_UNREACHABLE,
                    StreamsConfig.BOOTSTRAP_SERVERS_CONFIG,
                    application.getProperty(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG),
                    String.valueOf(unreachable.getMessage()),
                    "See that the brokers run there, and that security.protocol and the credentials are theirs"));
        } catch (AuthorizationException refused) {
            problems.add(new ConfigProblem(
                    Code.NOT_AUTHORIZED,
                    StreamsConfig.BOOTSTRAP_SERVERS_CONFIG,
                    application.getProperty(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG),
                    String.valueOf(refused.getMessage()),
                    "Have the cluster's owner allow it"));
        }
        return List.copyOf(problems);
    }

    /** Topics that are written, are not there and may be created, by name with their number of partitions. */
    Map<String, Integer> toCreate() {
        Map<String, Integer> missing = new TreeMap<>();
        if (config.createsTopics()) {
            for (Route route : config.routes()) {
                List<TopicDescription> sources = found(route.sources());
                if (!sources.isEmpty() && !topics.containsKey(route.target())) {
                    missing.put(route.target(), largest(sources).partitions().size());
                }
            }
            List<TopicDescription> all = found(config.sources());
            int most = all.isEmpty() ? 1 : largest(all).partitions().size();
            sideTopics().stream()
                    .filter(topic -> !topics.containsKey(topic))
                    .forEach(topic -> missing.put(topic, most));
        }
        return missing;
    }

    /** Creates them. */
    void create() {
        List<NewTopic> missing = toCreate().entrySet().stream()
                .map(topic -> new NewTopic(topic.getKey(), Optional.of(topic.getValue()), replicationFactor()))
                .toList();
        admin.createTopics(missing).values().values().forEach(created -> {
            try {
                Answers.of(created);
            } catch (TopicExistsException another) {
                // Another instance has been quicker.
            }
        });
    }

    private Optional<Short> replicationFactor() {
        short factor = Short.parseShort(application.getProperty(StreamsConfig.REPLICATION_FACTOR_CONFIG, "-1"));
        return factor == -1 ? Optional.empty() : Optional.of(factor);
    }

    private List<TopicDescription> found(List<String> sources) {
        List<TopicDescription> found = new ArrayList<>();
        for (String source : sources) {
            TopicDescription topic = topics.get(source);
            if (topic != null) {
                found.add(topic);
            }
        }
        return found;
    }

    private static TopicDescription largest(List<TopicDescription> sources) {
        return Collections.max(
                sources, Comparator.comparingInt(topic -> topic.partitions().size()));
    }

    private Set<String> allTopics() {
        Set<String> all = new TreeSet<>(config.sources());
        all.addAll(config.targets());
        all.addAll(sideTopics());
        config.controlTopic().ifPresent(all::add);
        config.sources().forEach(source -> all.add(changelog(source)));
        return all;
    }

    /** Topics beside the routes. */
    private Set<String> sideTopics() {
        Set<String> side = new LinkedHashSet<>();
        if (config.policy().uses(Action.DEAD_LETTER)) {
            config.deadLetterTopic().ifPresent(side::add);
        }
        if (config.policy().configuredAction(Verdict.DUPLICATE) == Action.DUPLICATES_TOPIC) {
            config.duplicatesTopic().ifPresent(side::add);
        }
        return side;
    }

    private String changelog(String source) {
        return RelayTopology.changelogOf(application.getProperty(StreamsConfig.APPLICATION_ID_CONFIG), source);
    }

    private void describe(String topic) {
        try {
            DescribeTopicsOptions options = new DescribeTopicsOptions().includeAuthorizedOperations(true);
            KafkaFuture<TopicDescription> found = admin.describeTopics(List.of(topic), options)
                    .topicNameValues()
                    .get(topic);
            if (found != null) {
                topics.put(topic, Answers.of(found));
            }
        } catch (UnknownTopicOrPartitionException missing) {
            // Whether it has to be there is decided below.
        } catch (TopicAuthorizationException refused) {
            hidden.add(topic);
        }
    }

    /** Refuses topics that may not be described; those of Kafka Streams itself all at once. */
    private void seen() {
        Set<String> changelogs = new TreeSet<>();
        config.sources().forEach(source -> changelogs.add(changelog(source)));
        for (String topic : hidden) {
            if (!changelogs.contains(topic)) {
                problems.add(new ConfigProblem(
                        Code.NOT_AUTHORIZED,
                        DedupConfig.ROUTES,
                        topic,
                        "This client may not see it",
                        "Have the cluster's owner allow it to describe, read and write what it relays"));
            }
        }
        changelogs.retainAll(hidden);
        if (!changelogs.isEmpty()) {
            String id = application.getProperty(StreamsConfig.APPLICATION_ID_CONFIG);
            problems.add(new ConfigProblem(
                    Code.NOT_AUTHORIZED,
                    StreamsConfig.APPLICATION_ID_CONFIG,
                    id,
                    "This client may not see " + String.join(", ", changelogs),
                    "Have the cluster's owner allow everything on topics whose names begin with " + id + "-dedup-"));
        }
    }

    private void sources() {
        for (String source : config.sources()) {
            TopicDescription found = topics.get(source);
            if (found == null) {
                missing(DedupConfig.ROUTES, source, "Create it, or correct the route");
                continue;
            }
            mayDo(found, AclOperation.READ);
            if ("LogAppendTime".equals(topicConfig(source, "message.timestamp.type"))) {
                problems.add(new ConfigProblem(
                        Code.TIME_OF_ARRIVAL,
                        DedupConfig.ROUTES,
                        source,
                        "The broker stamps its records with the time of their arrival",
                        "Set message.timestamp.type=CreateTime on the topic"));
            }
        }
        for (Route route : config.routes()) {
            List<TopicDescription> found = found(route.sources());
            if (!found.isEmpty()) {
                partitions(route, found, largest(found));
            }
        }
        config.controlTopic()
                .filter(topic -> !topics.containsKey(topic))
                .ifPresent(topic -> missing(
                        DedupConfig.CONTROL_TOPIC,
                        topic,
                        "Create it with as many partitions as "
                                + config.sources().get(0)));
    }

    /** Everything that one task reads has to have equal partitions. */
    private void partitions(Route route, List<TopicDescription> sources, TopicDescription largest) {
        if (config.partitioning() == Partitioning.AS_IS) {
            for (TopicDescription source : sources) {
                samePartitions(
                        source,
                        largest,
                        "equal keys have to be on equal partitions of both; or set " + DedupConfig.PARTITIONING
                                + "=by-key");
            }
        }
        TopicDescription changelog = topics.get(changelog(route.name()));
        if (changelog != null) {
            samePartitions(
                    largest,
                    changelog,
                    "what is remembered was remembered for another number: see 'Change the number of partitions' in"
                            + " docs/operations.md");
        }
        config.controlTopic()
                .map(topics::get)
                .ifPresent(commands -> samePartitions(largest, commands, "one task has to read both"));
    }

    private void samePartitions(TopicDescription source, TopicDescription other, String why) {
        if (source.partitions().size() != other.partitions().size()) {
            problems.add(new ConfigProblem(
                    Code.PARTITIONS_DIFFER,
                    DedupConfig.ROUTES,
                    source.name(),
                    "It has " + source.partitions().size() + " partitions, and " + other.name() + " has "
                            + other.partitions().size(),
                    "They have to be the same, since " + why));
        }
    }

    private void written() {
        Set<String> written = new LinkedHashSet<>(config.targets());
        written.addAll(sideTopics());
        for (String topic : written) {
            TopicDescription found = topics.get(topic);
            if (found != null) {
                mayDo(found, AclOperation.WRITE);
            } else if (!config.createsTopics()) {
                String key = config.targets().contains(topic)
                        ? DedupConfig.ROUTES
                        : config.duplicatesTopic().filter(topic::equals).isPresent()
                                ? DedupConfig.DUPLICATES_TOPIC
                                : DedupConfig.DEAD_LETTER_TOPIC;
                missing(key, topic, "Create it, or set " + DedupConfig.CREATE_TOPICS + "=true");
            }
        }
        for (String target : config.targets()) {
            String most = topics.containsKey(target) ? topicConfig(target, "message.timestamp.after.max.ms") : null;
            boolean forwards = config.policy().mode() == Mode.ENFORCE
                    && config.policy().configuredAction(Verdict.FUTURE) == Action.FORWARD;
            long ahead = forwards ? Long.MAX_VALUE : config.policy().maxFuture().toMillis();
            if (most != null && !most.isEmpty() && Long.parseLong(most) < ahead) {
                problems.add(new ConfigProblem(
                        Code.FUTURE_REFUSED,
                        DedupConfig.MAX_FUTURE_MS,
                        String.valueOf(config.policy().maxFuture().toMillis()),
                        target + " refuses records that are more than " + most + " ms ahead of the broker's clock",
                        forwards
                                ? "Answer records from the future with dead-letter or drop, or raise the topic's"
                                        + " message.timestamp.after.max.ms"
                                : "Set it to " + most
                                        + " or less, or raise the topic's message.timestamp.after.max.ms"));
            }
        }
    }

    private void replication() {
        int asked = Integer.parseInt(application.getProperty(StreamsConfig.REPLICATION_FACTOR_CONFIG, "-1"));
        if (asked > brokers) {
            problems.add(new ConfigProblem(
                    Code.REPLICATION_TOO_HIGH,
                    StreamsConfig.REPLICATION_FACTOR_CONFIG,
                    String.valueOf(asked),
                    "The cluster has " + brokers + (brokers == 1 ? " broker" : " brokers"),
                    "Ask for no more than that, or remove the key and take the cluster's default"));
        }
    }

    private void mayDo(TopicDescription topic, AclOperation operation) {
        Set<AclOperation> allowed = topic.authorizedOperations();
        if (allowed != null && !allowed.contains(operation)) {
            problems.add(new ConfigProblem(
                    Code.NOT_AUTHORIZED,
                    DedupConfig.ROUTES,
                    topic.name(),
                    "This client may not " + operation + " it",
                    "Have the cluster's owner allow it"));
        }
    }

    private void missing(String key, String topic, String fix) {
        if (hidden.contains(topic)) {
            return; // It may well be there.
        }
        problems.add(new ConfigProblem(Code.TOPIC_MISSING, key, topic, "The cluster has no such topic", fix));
    }

    private String topicConfig(String topic, String key) {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        Config found;
        try {
            found = Answers.of(admin.describeConfigs(List.of(resource)).all()).get(resource);
        } catch (AuthorizationException notShown) {
            return ""; // Relaying does not need to see the settings of topics.
        }
        return found == null || found.get(key) == null ? "" : found.get(key).value();
    }
}
