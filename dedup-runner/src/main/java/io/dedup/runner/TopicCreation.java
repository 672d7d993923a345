// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.config.ConfigProblem;
import io.dedup.config.ConfigProblem.Code;
import io.dedup.streams.target.TopicLimits;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.PolicyViolationException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.TopicExistsException;

/**
 * Creates the topics that a relay writes so that they take what their sources have.
 *
 * @param topics of the relay
 * @param settings of those that are there, and of brokers
 * @param replicationFactor empty for the cluster's default
 */
record TopicCreation(RelayTopics topics, TopicSettings settings, Optional<Short> replicationFactor) {
    /** Room for the headers of a mark or a dead letter. */
    static final long HEADERS_BYTES = 64 << 10;

    /**
     * Creates topics.
     *
     * @param missing their numbers of partitions by name
     * @throws CommandFailedException if the cluster does not create one of them
     */
    void create(Admin admin, Map<String, Integer> missing) {
        missing.forEach((topic, partitions) -> {
            NewTopic plain = new NewTopic(topic, Optional.of(partitions), replicationFactor);
            try {
                create(admin, new NewTopic(topic, Optional.of(partitions), replicationFactor).configs(configs(topic)));
            } catch (InvalidConfigurationException | PolicyViolationException refused) {
                // Some clusters bound the settings of topics. What the topic does not take then are dead letters.
                create(admin, plain);
            }
        });
    }

    private void create(Admin admin, NewTopic topic) {
        try {
            AdminCalls.of(admin.createTopics(List.of(topic)).all());
        } catch (TopicExistsException another) {
            // Another instance has been quicker.
        } catch (InvalidConfigurationException | PolicyViolationException refused) {
            if (topic.configs().isEmpty()) {
                throw uncreated(topic.name(), refused);
            }
            throw refused;
        } catch (RetriableException unanswered) {
            throw unanswered;
        } catch (ApiException refused) {
            throw uncreated(topic.name(), refused);
        }
    }

    private CommandFailedException uncreated(String topic, ApiException refused) {
        return CommandFailedException.of(List.of(new ConfigProblem(
                refused instanceof AuthorizationException ? Code.NOT_AUTHORIZED : Code.TOPIC_MISSING,
                topics.keyOf(topic),
                topic,
                "The cluster has no such topic and does not create it: " + refused.getMessage(),
                "Have it created by the cluster's owner, or correct what it says")));
    }

    private Map<String, String> configs(String topic) {
        TopicLimits unset = TopicLimits.of(settings.ofNewTopics());
        boolean isTarget = topics.config().targets().contains(topic);
        Map<String, String> configs = new TreeMap<>();
        Set<String> sources = isTarget ? topics.sourcesOf(topic) : topics.sources();
        long largest = 0;
        for (String source : sources) {
            TopicLimits limits = settings.limitsOf(source);
            if (limits.maxBytes() == Long.MAX_VALUE) {
                continue;
            }
            largest = Math.max(largest, limits.maxBytes());
            if (isTarget && limits.maxAgeMs() > unset.maxAgeMs()) {
                configs.put(TopicConfig.MESSAGE_TIMESTAMP_BEFORE_MAX_MS_CONFIG, Long.toString(limits.maxAgeMs()));
            }
            if (isTarget && limits.maxAheadMs() > unset.maxAheadMs()) {
                configs.put(TopicConfig.MESSAGE_TIMESTAMP_AFTER_MAX_MS_CONFIG, Long.toString(limits.maxAheadMs()));
            }
        }
        if (largest > 0) {
            configs.put(
                    TopicConfig.MAX_MESSAGE_BYTES_CONFIG,
                    Long.toString(Math.min(Integer.MAX_VALUE, Math.max(unset.maxBytes(), largest + HEADERS_BYTES))));
        }
        if (unset.needsKey() && !isTarget) {
            configs.put(TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_DELETE);
        }
        return configs;
    }
}
