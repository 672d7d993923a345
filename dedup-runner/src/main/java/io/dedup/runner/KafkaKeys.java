// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.config.Spelling;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.streams.StreamsConfig;

/** The property keys of Kafka Streams and its clients, with the prefixes that say which client is meant. */
final class KafkaKeys {
    private static final String OF_TOPICS = "topic.";
    private static final List<String> PREFIXES = List.of(
            "main.consumer.", "restore.consumer.", "global.consumer.", "consumer.", "producer.", "admin.", OF_TOPICS);
    private static final Set<String> KNOWN = known();

    private KafkaKeys() {}

    /** Whether Kafka has that key, with a prefix or without. */
    static boolean has(String key) {
        return KNOWN.contains(key) || KNOWN.contains(bare(key)) || key.startsWith(OF_TOPICS);
    }

    /** The key without a prefix. */
    static String bare(String key) {
        return PREFIXES.stream()
                .filter(key::startsWith)
                .findFirst()
                .map(prefix -> key.substring(prefix.length()))
                .orElse(key);
    }

    /** The key that was meant by one that is nearly Kafka's; one that is nothing like it may belong to a plug-in. */
    static Optional<String> meant(String key) {
        String bare = bare(key);
        String prefix = key.substring(0, key.length() - bare.length());
        return has(key) ? Optional.empty() : Spelling.nearest(bare, KNOWN).map(nearest -> prefix + nearest);
    }

    private static Set<String> known() {
        Set<String> known = new TreeSet<>(StreamsConfig.configDef().names());
        known.addAll(ConsumerConfig.configNames());
        known.addAll(ProducerConfig.configNames());
        known.addAll(AdminClientConfig.configNames());
        return known;
    }
}
