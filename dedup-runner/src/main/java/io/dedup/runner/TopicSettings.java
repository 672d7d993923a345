// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.streams.target.TopicLimits;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** The settings of topics, as far as the cluster shows them. Confined to one thread. */
final class TopicSettings {
    /** How many replicas a new topic has: not a setting of topics. */
    static final String REPLICAS = "replication.factor";

    /** Of Kafka, where a broker does not show its own. */
    private static final Map<String, String> DEFAULTS = Map.of(TopicConfig.MAX_MESSAGE_BYTES_CONFIG, "1048588");

    /** What brokers call the settings of topics that have none of their own. */
    private static final Map<String, String> OF_BROKER = Map.of(
            TopicConfig.MAX_MESSAGE_BYTES_CONFIG,
            "message.max.bytes",
            TopicConfig.MESSAGE_TIMESTAMP_BEFORE_MAX_MS_CONFIG,
            "log.message.timestamp.before.max.ms",
            TopicConfig.MESSAGE_TIMESTAMP_AFTER_MAX_MS_CONFIG,
            "log.message.timestamp.after.max.ms",
            TopicConfig.CLEANUP_POLICY_CONFIG,
            "log.cleanup.policy",
            TopicConfig.MIN_IN_SYNC_REPLICAS_CONFIG,
            "min.insync.replicas",
            TopicConfig.COMPRESSION_TYPE_CONFIG,
            "compression.type",
            REPLICAS,
            "default.replication.factor");

    private static final int ATTEMPTS = 50;
    private static final Duration BETWEEN = Duration.ofMillis(100);

    private final Admin admin;
    private final Map<String, Map<String, String>> known = new HashMap<>();
    private final Set<String> hidden = new TreeSet<>();

    TopicSettings(Admin admin) {
        this.admin = admin;
    }

    /** All settings of that topic; none if it is not there or may not be seen. */
    Map<String, String> of(String topic) {
        return known.computeIfAbsent(topic, unseen -> {
            try {
                return read(new ConfigResource(ConfigResource.Type.TOPIC, topic));
            } catch (UnknownTopicOrPartitionException missing) {
                return Map.of();
            } catch (AuthorizationException notShown) {
                hidden.add(topic);
                return Map.of();
            }
        });
    }

    /** Waits a while until brokers know of topics that have just been created. */
    void await(Set<String> created) {
        for (String topic : created) {
            for (int i = 0; i < ATTEMPTS && of(topic).isEmpty() && !hidden.contains(topic); i++) {
                known.remove(topic);
                LockSupport.parkNanos(BETWEEN.toNanos());
            }
        }
    }

    /** What that topic refuses; {@link TopicLimits#UNKNOWN} if it is not there or may not be seen. */
    TopicLimits limitsOf(String topic) {
        return TopicLimits.of(of(topic));
    }

    /** Those topics among the ones that were asked for whose settings may not be seen. */
    Set<String> hidden() {
        return hidden;
    }

    /** The settings that a new topic gets unless it is created with others. */
    Map<String, String> ofNewTopics() {
        return known.computeIfAbsent("", unseen -> {
            Map<String, String> settings = new TreeMap<>(DEFAULTS);
            try {
                Node any = AdminCalls.of(admin.describeCluster().nodes())
                        .iterator()
                        .next();
                Map<String, String> broker =
                        read(new ConfigResource(ConfigResource.Type.BROKER, Integer.toString(any.id())));
                OF_BROKER.forEach((ofTopic, ofBroker) -> {
                    if (broker.containsKey(ofBroker)) {
                        settings.put(ofTopic, broker.get(ofBroker));
                    }
                });
            } catch (AuthorizationException notShown) {
                // Then topics are created with what Kafka has by default in mind.
            }
            return settings;
        });
    }

    private Map<String, String> read(ConfigResource resource) {
        Config found =
                AdminCalls.of(admin.describeConfigs(List.of(resource)).all()).get(resource);
        Map<String, String> settings = new TreeMap<>();
        if (found != null) {
            found.entries().forEach(entry -> {
                if (entry.value() != null) {
                    settings.put(entry.name(), entry.value());
                }
            });
        }
        return settings;
    }
}
