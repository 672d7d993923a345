// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.streams.target.TopicLimits;
import io.dedup.streams.target.WriteLimits;
import java.util.HashSet;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.streams.StreamsConfig;

/** The properties of a relay with what follows from its topics. */
final class RaisedSettings {
    private static final long DEFAULT_REQUEST_BYTES = 1 << 20;

    /** By how much a producer counts a record larger than it is. */
    private static final long HEADER_BYTES = 100;

    private RaisedSettings() {}

    /**
     * The properties, with {@code max.request.size} and the settings of new topics of Kafka Streams raised to what the topics take,
     * unless they are set, and with the limits of topics, which are read once, before the start.
     */
    static Properties of(Properties application, RelayTopics topics, TopicSettings settings) {
        Properties raised = new Properties();
        raised.putAll(application);
        new InternalTopics(topics, settings).forNew(application).forEach(raised::setProperty);
        Set<String> written = new HashSet<>(topics.written());
        topics.routes().forEach(route -> topics.repartition(route).ifPresent(written::add));
        Map<String, TopicLimits> limits = new TreeMap<>();
        for (String topic : written) {
            boolean isToCome = settings.of(topic).isEmpty() && topics.internal().contains(topic);
            limits.put(topic, isToCome ? ofNew(raised, settings) : settings.limitsOf(topic));
        }
        ProducerSettings producer = new ProducerSettings(application);
        if (producer.maxRequestSize().isEmpty()) {
            raised.setProperty(
                    StreamsConfig.producerPrefix(ProducerConfig.MAX_REQUEST_SIZE_CONFIG),
                    Long.toString(requestBytes(producer, limits)));
        }
        raised.put(WriteLimits.CONFIG, WriteLimits.of(Utils.propsToMap(raised), limits));
        return raised;
    }

    /** What a topic refuses that Kafka Streams makes. */
    private static TopicLimits ofNew(Properties raised, TopicSettings settings) {
        Map<String, String> created = new TreeMap<>(settings.ofNewTopics());
        for (String key : raised.stringPropertyNames()) {
            if (key.startsWith(StreamsConfig.TOPIC_PREFIX)) {
                created.put(key.substring(StreamsConfig.TOPIC_PREFIX.length()), raised.getProperty(key));
            }
        }
        created.remove(TopicConfig.CLEANUP_POLICY_CONFIG);
        return TopicLimits.of(created);
    }

    /**
     * As much as the topics take; as much as the producer's buffer holds where that is not known, or where what they take is
     * compressed.
     */
    private static long requestBytes(ProducerSettings producer, Map<String, TopicLimits> limits) {
        long largest = producer.compresses()
                ? Long.MAX_VALUE
                : limits.values().stream()
                        .mapToLong(TopicLimits::maxBytes)
                        .max()
                        .orElse(0);
        long bounded = Math.min(largest, Math.min(producer.bufferMemory(), Integer.MAX_VALUE) - HEADER_BYTES);
        return Math.max(DEFAULT_REQUEST_BYTES, bounded + HEADER_BYTES);
    }
}
