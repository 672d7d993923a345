// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.Partitioning;
import io.dedup.config.ConfigProblem;
import io.dedup.config.ConfigProblem.Code;
import io.dedup.config.DedupConfig;
import io.dedup.config.Route;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeTopicsOptions;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.streams.StreamsConfig;

/** Everything that can be found wrong with a relay by asking the cluster. Confined to one thread. */
final class ClusterCheck {
    private final Properties application;
    private final DedupConfig config;
    private final Admin admin;
    private final List<ConfigProblem> problems = new ArrayList<>();
    private final RelayTopics names;
    private final TopicSettings settings;
    private final Map<String, TopicDescription> topics = new TreeMap<>();
    private final Set<String> hidden = new TreeSet<>();
    private int brokers;

    ClusterCheck(Properties application, DedupConfig config, Admin admin) {
        this.application = application;
        this.config = config;
        this.admin = admin;
        this.names = RelayTopics.of(application, config);
        this.settings = new TopicSettings(admin);
    }

    /** What is wrong; the only problem is {@link Code#CLUSTER_UNREACHABLE} if the cluster cannot be asked. */
    List<ConfigProblem> problems() {
        try {
            brokers = AdminCalls.of(admin.describeCluster().nodes()).size();
            Set<String> all = names.all();
            names.changelogsOfSources().stream().filter(TopicNames::isPossible).forEach(all::add);
            all.forEach(this::describe);
            seen();
            problems.addAll(TopicNames.collisions(
                    names, AdminCalls.of(admin.listTopics().names())));
            sources();
            written();
            replication();
            problems.addAll(new RefusalCheck(names, settings, new ProducerSettings(application), topics)
                    .problems(replicationFactor()
                            .map(Short::intValue)
                            .orElseGet(() -> Integer.parseInt(
                                    settings.ofNewTopics().getOrDefault(TopicSettings.REPLICAS, "1")))));
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
            names.side().stream()
                    .filter(topic -> !topics.containsKey(topic))
                    .forEach(topic -> missing.put(topic, most));
        }
        return missing;
    }

    /**
     * Creates them, and alters topics of Kafka Streams that refuse what they have to take.
     *
     * @return the settings of all topics after that
     */
    TopicSettings create() {
        Map<String, Integer> missing = toCreate();
        new TopicCreation(names, settings, replicationFactor()).create(admin, missing);
        new InternalTopics(names, settings).alter(admin, topics.keySet());
        TopicSettings now = new TopicSettings(admin);
        now.await(missing.keySet());
        return now;
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

    private void describe(String topic) {
        try {
            DescribeTopicsOptions options = new DescribeTopicsOptions().includeAuthorizedOperations(true);
            KafkaFuture<TopicDescription> found = admin.describeTopics(List.of(topic), options)
                    .topicNameValues()
                    .get(topic);
            if (found != null) {
                topics.put(topic, AdminCalls.of(found));
            }
        } catch (UnknownTopicOrPartitionException missing) {
            // Whether it has to be there is decided below.
        } catch (TopicAuthorizationException refused) {
            hidden.add(topic);
        }
    }

    /** Refuses topics that may not be described; those of Kafka Streams itself all at once. */
    private void seen() {
        Set<String> internal = new TreeSet<>(names.internal());
        internal.addAll(names.changelogsOfSources());
        for (String topic : hidden) {
            if (!internal.contains(topic)) {
                problems.add(new ConfigProblem(
                        Code.NOT_AUTHORIZED,
                        DedupConfig.ROUTES,
                        topic,
                        "This client may not see it",
                        "Have the cluster's owner allow it to describe, read and write what it relays"));
            }
        }
        internal.retainAll(hidden);
        if (!internal.isEmpty()) {
            problems.add(new ConfigProblem(
                    Code.NOT_AUTHORIZED,
                    StreamsConfig.APPLICATION_ID_CONFIG,
                    names.applicationId(),
                    "This client may not see " + String.join(", ", internal),
                    "Have the cluster's owner allow everything on topics whose names begin with "
                            + names.applicationId() + "-dedup-"));
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
            if ("LogAppendTime".equals(settings.of(source).get(TopicConfig.MESSAGE_TIMESTAMP_TYPE_CONFIG))) {
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
        TopicDescription changelog = topics.get(names.changelog(route.name()));
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
        for (String topic : names.written()) {
            TopicDescription found = topics.get(topic);
            if (found != null) {
                mayDo(found, AclOperation.WRITE);
            } else if (!config.createsTopics()) {
                missing(names.keyOf(topic), topic, "Create it, or set " + DedupConfig.CREATE_TOPICS + "=true");
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
}
