// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.Action;
import io.dedup.Partitioning;
import io.dedup.Verdict;
import io.dedup.config.DedupConfig;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.streams.StreamsConfig;

/**
 * The topics of a relay, by what they are for.
 *
 * @param applicationId what the names of topics of Kafka Streams begin with
 * @param config the settings
 */
record RelayTopics(String applicationId, DedupConfig config) {
    static RelayTopics of(Properties application, DedupConfig config) {
        return new RelayTopics(application.getProperty(StreamsConfig.APPLICATION_ID_CONFIG, ""), config);
    }

    /** Targets by their sources. */
    Map<String, String> routes() {
        return config.routes();
    }

    Set<String> sources() {
        return routes().keySet();
    }

    /** Where dead letters go, if there can be any. */
    Optional<String> deadLetters() {
        boolean used = config.policy().uses(Action.DEAD_LETTER) || config.onUnwritable() == Action.DEAD_LETTER;
        return used ? config.deadLetterTopic() : Optional.empty();
    }

    /** Where duplicates go, if they go anywhere. */
    Optional<String> duplicates() {
        boolean used = config.policy().configuredAction(Verdict.DUPLICATE) == Action.DUPLICATES_TOPIC;
        return used ? config.duplicatesTopic() : Optional.empty();
    }

    /** Topics beside the routes. */
    Set<String> side() {
        Set<String> side = new LinkedHashSet<>();
        deadLetters().ifPresent(side::add);
        duplicates().ifPresent(side::add);
        return side;
    }

    /** Targets and topics beside the routes. */
    Set<String> written() {
        Set<String> written = new LinkedHashSet<>(routes().values());
        written.addAll(side());
        return written;
    }

    /** What holds the memory of a route. */
    String changelog(String source) {
        return applicationId + "-dedup-" + source + "-seen-changelog";
    }

    private Set<String> changelogs() {
        Set<String> changelogs = new TreeSet<>();
        for (String source : sources()) {
            changelogs.add(changelog(source));
            if (config.auditShare() > 0) {
                changelogs.add(applicationId + "-dedup-" + source + "-audit-seen-changelog");
            }
        }
        return changelogs;
    }

    /** What records go through on the way to the partition of their key, by source; empty if they do not. */
    Optional<String> repartition(String source) {
        return config.partitioning() == Partitioning.BY_KEY
                ? Optional.of(applicationId + "-dedup-" + source + "-repartition")
                : Optional.empty();
    }

    /** Topics that Kafka Streams makes. */
    Set<String> internal() {
        Set<String> internal = changelogs();
        for (String source : sources()) {
            repartition(source).ifPresent(internal::add);
            if (config.auditShare() > 0) {
                internal.add(applicationId + "-dedup-" + source + "-audit-repartition");
            }
        }
        return internal;
    }

    /** All of them. */
    Set<String> all() {
        Set<String> all = new TreeSet<>(sources());
        all.addAll(written());
        config.controlTopic().ifPresent(all::add);
        all.addAll(internal());
        return all;
    }

    /** The property that names that topic, which is not one of Kafka Streams. */
    String keyOf(String topic) {
        if (routes().containsKey(topic) || routes().containsValue(topic)) {
            return DedupConfig.ROUTES;
        } else if (config.duplicatesTopic().filter(topic::equals).isPresent()) {
            return DedupConfig.DUPLICATES_TOPIC;
        }
        return config.controlTopic().filter(topic::equals).isPresent()
                ? DedupConfig.CONTROL_TOPIC
                : DedupConfig.DEAD_LETTER_TOPIC;
    }
}
