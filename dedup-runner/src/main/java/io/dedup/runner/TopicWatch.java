// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.Partitioning;
import io.dedup.config.DedupConfig;
import io.dedup.config.Route;
import io.dedup.runner.TopicChange.Kind;
import io.dedup.runner.TopicChange.Role;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.streams.StreamsConfig;

/**
 * Looks whether the topics of a relay are still those with which it started. Kafka's clients go on with a topic that was created again
 * as if it were the old one, at the offset where they were. Confined to one thread.
 */
final class TopicWatch {
    private final Map<String, Role> roles = new LinkedHashMap<>();
    private final Map<String, TopicDescription> known = new HashMap<>();
    private final boolean isByKey;
    private final List<Route> routes;

    TopicWatch(Properties application, DedupConfig config) {
        String id = application.getProperty(StreamsConfig.APPLICATION_ID_CONFIG);
        this.isByKey = config.partitioning() == Partitioning.BY_KEY;
        this.routes = config.routes();
        for (Route route : config.routes()) {
            roles.put(RelayTopology.changelogOf(id, route.name()), Role.CHANGELOG);
            if (isByKey) {
                roles.put(RelayTopology.repartitionOf(id, route), Role.REPARTITION);
            }
        }
        config.deadLetterTopic().ifPresent(topic -> roles.put(topic, Role.WRITTEN));
        config.duplicatesTopic().ifPresent(topic -> roles.put(topic, Role.WRITTEN));
        config.targets().forEach(topic -> roles.put(topic, Role.WRITTEN));
        config.controlTopic().ifPresent(topic -> roles.put(topic, Role.CONTROL));
        config.sources().forEach(topic -> roles.put(topic, Role.SOURCE));
    }

    /**
     * What has changed since this was called first. A topic that was not there then is known from when it is.
     *
     * @throws org.apache.kafka.common.KafkaException if the cluster does not answer
     */
    List<TopicChange> changes(Admin admin) {
        List<TopicChange> changes = new ArrayList<>();
        admin.describeTopics(roles.keySet()).topicNameValues().forEach((topic, answer) -> look(topic, answer, changes));
        return changes;
    }

    private void look(String topic, KafkaFuture<TopicDescription> answer, List<TopicChange> changes) {
        Role role = roles.getOrDefault(topic, Role.WRITTEN);
        TopicDescription before = known.get(topic);
        TopicDescription now;
        try {
            now = AdminCalls.of(answer);
        } catch (UnknownTopicOrPartitionException missing) {
            if (before != null) {
                changes.add(new TopicChange(
                        role, topic, Kind.DELETED, before.partitions().size(), 0));
            }
            return;
        } catch (AuthorizationException hidden) {
            return;
        }
        if (before == null) {
            known.put(topic, now);
            return;
        }
        int size = now.partitions().size();
        if (!now.topicId().equals(before.topicId())) {
            changes.add(new TopicChange(
                    role, topic, Kind.RECREATED, before.partitions().size(), size));
        } else if (size != before.partitions().size() && isGrowthOfTasks(role, topic, size)) {
            changes.add(
                    new TopicChange(role, topic, Kind.GROWN, before.partitions().size(), size));
        }
    }

    /** Whether keys come on other partitions with that size: by key they do only if no source of the route had as many before. */
    private boolean isGrowthOfTasks(Role role, String topic, int size) {
        if (role != Role.SOURCE || !isByKey) {
            return role == Role.SOURCE || role == Role.CONTROL;
        }
        return routes.stream()
                .filter(route -> route.sources().contains(topic))
                .flatMap(route -> route.sources().stream())
                .map(known::get)
                .filter(Objects::nonNull)
                .noneMatch(source -> source.partitions().size() >= size);
    }
}
