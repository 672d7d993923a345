// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.streams.target.TopicLimits;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.streams.StreamsConfig;

/**
 * What the topics of Kafka Streams have to take: in a repartition topic every record of the source, however old it is, in a changelog
 * every block of what is remembered.
 *
 * <p>Confined to one thread.
 *
 * @param topics of the relay
 * @param settings of those that are there
 */
record InternalTopics(RelayTopics topics, TopicSettings settings) {
    /** For the header with a record's origin. */
    private static final long ORIGIN_BYTES = 1024;

    /** As {@code dedup.outcome.max.bytes} is documented. */
    private static final long BLOCK_BYTES = 256 << 10;

    private static final String FOR_EVER = Long.toString(Long.MAX_VALUE);

    /** What has to be set otherwise on a topic that is there. */
    Map<String, String> alterations(String topic) {
        return missing(needs(topic), settings.limitsOf(topic));
    }

    /**
     * What a topic of Kafka Streams has to be created with. Properties with {@code topic.} that are set are left alone.
     *
     * @return properties of the application
     */
    Map<String, String> forNew(Properties application) {
        Map<String, String> created = new TreeMap<>();
        TopicLimits unset = TopicLimits.of(settings.ofNewTopics());
        for (String topic : topics.internal()) {
            missing(needs(topic), unset).forEach((key, value) -> {
                String property = StreamsConfig.topicPrefix(key);
                if (!application.containsKey(property)) {
                    created.merge(property, value, InternalTopics::larger);
                }
            });
        }
        return created;
    }

    private static String larger(String one, String other) {
        return Long.toString(Math.max(Long.parseLong(one), Long.parseLong(other)));
    }

    private TopicLimits needs(String topic) {
        if (topic.endsWith("-changelog")) {
            // It is stamped with the wall clock.
            return new TopicLimits(BLOCK_BYTES, 0, 0, false, null);
        }
        long largest = topics.routes().stream()
                .filter(route -> topics.repartition(route).filter(topic::equals).isPresent())
                .flatMap(route -> route.sources().stream())
                .mapToLong(source -> settings.limitsOf(source).maxBytes())
                .filter(bytes -> bytes != Long.MAX_VALUE)
                .map(bytes -> bytes + ORIGIN_BYTES)
                .max()
                .orElse(0);
        // A record from the future has the time of now there.
        return new TopicLimits(largest, Long.MAX_VALUE, 0, false, null);
    }

    private static Map<String, String> missing(TopicLimits needed, TopicLimits has) {
        Map<String, String> missing = new TreeMap<>();
        if (has.maxBytes() < needed.maxBytes()) {
            missing.put(TopicConfig.MAX_MESSAGE_BYTES_CONFIG, Long.toString(needed.maxBytes()));
        }
        if (has.maxAgeMs() < needed.maxAgeMs()) {
            missing.put(TopicConfig.MESSAGE_TIMESTAMP_BEFORE_MAX_MS_CONFIG, FOR_EVER);
        }
        return missing;
    }

    /** Alters those of the topics that are there and refuse too much. */
    void alter(Admin admin, Set<String> found) {
        Map<ConfigResource, Collection<AlterConfigOp>> alterations = new HashMap<>();
        for (String topic : topics.internal()) {
            Map<String, String> missing = found.contains(topic) ? alterations(topic) : Map.of();
            if (!missing.isEmpty()) {
                List<AlterConfigOp> ops = new ArrayList<>();
                missing.forEach((key, value) ->
                        ops.add(new AlterConfigOp(new ConfigEntry(key, value), AlterConfigOp.OpType.SET)));
                alterations.put(new ConfigResource(ConfigResource.Type.TOPIC, topic), ops);
            }
        }
        if (!alterations.isEmpty()) {
            AdminCalls.of(admin.incrementalAlterConfigs(alterations).all());
        }
    }

    static String text(Map<String, String> settings) {
        return String.join(
                ",",
                settings.entrySet().stream()
                        .map(entry -> entry.getKey() + "=" + entry.getValue())
                        .toList());
    }
}
