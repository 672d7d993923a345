// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.Action;
import io.dedup.Partitioning;
import io.dedup.Verdict;
import io.dedup.config.DedupConfig;
import io.dedup.config.Route;
import java.util.LinkedHashSet;
import java.util.List;
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

    List<Route> routes() {
        return config.routes();
    }

    /** The sources of all routes. */
    Set<String> sources() {
        return new LinkedHashSet<>(config.sources());
    }

    /** The sources of the routes that lead there. */
    Set<String> sourcesOf(String target) {
        Set<String> sources = new LinkedHashSet<>();
        routes().stream()
                .filter(route -> route.target().equals(target))
                .forEach(route -> sources.addAll(route.sources()));
        return sources;
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
        Set<String> written = new LinkedHashSet<>(config.targets());
        written.addAll(side());
        return written;
    }

    /** The changelog of a route of which that is the first source. */
    String changelog(String source) {
        return RelayTopology.changelogOf(applicationId, source);
    }

    /** The changelogs that routes would have if another of their sources were the first. */
    Set<String> changelogsOfSources() {
        Set<String> changelogs = new TreeSet<>();
        sources().forEach(source -> changelogs.add(changelog(source)));
        return changelogs;
    }

    private Set<String> changelogs() {
        Set<String> changelogs = new TreeSet<>();
        for (Route route : routes()) {
            changelogs.add(changelog(route.name()));
            if (config.auditShare() > 0) {
                changelogs.add(prefix(route) + "-audit-seen-changelog");
            }
        }
        return changelogs;
    }

    private String prefix(Route route) {
        return applicationId + "-" + RelayTopology.nameOf(route);
    }

    /** What records of a route go through on the way to the partition of their key; empty if they do not. */
    Optional<String> repartition(Route route) {
        return config.partitioning() == Partitioning.BY_KEY
                ? Optional.of(RelayTopology.repartitionOf(applicationId, route))
                : Optional.empty();
    }

    /** Topics that Kafka Streams makes. */
    Set<String> internal() {
        Set<String> internal = changelogs();
        for (Route route : routes()) {
            repartition(route).ifPresent(internal::add);
            if (config.auditShare() > 0) {
                internal.add(prefix(route) + "-audit-repartition");
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
        if (config.sources().contains(topic) || config.targets().contains(topic)) {
            return DedupConfig.ROUTES;
        } else if (config.duplicatesTopic().filter(topic::equals).isPresent()) {
            return DedupConfig.DUPLICATES_TOPIC;
        }
        return config.controlTopic().filter(topic::equals).isPresent()
                ? DedupConfig.CONTROL_TOPIC
                : DedupConfig.DEAD_LETTER_TOPIC;
    }
}
