// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.config.ConfigProblem;
import io.dedup.config.ConfigProblem.Code;
import io.dedup.config.DedupConfig;
import io.dedup.config.Route;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.streams.StreamsConfig;

/** What the offsets that a relay has committed say of its topics. Confined to one thread. */
final class GroupCheck {
    private static final String SET_OFFSETS = "set the offsets with kafka-consumer-groups.sh --reset-offsets";

    private final String applicationId;
    private final DedupConfig config;
    private final Admin admin;
    private final Offsets offsets;
    private final List<ConfigProblem> problems = new ArrayList<>();

    GroupCheck(Properties application, DedupConfig config, Admin admin) {
        this.applicationId = application.getProperty(StreamsConfig.APPLICATION_ID_CONFIG);
        this.config = config;
        this.admin = admin;
        this.offsets = new Offsets(application, admin);
    }

    /**
     * What is wrong; nothing if this client may not see the group.
     *
     * @param topics those that are there, by name
     * @param hidden topics that may be there
     */
    List<ConfigProblem> problems(Map<String, TopicDescription> topics, Set<String> hidden) {
        Map<TopicPartition, Long> committed;
        try {
            committed = offsets.committed();
        } catch (GroupIdNotFoundException neverRun) {
            committed = Map.of();
        } catch (AuthorizationException notShown) {
            return List.of(); // The relay says so when it starts.
        }
        for (Route route : config.routes()) {
            remembered(route, committed.keySet(), topics, hidden);
        }
        for (String source : config.sources()) {
            TopicDescription found = topics.get(source);
            if (found != null) {
                positions(found, committed);
            }
        }
        return List.copyOf(problems);
    }

    /** What was remembered has to be there, and to be found. */
    private void remembered(
            Route route,
            Collection<TopicPartition> committed,
            Map<String, TopicDescription> topics,
            Set<String> hidden) {
        boolean hasRun =
                committed.stream().anyMatch(partition -> route.sources().contains(partition.topic()));
        String changelog = RelayTopology.changelogOf(applicationId, route.name());
        boolean elsewhere = false;
        for (String source : route.sources().subList(1, route.sources().size())) {
            String other = RelayTopology.changelogOf(applicationId, source);
            if (topics.containsKey(other)) {
                elsewhere = true;
                problems.add(new ConfigProblem(
                        Code.REMEMBERED_UNDER_ANOTHER_NAME,
                        DedupConfig.ROUTES,
                        route.toString(),
                        "The route remembers under the name of " + route.name() + ", and " + other
                                + " has keys under that of " + source,
                        "Name " + source
                                + " first; or keep the keys of both by 'Make one route of two' in docs/operations.md; or"
                                + " delete that topic if its keys may be forgotten"));
            }
        }
        if (!hasRun || elsewhere || hidden.contains(changelog)) {
            return;
        }
        if (!topics.containsKey(changelog)) {
            gone(changelog, "is not there", "");
        } else if (!isMadeOnPurpose(changelog)) {
            gone(
                    changelog,
                    "has no settings of its own, so that it was not made by the relay, but by a broker that creates topics"
                            + " by itself",
                    "; if it was made on purpose, set " + TopicConfig.CLEANUP_POLICY_CONFIG + "="
                            + TopicConfig.CLEANUP_POLICY_DELETE + " on it");
        }
    }

    private void gone(String changelog, String how, String otherwise) {
        problems.add(new ConfigProblem(
                Code.REMEMBERED_KEYS_GONE,
                StreamsConfig.APPLICATION_ID_CONFIG,
                applicationId,
                "It has read its source before, and the changelog " + changelog + " " + how,
                "Proceed as under 'When what is remembered is lost' in docs/operations.md, or start it with --start-empty if"
                        + " every key may be forgotten" + otherwise));
    }

    private boolean isMadeOnPurpose(String topic) {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        try {
            Config found = AdminCalls.of(
                            admin.describeConfigs(List.of(resource)).all())
                    .get(resource);
            return found == null
                    || found.entries().stream()
                            .anyMatch(entry -> entry.source() == ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG);
        } catch (AuthorizationException notShown) {
            return true;
        }
    }

    /** Where it goes on has to be in the topic. */
    private void positions(TopicDescription source, Map<TopicPartition, Long> committed) {
        List<TopicPartition> partitions = source.partitions().stream()
                .map(partition -> new TopicPartition(source.name(), partition.partition()))
                .toList();
        Map<TopicPartition, Long> starts = offsets.starts(partitions);
        Map<TopicPartition, Long> ends = offsets.ends(partitions);
        Map<Integer, String> unusable = new TreeMap<>();
        for (TopicPartition partition : partitions) {
            Long at = committed.get(partition);
            long start = starts.getOrDefault(partition, 0L);
            long end = ends.getOrDefault(partition, 0L);
            if (at == null) {
                if (offsets.reset().equals("none")) {
                    unusable.put(partition.partition(), partition + " has no committed offset");
                }
            } else if (at < start && !offsets.isResetPastRecords()) {
                problems.add(RetentionWatch.problem(partition, at, start));
            } else if ((at < start || at > end) && offsets.isResetPastRecords()) {
                unusable.put(
                        partition.partition(),
                        partition + " has offsets from " + start + " to " + end + ", and " + at + " is committed");
            }
        }
        if (!unusable.isEmpty()) {
            problems.add(new ConfigProblem(
                    Code.NO_OFFSET_TO_START_FROM,
                    ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
                    offsets.reset(),
                    String.join("; ", unusable.values()),
                    "Set it to earliest to go on with all that is there, of which what was let through before is a duplicate, or "
                            + SET_OFFSETS));
        }
    }
}
